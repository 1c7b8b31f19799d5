"""Rows that belong to a user, and sessions that see only theirs. Needs the extra `sqlmodel`.

    class Task(UserOwned, table=True):
        id: int | None = Field(default=None, primary_key=True)
        title: str

    with owned(Session(engine), user) as session:
        session.exec(select(Task)).all()          # the user's
        session.add(Task(title="..."))            # becomes the user's

There is no filter to forget. A session's statements are compiled by SQLAlchemy's own compiler with
one rule on top (`compiler.py`): wherever it writes an owned table's name into a FROM, an UPDATE or
a DELETE, the owner is in the WHERE or ON beside it; what it cannot constrain, it refuses. Values
that make a row belong or refer to a user's are checked before they are sent (`writes.py`). A
session on which neither `owned` nor `all_owners` was called refuses owned rows.

Text in a statement on owned tables cannot change the statement: it must be complete in itself
(`text.py`). SQL in text is refused when it names an owned table. That is a net and no proof:
row-level security on PostgreSQL is the database's own word.
"""

from better_auth_edge.sqlmodel.errors import (
    NotTheUsersRowError,
    OwnershipError,
    ReferenceNotOwnedError,
)
from better_auth_edge.sqlmodel.models import UserOwned
from better_auth_edge.sqlmodel.session import all_owners, owned

__all__ = [
    "NotTheUsersRowError",
    "OwnershipError",
    "ReferenceNotOwnedError",
    "UserOwned",
    "all_owners",
    "owned",
]
