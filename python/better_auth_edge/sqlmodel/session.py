"""Limits a session to one user's rows, by SQLAlchemy's events.

A session's transaction begins on a connection. From then on the guard compiles and checks every
statement on that connection before it is sent: statements of the session, a flush, a relationship
or the connection itself.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar
from uuid import UUID
from weakref import WeakKeyDictionary, WeakSet, ref

from sqlalchemy import (
    Column,
    CompoundSelect,
    Connection,
    Engine,
    Insert,
    Select,
    UpdateBase,
    event,
    inspect,
)
from sqlalchemy.orm import (
    ORMExecuteState,
    QueryContext,
    Session,
    SessionTransaction,
    UOWTransaction,
)
from sqlalchemy.orm.context import FromStatement
from sqlalchemy.orm.exc import StaleDataError
from sqlalchemy.schema import CreateIndex, CreateSchema, CreateSequence, CreateTable
from sqlalchemy.sql.compiler import DDLCompiler

from better_auth_edge.errors import EdgeAuthError
from better_auth_edge.sqlmodel.compiler import CURRENT_OWNER, Guard, guarded, unguarded
from better_auth_edge.sqlmodel.errors import NotTheUsersRowError, OwnershipError, text_names
from better_auth_edge.sqlmodel.inserts import with_owner
from better_auth_edge.sqlmodel.models import UserOwned, is_flushed, names_owned_table, owned_table
from better_auth_edge.user import User


class AnySession(Protocol):
    """A session of SQLModel or SQLAlchemy, an asynchronous one too."""

    @property
    def info(self) -> dict[Any, Any]: ...


S = TypeVar("S", bound=AnySession)

_OWNER = "better_auth_edge.owner"
ALL_OWNERS = object()


def owned(session: S, user: User | UUID) -> S:
    """Limits the session to that user and returns it. Of `UserOwned` models it reads, changes and
    deletes only the user's rows, and new rows become the user's.

    Raises `EdgeAuthError` `missing_claim` for a user without a UUID, `TypeError` for another type,
    and `OwnershipError` for a session of another user.
    """
    _check_session(session)
    owner: object = user.uuid if isinstance(user, User) else user
    if owner is None:
        raise EdgeAuthError("missing_claim", 'the user has no claim "uuid", which owns rows')
    if not isinstance(owner, UUID):
        raise TypeError(f"the owner must be a User or a uuid.UUID, not {type(owner).__name__}")
    if session.info.setdefault(_OWNER, owner) != owner:
        raise OwnershipError("the session is another user's: create a new one")
    return session


def all_owners(session: S) -> S:
    """Returns the same session, for work without a user: a migration, a report, a scheduled job."""
    _check_session(session)
    if session.info.setdefault(_OWNER, ALL_OWNERS) is not ALL_OWNERS:
        raise OwnershipError("the session is a user's: create a new one")
    return session


def _check_session(session: object) -> None:
    """A `Connection` has an `info` too, but its statements would not be guarded."""
    if not hasattr(session, "add_all"):
        raise TypeError(f"expected a Session or AsyncSession, not {type(session).__name__}")


# Statements


@dataclass(frozen=True)
class _Holder:
    """A session whose transaction began on a connection and has not ended. The reference
    to the session is weak, because the session references the connection; `info` has the owner.
    """

    session: ref[Session]
    info: dict[Any, Any]
    is_lent: bool
    """Whether the app passed the connection to the session."""

    def holds(self, connection: Connection) -> bool:
        """Whether the session still owns the statements. If a session is deleted without ending its
        transaction, the transaction continues until the app closes the connection.
        """
        return self.session() is not None or not self.is_lent or connection.in_transaction()


_HOLDERS: WeakKeyDictionary[Connection, dict[int, _Holder]] = WeakKeyDictionary()
"""By the identity of the session's `info`, which no other session has."""
_HELD: WeakKeyDictionary[Session, WeakSet[Connection]] = WeakKeyDictionary()


