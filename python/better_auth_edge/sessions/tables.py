"""Finds Better Auth's tables and columns in a database. Its options can rename them."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from better_auth_edge.sessions.stored import (
    MORE_SESSION_FIELDS,
    SESSION_FIELDS,
    USER_FIELDS,
    SessionStoreError,
    StoredSession,
)

if TYPE_CHECKING:
    from sqlalchemy import Connection, Inspector, Row, Select

TABLES = (
    ("session", "user"),
    ("sessions", "users"),
    ("Session", "User"),
    ("Sessions", "Users"),
)
"""The names that Better Auth gives its tables, by default and with `usePlural`, and Prisma's."""
HINT = "set SESSION_TABLE and SESSION_USER_TABLE, or pass the columns to SQLAlchemySessions"

Columns = dict[str, str]
"""The columns of fields."""


@dataclass(frozen=True)
class TableNames:
    """What the operator has set. Other names are found in the database."""

    session: str | None = None
    """A name, perhaps with a schema: `auth.session`."""
    user: str | None = None
    session_columns: Mapping[str, str] = field(default_factory=dict)
    """The columns of fields, where they have other names than the fields."""
    user_columns: Mapping[str, str] = field(default_factory=dict)
    user_fields: Sequence[str] = ()
    """More fields of the user, which become claims."""


@dataclass(frozen=True)
class SessionTables:
    """The query of a session with its user, and where its result has the fields."""

    query: "Select[Any]"
    session: Sequence[str]
    """The fields of the session, in the order of the query."""
    user: Sequence[str]
    """The fields of the user, which follow."""

    @classmethod
    def find(cls, connection: "Connection", names: TableNames) -> "SessionTables":
        """Reads the names of tables and columns. Raises `SessionStoreError`, which says what is
        missing.
        """
        import sqlalchemy as sa

        inspector = sa.inspect(connection)
        found: list[tuple[_Table, _Table]] = []
        missing: list[str] = []
        for session_name, user_name in _candidates(inspector, names):
            session = _Table.read(inspector, session_name)
            user = _Table.read(inspector, user_name)
            session.match(SESSION_FIELDS, MORE_SESSION_FIELDS, names.session_columns)
            user.match(("id", *names.user_fields), USER_FIELDS, names.user_columns)
            missing += [*session.missing, *user.missing]
            if not session.missing and not user.missing:
                found.append((session, user))
        if len(found) > 1:
            several = ", ".join(session.shown for session, _ in found)
            raise SessionStoreError(f"several tables could contain the sessions, {several}: {HINT}")
        if not found:
            missing = missing or [f"no table of {_listed(names)}"]
            raise SessionStoreError(f"the database has {'; '.join(missing)}: {HINT}")
        return cls._of(*found[0])

    @classmethod
    def _of(cls, session: "_Table", user: "_Table") -> "SessionTables":
        import sqlalchemy as sa

        # Without types: what drivers return is read by its own form.
        s, u = session.clause("s"), user.clause("u")
        columns: list[Any] = [s.c[column] for column in session.columns.values()]
        columns += [u.c[column] for column in user.columns.values()]
        joined = s.join(u, u.c[user.columns["id"]] == s.c[session.columns["userId"]])
        token = sa.bindparam("token", type_=sa.String())
        labelled = [column.label(f"c{index}") for index, column in enumerate(columns)]
        query = sa.select(*labelled).select_from(joined)
        query = query.where(s.c[session.columns["token"]] == token)
        return cls(query, list(session.columns), list(user.columns))

    def stored(self, row: "Row[Any]") -> StoredSession:
        """Returns the session in a row of the query's result."""
        count = len(self.session)
        session = dict(zip(self.session, row[:count], strict=True))
        user = dict(zip(self.user, row[count:], strict=True))
        return StoredSession(session, user)


@dataclass
class _Table:
    """A table, with the columns that fields have."""

    name: str
    schema: str | None
    existing: list[str]
    columns: Columns = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, inspector: "Inspector", full_name: str) -> "_Table":
        schema, name = _split(full_name)
        return cls(name, schema, [one["name"] for one in inspector.get_columns(name, schema)])

    @property
    def shown(self) -> str:
        return f"{self.schema}.{self.name}" if self.schema else self.name

    def match(
        self, required: Iterable[str], optional: Iterable[str], given: Mapping[str, str]
    ) -> None:
        """Finds the columns of fields. A column that the operator has set must exist."""
        names = dict.fromkeys((*required, *optional, *given), False)
        names.update(dict.fromkeys((*required, *given), True))
        for name, is_required in names.items():
            spellings = (given[name],) if name in given else _spellings(name)
            column = next((one for one in spellings if one in self.existing), None)
            if column is not None:
                self.columns[name] = column
            elif is_required:
                self.missing.append(f'no column "{spellings[0]}" in the table {self.shown}')

    def clause(self, alias: str) -> Any:
        import sqlalchemy as sa

        columns: list[Any] = [sa.column(column) for column in dict.fromkeys(self.columns.values())]
        return sa.table(self.name, *columns, schema=self.schema).alias(alias)


def _candidates(inspector: "Inspector", names: TableNames) -> list[tuple[str, str]]:
    """The pairs of tables that exist. A name that the operator has set replaces the default."""
    pairs = dict.fromkeys((names.session or s, names.user or u) for s, u in TABLES)
    return [pair for pair in pairs if all(_exists(inspector, name) for name in pair)]


def _exists(inspector: "Inspector", full_name: str) -> bool:
    # Not `has_table`, which ignores the case of names in SQLite.
    schema, name = _split(full_name)
    return name in inspector.get_table_names(schema) or name in inspector.get_view_names(schema)


def _listed(names: TableNames) -> str:
    session = names.session or " or ".join(session for session, _ in TABLES[:2])
    user = names.user or " or ".join(user for _, user in TABLES[:2])
    return f"sessions ({session}) beside one of users ({user})"


def _split(full_name: str) -> tuple[str | None, str]:
    schema, _, name = full_name.rpartition(".")
    return schema or None, name


def _spellings(name: str) -> tuple[str, ...]:
    """The names that a column of a field can have without being set."""
    snake = re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()
    return tuple(dict.fromkeys((name, snake, name.lower())))
