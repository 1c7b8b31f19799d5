"""One database session per request, limited to one user."""

from collections.abc import Iterator
from typing import Annotated

from better_auth_edge.sqlmodel import owned
from fastapi import Depends, Request
from sqlmodel import Session

from app.database import act_as
from app.identity import PathUser


def get_own_session(request: Request, user: PathUser) -> Iterator[Session]:
    # The response contains the committed row, even if another request deletes it immediately.
    with owned(Session(request.state.engine, expire_on_commit=False), user) as session:
        yield act_as(session, user.uuid)


OwnSession = Annotated[Session, Depends(get_own_session)]
"""A session that is limited to the rows of the current user."""