@event.listens_for(Session, "after_begin", insert=True)
def _begin(session: Session, _: SessionTransaction, connection: Connection) -> None:
    binds: dict[Any, Any] = getattr(session, "_Session__binds", {})
    is_lent = any(connection is bind for bind in (session.bind, *binds.values()))
    holder = _Holder(ref(session), session.info, is_lent)
    _HOLDERS.setdefault(connection, {})[id(session.info)] = holder
    _HELD.setdefault(session, WeakSet()).add(connection)


@event.listens_for(Session, "after_transaction_end")
def _end(session: Session, transaction: SessionTransaction) -> None:
    if transaction.parent is None:
        for connection in _HELD.pop(session, ()):
            _HOLDERS.get(connection, {}).pop(id(session.info), None)


def _owner_of(connection: Connection) -> Any:
    """Returns the owner of a connection: a user, None without an owner, or `ALL_OWNERS`, which is
    also the result outside of sessions.
    """
    holders = _HOLDERS.get(connection)
    if not holders:
        return ALL_OWNERS
    for key in [key for key, holder in holders.items() if not holder.holds(connection)]:
        del holders[key]
    owners = {holder.info.get(_OWNER) for holder in holders.values()}
    if len(owners) > 1:
        raise OwnershipError("two sessions with different owners share a connection")
    return owners.pop() if owners else ALL_OWNERS


@event.listens_for(Session, "do_orm_execute")
def _execute(state: ORMExecuteState) -> Any:
    if state.session.info.get(_OWNER) is ALL_OWNERS:
        return None
    if not (state.is_relationship_load or state.is_column_load):
        _reject_tables(state.statement)
    if state.is_update and isinstance(state.parameters, list):
        try:
            return state.invoke_statement()
        except StaleDataError as error:
            raise _not_the_users() from error
    return None


def _reject_tables(statement: Any) -> None:
    """Rejects a statement on a `Table` in place of its model. Most such statements are maintenance
    and mean all rows: the app calls `all_owners` for them, or uses the model.
    """
    named = (*getattr(statement, "_raw_columns", ()), *getattr(statement, "_from_obj", ()))
    for element in (*named, getattr(statement, "table", None)):
        is_column = isinstance(element, Column)
        if element is None or "parententity" in element._annotations:
            continue
        # SQLAlchemy itself selects a table's primary key, to learn which rows an update changes.
        known = owned_table(element.table if is_column else element)
        if known is not None and not (is_column and element.primary_key):
            raise OwnershipError(f"{known.table.name}: use the model in place of its table")


_OUTER: WeakKeyDictionary[Connection, UUID | None] = WeakKeyDictionary()
"""The owner of the outer statement, if a listener executes this one within it."""


@event.listens_for(Engine, "before_execute", retval=True)
def _before_execute(
    connection: Connection, element: Any, many: Any, parameters: Any, _: Any
) -> tuple[Any, Any, Any]:
    owner = _owner_of(connection)
    if owner is ALL_OWNERS:
        connection.dialect = unguarded(connection.dialect)
        return element, many, parameters
    connection.dialect = guarded(connection.dialect, ownerless=owner is None)
    _OUTER[connection] = CURRENT_OWNER.get(None)
    CURRENT_OWNER.set(owner)
    if owner is not None and isinstance(element, Insert):
        many, parameters = with_owner(element, many, parameters, owner)
    return element, many, parameters


_INSPECTION = re.compile(
    r"""PRAGMA (?:"?\w+"?\.)?(?:table_x?info|index_list|index_x?info|foreign_key_list)\("[^"]*"\)"""
)
"""SQLAlchemy's queries for a table's columns and keys in SQLite. They read no rows."""


