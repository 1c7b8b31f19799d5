"""One engine per app, one session per request."""

from collections.abc import Iterator
from typing import Annotated

from better_auth_edge.sqlmodel import owned
from fastapi import Depends, Request
from sqlalchemy import Engine, make_url
from sqlmodel import Session, SQLModel, create_engine

from app.identity import PathUser


def open_database(url: str) -> Engine:
    """Connects to the database and creates the tables that it lacks."""
    # FastAPI may run the parts of one request on different threads, one after the other.
    is_sqlite = make_url(url).get_backend_name() == "sqlite"
    engine = create_engine(url, connect_args={"check_same_thread": False} if is_sqlite else {})
    SQLModel.metadata.create_all(engine)
    return engine


def get_own_session(request: Request, user: PathUser) -> Iterator[Session]:
    with owned(Session(request.state.engine), user) as session:
        yield session


OwnSession = Annotated[Session, Depends(get_own_session)]
"""A session that is the current user's alone: there is no other row in it."""
