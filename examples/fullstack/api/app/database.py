"""One engine per app, one session per request."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy import Engine, make_url
from sqlmodel import Session, SQLModel, create_engine


def open_database(url: str) -> Engine:
    """Connects to the database and creates the tables that it lacks."""
    # FastAPI may run the parts of one request on different threads, one after the other.
    is_sqlite = make_url(url).get_backend_name() == "sqlite"
    engine = create_engine(url, connect_args={"check_same_thread": False} if is_sqlite else {})
    SQLModel.metadata.create_all(engine)
    return engine


def get_session(request: Request) -> Iterator[Session]:
    with Session(request.state.engine) as session:
        yield session


DatabaseSession = Annotated[Session, Depends(get_session)]
