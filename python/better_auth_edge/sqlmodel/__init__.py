"""Rows that belong to a user, and sessions that see only theirs. Requires the extra `sqlmodel`.

    class Task(UserOwned, table=True):
        id: int | None = Field(default=None, primary_key=True)
        title: str

    with owned(Session(engine), user) as session:
        session.exec(select(Task)).all()          # the user's rows
        session.add(Task(title="..."))            # becomes the user's

The app writes no filter. SQLAlchemy's own compiler compiles a session's statements with one more
rule (`compiler.py`): if it writes an owned table's name into a FROM, an UPDATE or a DELETE, the
owner's condition is in the WHERE or ON beside it. It rejects a statement that it cannot constrain.
Values that make a row belong to a user, or refer to a user's row, are checked before they are sent
(`writes.py`). A session on which neither `owned` nor `all_owners` was called rejects owned rows.

Text in a statement on owned tables cannot change the statement: it must be complete in itself
(`text.py`). SQL in text is rejected if it names an owned table. This search is a safety net, not a
proof: on PostgreSQL, row-level security enforces the rule in the database itself.
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
