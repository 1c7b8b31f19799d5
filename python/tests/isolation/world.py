"""A database with the rows of both users, of one of them, or of none."""

from collections.abc import Callable, Iterable
from contextlib import nullcontext
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from better_auth_edge.sqlmodel import OwnershipError, all_owners, owned
from tests.isolation.models import OWNED, metadata, report_table

ADA, BOB, EVE = UUID(int=0xADA), UUID(int=0xB0B), UUID(int=0xE5E)
USERS = {"ada": ADA, "bob": BOB}
ABSENT = 999
"""An id that no row has."""
SERIAL = ("page", "project", "task", "card", "doc", "area", "label")
"""Tables whose ids the database gives."""


Bind = sa.Engine | sa.Connection
"""What a session is bound to."""


def rows_of(user: UUID, *, strays: bool = True) -> dict[str, list[dict[str, Any]]]:
    """Ada's ids are 1 to 3, Bob's 6 to 8. Strays refer to the other's rows, as they may have come
    about before there was a guard. Eve's are so high that new rows come after them.
    """
    name, low, other = {ADA: ("Ada", 1, 6), BOB: ("Bob", 6, 1), EVE: ("Eve", 100, 1)}[user]
    mine: dict[str, list[dict[str, Any]]] = {
        "page": [{"id": low, "title": f"{name}'s page"}],
        "project": [
            {"id": low, "name": f"{name}'s project", "area_id": 1},
            {"id": low + 1, "name": f"{name}'s other", "area_id": low},
        ],
        "task": [
            {"id": low, "title": f"{name}'s", "project_id": low, "parent_id": None},
            {"id": low + 1, "title": f"{name}'s child", "project_id": low, "parent_id": low},
            {"id": low + 2, "title": f"{name}'s stray", "project_id": other, "parent_id": other},
        ],
        "task_label": [
            {"task_id": low, "label_id": 5},
            {"task_id": low, "label_id": low},
            {"task_id": other, "label_id": low + 1},
        ],
        "entry": [{"number": 5, "title": f"{name}'s 5"}, {"number": low, "title": f"{name}'s"}],
        "card": [{"id": low, "content": f"{name}'s card"}],
        "doc": [
            {"id": low, "kind": "doc", "title": f"{name}'s doc"},
            {"id": low + 1, "kind": "memo", "title": f"{name}'s memo"},
            {"id": low + 2, "kind": "report", "title": f"{name}'s report"},
        ],
    }
    if not strays:
        del mine["task"][-1], mine["task_label"][-1]
    for table in OWNED:
        owner = "owner" if table.name == "card" else "user_id"
        for row in mine[table.name]:
            row[table.columns[owner].key] = user
    mine["report"] = [{"id": low + 2, "pages": low}]
    return mine


def fill(engine: sa.Engine, users: Iterable[UUID], *, strays: bool = True) -> None:
    """Makes the tables and these users' rows in them. References may point to absent rows."""
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(sa.text("SET LOCAL session_replication_role = replica"))
        metadata.create_all(connection)
        tables = metadata.tables
        names = enumerate(["one", *"23456789"], start=1)
        shared = [{"id": number, "name": name} for number, name in names]
        for table in ("area", "label"):
            connection.execute(tables[table].insert(), shared)
        accounts = [{"uuid": uuid, "name": name} for name, uuid in USERS.items()]
        connection.execute(tables["account"].insert(), accounts)
        for user in users:
            for name, rows in rows_of(user, strays=strays).items():
                connection.execute(tables[name].insert(), rows)


def reset_sequences(connection: sa.Connection) -> None:
    """A rollback does not."""
    for name in SERIAL:
        connection.execute(sa.text(f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), 200)"))


def reading(bind: Bind) -> Any:
    return bind.connect() if isinstance(bind, sa.Engine) else nullcontext(bind)


def rows_in(bind: Bind, user: UUID) -> dict[str, list[Any]]:
    """Everything that is a user's, as it is stored."""
    stored = {}
    with reading(bind) as connection:
        for table in OWNED:
            owner = next(c for c in table.c if c.name in ("owner", "user_id"))
            query = table.select().where(owner == user)
            stored[table.name] = sorted(map(tuple, connection.execute(query)), key=repr)
        docs = sa.select(metadata.tables["doc"].c.id).where(
            metadata.tables["doc"].c.user_id == user
        )
        reports = report_table.select().where(report_table.c.id.in_(docs))
        stored["report"] = sorted(map(tuple, connection.execute(reports)), key=repr)
    return stored


def shared_rows(bind: Bind) -> dict[str, list[Any]]:
    with reading(bind) as connection:
        return {
            name: sorted(map(tuple, connection.execute(metadata.tables[name].select())), key=repr)
            for name in ("area", "label", "account", "watch")
        }


def session_of(bind: Bind, whose: str) -> Session:
    session = Session(bind, join_transaction_mode="create_savepoint")
    if whose in USERS:
        return owned(session, USERS[whose])
    return all_owners(session) if whose == "all" else session


def plain(value: Any) -> Any:
    """A result as values that can be compared, from any session."""
    if isinstance(value, sa.CursorResult) and not value.returns_rows:
        return value.rowcount
    if isinstance(value, (sa.Row, tuple)):
        return tuple(plain(item) for item in value)
    if isinstance(value, (list, set, frozenset)) or hasattr(value, "all"):
        items = value if isinstance(value, (list, set, frozenset)) else value.all()
        return sorted((plain(item) for item in items), key=repr)
    state = sa.inspect(value, raiseerr=False)
    if state is not None and hasattr(state, "mapper"):
        columns = state.mapper.columns.keys()
        return (type(value).__name__, *((name, plain(getattr(value, name))) for name in columns))
    return value


def outcome(bind: Bind, whose: str, act: Callable[[Session], Any]) -> Any:
    """Returns the result, or the rejection."""
    with session_of(bind, whose) as session:
        try:
            return plain(act(session))
        except OwnershipError as error:
            return error