@event.listens_for(Engine, "before_cursor_execute")
def _before_cursor_execute(
    connection: Connection, _: Any, sql: str, __: Any, context: Any, ___: bool
) -> None:
    owner = _owner_of(connection)
    if owner is ALL_OWNERS:
        return
    compiled = getattr(context, "compiled", None)
    if compiled is None or isinstance(compiled, DDLCompiler):
        harmless = (CreateTable, CreateIndex, CreateSchema, CreateSequence)
        if compiled is None and connection.dialect.name == "sqlite" and _INSPECTION.fullmatch(sql):
            return
        if compiled is None or not isinstance(compiled.statement, harmless):
            reserved = frozenset(connection.dialect.identifier_preparer.reserved_words)
            if name := names_owned_table(sql, reserved):
                raise text_names(name)
        return
    if not isinstance(compiled, Guard) or compiled.ownerless is not (owner is None):
        raise OwnershipError("a statement that the guard did not compile has no owner")
    if not getattr(context, "_is_checked", False):
        context._is_checked = True
        schemas = context.execution_options.get("schema_translate_map")
        compiled.writes.check(connection, context.compiled_parameters, owner, schemas)


@event.listens_for(Engine, "after_execute")
def _after_execute(
    connection: Connection, element: Any, many: Any, parameters: Any, _: Any, result: Any
) -> None:
    """Checks that a flush changed one row for each set of parameters. A statement that the app
    executes in a hook during the flush may change none.
    """
    if connection in _OUTER:
        CURRENT_OWNER.set(_OUTER.pop(connection))
    context = result.context
    compiled = getattr(context, "compiled", None)
    if not isinstance(compiled, Guard) or not compiled.writes.changes_owned:
        return
    holders = (_HOLDERS.get(connection) or {}).values()
    sessions = [session for holder in holders if (session := holder.session()) is not None]
    if not any(session._flushing for session in sessions):
        return
    is_of_flush = bool(many or parameters) and is_flushed(element.table, context.execution_options)
    if is_of_flush and 0 <= result.rowcount < len(context.compiled_parameters):
        raise _not_the_users()


def _not_the_users() -> NotTheUsersRowError:
    return NotTheUsersRowError("a row does not exist any more, or is another user's")


# Objects


@event.listens_for(Session, "before_flush")
def _before_flush(session: Session, _: UOWTransaction, __: object) -> None:
    """Rejects other users' rows before a statement is sent. Statements are checked too."""
    owner = session.info.get(_OWNER)
    if owner is ALL_OWNERS:
        return
    for row in (*session.new, *session.dirty, *session.deleted):
        if not isinstance(row, UserOwned):
            continue
        if owner is None:
            raise OwnershipError(f"whose {type(row).__name__}? call owned(session, user)")
        # A merged row has no owner either.
        if inspect(row).dict.get("user_id", None if row in session.new else owner) is None:
            row.user_id = owner
        if not set(_owners(row)) <= {owner}:
            raise OwnershipError(f"the {type(row).__name__} is another user's")


@event.listens_for(Session, "detached_to_persistent")
def _attached(session: Session, row: object) -> None:
    """Expires a row of another user that the app attaches. A flush rejects the row. Until then,
    `Session.get` queries the database, which returns no row, and does not return the cached one.
    """
    owner = session.info.get(_OWNER)
    if owner is not ALL_OWNERS and isinstance(row, UserOwned) and not set(_owners(row)) <= {owner}:
        inspect(row).expired = True


@event.listens_for(UserOwned, "load", propagate=True)
def _loaded(row: UserOwned, context: QueryContext | None) -> None:
    session: Any = context.session if context is not None else inspect(row).session
    if session is None:
        return
    owner = session.info.get(_OWNER)
    if owner is ALL_OWNERS:
        return
    owners = set(_owners(row))
    if not owners and context is not None and _is_text(context.query):
        raise OwnershipError(f"a {type(row).__name__} from SQL in text must come with its user_id")
    if not owners <= {owner}:
        raise OwnershipError(f"the {type(row).__name__} is another user's")


def _is_text(query: Any) -> bool:
    """Whether the guard does not constrain the query."""
    return isinstance(query, FromStatement) and not isinstance(
        query.element, (Select, CompoundSelect, UpdateBase)
    )


def _owners(row: UserOwned) -> Iterator[Any]:
    """Yields the row's current and former owner, if they are known without a query."""
    state: Any = inspect(row)
    for values in (state.dict, state.committed_state):
        owner = values.get("user_id")
        if isinstance(owner, UUID):
            yield owner
