"""Registers the tables that contain rows of users, and their owner columns."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, get_args
from uuid import UUID
from weakref import WeakSet

from sqlalchemy import (
    ColumnClause,
    ColumnElement,
    Dialect,
    FromClause,
    Table,
    TableClause,
    event,
    select,
    tuple_,
)
from sqlalchemy.orm import Mapper
from sqlalchemy.sql.selectable import AliasedReturnsRows, FromGrouping
from sqlalchemy.types import TypeDecorator, TypeEngine
from sqlmodel import Field, SQLModel

from better_auth_edge.sqlmodel.errors import OwnershipError


class UserOwned(SQLModel):
    """A mixin for models whose rows belong to a user. A model may declare `user_id` again, as a
    foreign key or under another column name, if it stays a UUID.
    """

    user_id: UUID = Field(default=None, index=True, nullable=False)
    """`User.uuid` of the owner. An owned session sets it."""


@dataclass(frozen=True, eq=False)
class OwnedTable:
    """A table whose rows belong to users: by a column of its own, or by its parent's row if the
    model inherits by a join.
    """

    table: TableClause
    owner: str | None
    """The column's name in the database."""
    type: TypeEngine[Any]
    """The type of the owner's column."""
    parent: FromClause | None = None
    link: tuple[tuple[str, str], ...] = ()
    """Pairs of column names, of this table and of the parent, that are equal."""

    def belongs(self, rows: FromClause, owner: ColumnElement[Any]) -> ColumnElement[bool]:
        """Returns the condition that rows of this table, under any alias, are the owner's."""
        if self.owner is not None:
            own: ColumnElement[bool] = column_of(rows, self.owner, self.type) == owner
            return own
        assert self.parent is not None
        # The compiler constrains this select as any other. It uses no name of the statement around
        # it, which its alias may hide.
        parent = self.parent.alias()
        there = [column_of(parent, name, self.parent.c[name].type) for _, name in self.link]
        here = [column_of(rows, name) for name, _ in self.link]
        parents = select(*there).select_from(parent).correlate(None)
        return here[0].in_(parents) if len(here) == 1 else tuple_(*here).in_(parents)


_OWNED: dict[str, list[OwnedTable]] = {}
"""By name in lower case."""
_VERSION = 0
_UUID_OR_NONE = (UUID, type(None))


def version() -> int:
    """Changes when a table becomes owned, so that no statement compiled before is used after."""
    return _VERSION


def owned_tables() -> Iterator[OwnedTable]:
    for tables in list(_OWNED.values()):
        yield from tables


def owned_table(
    rows: Any, dialect: Dialect | None = None, translated: bool = False
) -> OwnedTable | None:
    """Returns the owned table of a `Table`, a table of another metadata, a light table or an alias.
    Tables are compared by name, because the database knows only names. With `translated` schemas,
    the schema does not count.
    """
    table = base_table(rows)
    if table is None:
        return None
    namesakes = _OWNED.get(table.name.lower(), ())
    for known in sorted(namesakes, key=lambda known: known.table is not table):
        schemas = {_schema(table, dialect), _schema(known.table, dialect)}
        if translated or len(schemas) == 1:
            return known
    return None


def base_table(rows: Any) -> TableClause | None:
    """Returns the table behind aliases, and None for a subquery."""
    while isinstance(rows, (AliasedReturnsRows, FromGrouping)):
        rows = rows.element
    return rows if isinstance(rows, TableClause) else None


def column_of(rows: FromClause, name: str, type_: TypeEngine[Any] | None = None) -> Any:
    """Returns a column by its name in the database. The table need not declare it."""
    column: ColumnClause[Any] = ColumnClause(name, type_)
    column.table = rows
    return column


def names_owned_table(sql: str, reserved: frozenset[str]) -> str | None:
    """Returns the name of an owned table that the SQL contains. A function call does not count. The
    name of a table that is also a keyword counts in quotes, and after a word such as FROM.
    """
    found = _names(_VERSION, reserved).search(sql)
    return found.group(found.lastgroup or 0) if found else None


_BEFORE_A_TABLE = (
    r"\b(?:from|join|into|using|update(?:\s+or\s+\w+)?|table|only|exists|on|references|truncate|lock"
    r"|copy|analyze|replace|ignore)\b"
)
_BETWEEN = r"""(?:[\s(]|/\*.*?\*/|--[^\n]*\n)*(?:["'`\[]?[\w$]+["'`\]]?\s*\.\s*)*["'`\[]?"""


