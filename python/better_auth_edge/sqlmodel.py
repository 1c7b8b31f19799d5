"""Rows that belong to a user, and sessions that see nobody else's. Needs the extra `sqlmodel`.

    class Task(UserOwned, table=True):
        id: int | None = Field(default=None, primary_key=True)
        title: str

    with owned(Session(engine), user) as session:
        session.exec(select(Task)).all()          # the user's
        session.add(Task(title="..."))            # becomes the user's

There is no filter to forget: importing this module makes every session of the process refuse rows
of such models until `owned` has said whose they are. What it cannot look into is SQL in text, the
old `bulk_*` methods, and what goes past the session: on PostgreSQL, row-level security can.
"""

from collections.abc import Iterator
from typing import Any, Protocol, TypeVar
from uuid import UUID

from sqlalchemy import Column, Executable, Table, event, false
from sqlalchemy.orm import ORMExecuteState, Session, UOWTransaction, with_loader_criteria
from sqlalchemy.orm.attributes import get_history
from sqlalchemy.sql import visitors
from sqlalchemy.sql.selectable import AliasedReturnsRows
from sqlmodel import Field, SQLModel

from better_auth_edge.errors import EdgeAuthError
from better_auth_edge.user import User

__all__ = ["OwnershipError", "UserOwned", "all_owners", "owned"]


class AnySession(Protocol):
    """A session of SQLModel or SQLAlchemy, an asynchronous one too."""

    @property
    def info(self) -> dict[Any, Any]: ...


S = TypeVar("S", bound=AnySession)

_OWNER = "better_auth_edge.owner"
_EVERYBODY = object()


class OwnershipError(RuntimeError):
    """A mistake in the app: it would have touched rows without saying whose, or another user's.
    Nothing was read or written.
    """


class UserOwned(SQLModel):
    """A mixin for models whose rows belong to a user. A model may declare `user_id` anew, say as a
    foreign key, as long as it stays a UUID.
    """

    user_id: UUID = Field(default=None, index=True, nullable=False)
    """`User.uuid` of the owner; a session that is owned fills it in."""


def owned(session: S, user: User | UUID) -> S:
    """The same session, from now on that user's alone: of `UserOwned` models it reads, changes and
    deletes only their rows, and new ones become theirs.

    Raises `EdgeAuthError` `missing_claim` for a user without a UUID, and `OwnershipError` for a
    session that is another's already.
    """
    owner = user.uuid if isinstance(user, User) else user
    if owner is None:
        raise EdgeAuthError("missing_claim", 'the caller has no "uuid", by which rows are kept')
    if session.info.setdefault(_OWNER, owner) != owner:
        raise OwnershipError("the session is another user's: take a new one")
    return session


def all_owners(session: S) -> S:
    """The same session, for what is no user's request: a migration, a report, a scheduled job."""
    if session.info.setdefault(_OWNER, _EVERYBODY) is not _EVERYBODY:
        raise OwnershipError("the session is a user's: take a new one")
    return session


@event.listens_for(Session, "do_orm_execute")
def _restrict(state: ORMExecuteState) -> None:
    owner = state.session.info.get(_OWNER)
    if owner is _EVERYBODY:
        return
    models = {model.__table__: model for model in _models(UserOwned)}
    columns = [column for column in _columns(state.statement) if _table(column) in models]
    if columns:
        names = ", ".join(sorted({_table(column).name for column in columns}))
        if owner is None:
            raise OwnershipError(f"whose rows of {names}? owned(session, user) says so")
        if state.is_insert:
            raise OwnershipError(f"rows of {names} become a user's by session.add only")
        if state.is_update and _gives_away(state):
            raise OwnershipError(f"rows of {names} are updated by a condition, and stay the user's")
        by_hand = not (state.is_relationship_load or state.is_column_load)
        if not state.is_orm_statement or (by_hand and any(map(_escapes, columns))):
            raise OwnershipError(f"{names}: use the model, its table cannot be held to an owner")
    if state.is_orm_statement:
        # What is not seen in the statement may still be loaded with it; without an owner, nothing.
        state.statement = state.statement.options(
            *(
                with_loader_criteria(
                    model,
                    model.user_id == owner if owner is not None else false(),
                    include_aliases=True,
                )
                for model in models.values()
            )
        )


@event.listens_for(Session, "before_flush")
def _hold(session: Session, _: UOWTransaction, __: object) -> None:
    owner = session.info.get(_OWNER)
    if owner is _EVERYBODY:
        return
    for row in (*session.new, *session.dirty, *session.deleted):
        if not isinstance(row, UserOwned):
            continue
        if owner is None:
            raise OwnershipError(f"whose {type(row).__name__}? owned(session, user) says so")
        if row in session.new and row.user_id is None:
            row.user_id = owner
        if {row.user_id, *_earlier_owners(row)} != {owner}:
            raise OwnershipError(f"the {type(row).__name__} is another user's")


def _earlier_owners(row: UserOwned) -> set[Any]:
    """Whose it was before it was changed."""
    return set(get_history(row, "user_id").deleted or ()) - {None}


def _gives_away(state: ORMExecuteState) -> bool:
    """Whether an update sets the owner; or names its rows one by one, which no criteria reach."""
    if state.is_executemany:
        return True
    values: dict[Any, Any] = getattr(state.statement, "_values", None) or {}
    ordered: list[Any] = getattr(state.statement, "_ordered_values", None) or []
    changed = [*values, *(column for column, _ in ordered), *(state.parameters or ())]
    return any(getattr(column, "key", column) == "user_id" for column in changed)


def _columns(statement: Executable) -> Iterator[Any]:
    """Every column of the statement, and one of every table."""
    for element in visitors.iterate(statement):  # type: ignore[arg-type]
        if isinstance(element, Column):
            yield element
        elif isinstance(element, Table):
            yield next(iter(element.primary_key), next(iter(element.columns)))


def _table(column: Any) -> Any:
    """The table of a column, behind aliases."""
    table = column.table
    while isinstance(table, AliasedReturnsRows):
        table = table.element
    return table._deannotate() if isinstance(table, Table) else table


def _escapes(column: Any) -> bool:
    """Whether a column is a table's own and not a model's, so that no criteria reach it. SQLAlchemy
    itself writes primary keys that way.
    """
    is_models = "parententity" in column._annotations or type(column) is not Column
    return not is_models and not (column.primary_key and isinstance(column.table, Table))


def _models(model: type[UserOwned]) -> Iterator[Any]:
    """The models that have a table."""
    for subclass in model.__subclasses__():
        if hasattr(subclass, "__table__"):
            yield subclass
        yield from _models(subclass)