@lru_cache(maxsize=32)
def _names(_: int, reserved: frozenset[str]) -> re.Pattern[str]:
    # `(?!)` never matches.
    every = "|".join(map(re.escape, _OWNED)) or r"(?!)"
    words = "|".join(re.escape(name) for name in _OWNED if name in reserved) or r"(?!)"
    others = "|".join(re.escape(name) for name in _OWNED if name not in reserved) or r"(?!)"
    return re.compile(
        rf"{_BEFORE_A_TABLE}{_BETWEEN}(?<![\w$])(?P<expected>{every})(?![\w$])"
        rf"|,{_BETWEEN}(?<![\w$])(?P<listed>{words})(?![\w$])(?!\s*\()"
        rf"|(?P<quoted>[\"'`\[](?:{words})[\"'`\]])"
        rf"|(?<![\w$])(?P<plain>{others})(?![\w$])(?!\s*\()",
        re.IGNORECASE | re.DOTALL,
    )


def _schema(table: TableClause, dialect: Dialect | None) -> str:
    """Returns the schema in lower case, and "" for the default schema, which has several names."""
    schema = (getattr(table, "schema", None) or "").lower()
    default = (getattr(dialect, "default_schema_name", None) or "").lower()
    return "" if schema in {"", "main", "public", "dbo", default} else schema


_MAPPERS: WeakSet[Mapper[Any]] = WeakSet()


def is_flushed(table: Any, options: Mapping[str, Any]) -> bool:
    """Whether a statement that changes a table during a flush is the flush's own: it has a mapper's
    cache, or it changes the secondary table of a relationship.
    """
    cache = options.get("compiled_cache")
    for mapper in list(_MAPPERS):
        if cache is not None and mapper.__dict__.get("_compiled_cache") is cache:
            return True
        if mapper.configured and any(link.secondary is table for link in mapper.relationships):
            return True
    return False


@event.listens_for(Mapper, "after_mapper_constructed")
def _register(mapper: Mapper[Any], model: type[Any]) -> None:
    """Registers every mapped class, of any registry and mapping style. Classes that are
    not mapped own nothing.
    """
    _MAPPERS.add(mapper)
    if not issubclass(model, UserOwned):
        return
    columns = _owner_columns(mapper)
    if not columns:
        raise OwnershipError(f"{model.__name__} has no user_id, so its rows do not belong to users")
    _check_type(model, columns)
    owning = {column.table for column in columns}
    for column in columns:
        _add(OwnedTable(column.table, column.name, column.type))
    local = mapper.local_table
    if isinstance(local, Table) and local not in owning and mapper.inherits is not None:
        pairs: Sequence[Any] = getattr(mapper, "_inherits_equated_pairs", None) or ()
        link = tuple((child.name, parent.name) for parent, child in pairs)
        parents = {parent.table for parent, _ in pairs}
        if len(parents) != 1:
            raise OwnershipError(f"{local.name}: the parent does not tell the rows' owner")
        _add(OwnedTable(local, None, columns[0].type, parents.pop(), link))


def _owner_columns(mapper: Mapper[Any]) -> list[Any]:
    """Returns the owner columns. They are columns of tables even if the model maps a subquery."""
    if "user_id" not in mapper.columns:
        return []
    mapped = mapper.get_property("user_id", _configure_mappers=False)
    return [
        column
        for mapped_column in getattr(mapped, "columns", ())
        for column in mapped_column.base_columns
        if isinstance(column.table, TableClause)
    ]


def _check_type(model: type[UserOwned], columns: Iterable[Any]) -> None:
    """The owner is compared as a `UUID`. A type of the app's own (`TypeDecorator`) may take one,
    with any database type.
    """
    types = {_python_type(column.type) for column in columns}
    declared = model.model_fields["user_id"].annotation
    types.update(get_args(declared) or [declared])
    wrong = [one for one in types if isinstance(one, type) and not issubclass(one, _UUID_OR_NONE)]
    if wrong:
        raise OwnershipError(
            f"{model.__name__}.user_id must be a UUID, not {wrong[0].__name__}: it is User.uuid"
        )


def _python_type(type_: TypeEngine[Any]) -> object:
    """Returns the Python type of the database's type, if it is known."""
    try:
        return None if isinstance(type_, TypeDecorator) else type_.python_type
    except NotImplementedError:
        return None


def _add(table: OwnedTable) -> None:
    global _VERSION
    _OWNED.setdefault(table.table.name.lower(), []).append(table)
    _VERSION += 1
