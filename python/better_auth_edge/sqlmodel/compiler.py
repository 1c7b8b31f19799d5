"""SQLAlchemy's compiler of statements, with one more rule: no owned table without its owner.

The compiler sees the final form of each statement, with eager joins, secondary tables, `any()` and
what the ORM adds. SQLAlchemy caches compiled statements, so the rule adds no cost to a repeated
query.

- Each SELECT, UPDATE and DELETE gets the owner's condition for every owned table that it reads or
  changes: in the ON of an outer join for its optional side, else in its WHERE.
- The method that writes a table's name rejects an owned table unless the statement has a condition
  for it. This check proves the rule for each statement, beyond the rewrite.
- Text that the app puts into such a statement must not change it (`text.py`). Conditions of the app
  stand in parentheses of their own, so that no OR in a text reaches the owner's condition.
"""

import copy
from collections import Counter
from contextvars import ContextVar
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, ColumnClause, ColumnElement, Dialect, FromClause, and_, false
from sqlalchemy.sql import visitors
from sqlalchemy.sql.elements import Grouping
from sqlalchemy.sql.selectable import FromGrouping, Join
from sqlalchemy.types import TypeEngine

from better_auth_edge.sqlmodel import inserts, writes
from better_auth_edge.sqlmodel.conflicts import check_conflict
from better_auth_edge.sqlmodel.errors import OwnershipError
from better_auth_edge.sqlmodel.fragments import Place
from better_auth_edge.sqlmodel.models import (
    OwnedTable,
    base_table,
    owned_table,
    version,
)
from better_auth_edge.sqlmodel.text import TextGuard, without_unquoted_sql

CURRENT_OWNER: ContextVar[UUID | None] = ContextVar("owner")
"""The owner during the execution of a statement; None in a session without an owner."""

_UNLIMITED = 1 << 30


class OwnerParameter(BindParameter[UUID]):
    """The owner, looked up whenever a statement is executed."""

    inherit_cache = True

    def __init__(self, type_: TypeEngine[Any]) -> None:
        super().__init__("owner", type_=type_, unique=True, callable_=CURRENT_OWNER.get)


class AppCondition(Grouping[bool]):
    """A condition of the app, in parentheses and apart from the owner's."""

    __visit_name__ = "app_condition"


def guarded(dialect: Dialect, *, ownerless: bool) -> Dialect:
    """Returns a copy of the dialect that compiles by the rule. A copy has its own caches of
    compiled statements in SQLAlchemy.
    """
    original = unguarded(dialect)
    key = (ownerless, version())
    copies: dict[Any, Dialect] = original.__dict__.setdefault("_guarded", {})
    if key not in copies:
        original.dispatch  # noqa: B018  created on first access, and shared by the copies
        made = copy.copy(original)
        made.statement_compiler = type(
            "GuardedCompiler",
            (Guard, original.statement_compiler),
            {"ownerless": ownerless},
        )
        made.identifier_preparer = without_unquoted_sql(original.identifier_preparer)
        made.__dict__.update(_guarded={}, _unguarded=original)
        copies[key] = made
    return copies[key]


def unguarded(dialect: Dialect) -> Dialect:
    """Returns the original of a guarded copy, and any other dialect unchanged."""
    original: Dialect = dialect.__dict__.get("_unguarded", dialect)
    return original


class Guard(TextGuard):
    """A mixin for a dialect's compiler. Raises `OwnershipError` for what it cannot constrain."""

    ownerless: bool

    def __init__(self, dialect: Dialect, statement: Any, *args: Any, **kwargs: Any) -> None:
        self._allowed: list[Counter[int]] = []
        self._parameters: dict[int, OwnerParameter] = {}
        self.writes = writes.Writes()
        self.start_text(dialect)
        if self.ownerless and statement is not None:
            self._reject_named(statement, dialect)
        super().__init__(dialect, statement, *args, **kwargs)
        self.check_fragments()
        owners = [name for bind, name in self.bind_names.items() if type(bind) is OwnerParameter]
        self.writes.owners.extend(owners)

    def owned(self, rows: Any) -> OwnedTable | None:
        """Returns the owned table that the statement names, or None."""
        return owned_table(rows, self.dialect, bool(self.schema_translate_map))

    def _reject_named(self, statement: Any, dialect: Dialect) -> None:
        """Rejects owned tables that the statement itself names, not those that it loads."""
        for element in visitors.iterate(statement):
            rows = element.table if isinstance(element, ColumnClause) else element
            known = owned_table(rows, dialect) if isinstance(rows, FromClause) else None
            if known is not None:
                raise owner_required(known)

    # Reads

    def visit_select(self, *args: Any, **kw: Any) -> Any:
        with self.within(Place.BARE):
            return super().visit_select(*args, **kw)

    def visit_compound_select(self, *args: Any, **kw: Any) -> Any:
        with self.within(Place.BARE):
            return super().visit_compound_select(*args, **kw)

    def visit_app_condition(self, condition: Any, **kw: Any) -> Any:
        with self.within(Place.GROUPED):
            return super().visit_grouping(condition, **kw)

    def _compose_select_body(
        self, text: Any, select: Any, state: Any, columns: Any, froms: Any, *rest: Any, **kw: Any
    ) -> Any:
        self.reject_hints(select)
        allowed, conditions = Counter[int](), list[ColumnElement[bool]]()
        froms = [self._constrained(rows, allowed, conditions) for rows in froms]
        select = _apart(select, conditions)
        if allowed:
            self.reject_tails(select)
        self._allowed.append(allowed)
        try:
            return super()._compose_select_body(text, select, state, columns, froms, *rest, **kw)
        finally:
            self._allowed.pop()

    def _constrained(
        self, rows: Any, allowed: "Counter[int]", conditions: list[ColumnElement[bool]]
    ) -> Any:
        """Returns an element of a FROM and appends the conditions that the WHERE must contain."""
        if isinstance(rows, FromGrouping):
            inner = self._constrained(rows.element, allowed, conditions)
            return rows if inner is rows.element else FromGrouping(inner)
        if isinstance(rows, Join):
            return self._constrained_join(rows, allowed, conditions)
        if (known := self.owned(rows)) is not None:
            self.touches_owned = True
            allowed[id(base_table(rows))] += 1
            conditions.append(self._belongs(known, rows))
        return rows

    def _constrained_join(
        self, join: Any, allowed: "Counter[int]", conditions: list[ColumnElement[bool]]
    ) -> Any:
        before = len(conditions)
        on = list[ColumnElement[bool]]() if join.isouter else conditions
        held = join._clone()
        held.left = self._constrained(join.left, allowed, conditions)
        held.right = self._constrained(join.right, allowed, on)
        if join.full and len(conditions) + len(on) > before:
            raise OwnershipError(
                "a full outer join cannot be limited to an owner: join two subqueries"
            )
        held.onclause = AppCondition(join.onclause)
        if join.isouter and on:
            held.onclause = and_(*on, held.onclause)
        return held

    def _belongs(self, known: OwnedTable, rows: FromClause) -> ColumnElement[bool]:
        if self.ownerless:
            return false()
        parameter = self._parameters.setdefault(id(known.type), OwnerParameter(known.type))
        return known.belongs(rows, parameter)

    def visit_table(self, table: Any, asfrom: Any = False, **kw: Any) -> Any:
        if asfrom or kw.get("within_tstring"):
            self.reject_unquoted(table.name)
            if self.owned(table) is not None:
                allowed = self._allowed[-1] if self._allowed else Counter[int]()
                self.touches_owned = True
                if not allowed[id(table)]:
                    raise OwnershipError(f"{table.name} cannot be limited to an owner here")
                allowed[id(table)] -= 1
        return super().visit_table(table, asfrom=asfrom, **kw)

    # Writes

    def visit_insert(self, insert_stmt: Any, *args: Any, **kw: Any) -> Any:
        return self._written(super().visit_insert, insert_stmt, args, kw)

    def visit_update(self, update_stmt: Any, *args: Any, **kw: Any) -> Any:
        return self._written(super().visit_update, update_stmt, args, kw)

    def visit_delete(self, delete_stmt: Any, *args: Any, **kw: Any) -> Any:
        return self._written(super().visit_delete, delete_stmt, args, kw)

    def _written(self, visit: Any, statement: Any, args: Any, kw: dict[str, Any]) -> str:
        inner = {name: value for name, value in kw.items() if not name.startswith("visit")}
        state = statement._compile_state_factory(statement, self, **inner)
        target, toplevel = state.statement.table, not self.stack and not self._allowed
        known = self.owned(target)
        if known is not None and self.ownerless:
            raise owner_required(known)
        self.reject_hints(state.statement)
        self.touches_owned |= known is not None or writes.concerns_owned(target, self)
        owner = CURRENT_OWNER.get(None)
        if known is not None and owner is not None and state.isinsert:
            inserts.fill_rows(state, known, owner)
        values = writes.Values(self, state, known)
        allowed = Counter[int]()
        if not state.isinsert:
            conditions = list[ColumnElement[bool]]()
            self._constrained(target, allowed, conditions)
            allowed.update(dict.fromkeys(allowed, _UNLIMITED))
            extra = [self._constrained(rows, allowed, conditions) for rows in state._extra_froms]
            state._extra_froms = extra
            state.statement = _apart(state.statement, conditions)
            self.reject_tails(state.statement)
            self.writes.changes_owned |= toplevel and known is not None
        held = statement._clone()
        held._compile_state_factory = lambda *_, **__: state
        self._allowed.append(allowed)
        self.writes.targets.append(target)
        try:
            with self.within(Place.BARE):
                text: str = visit(held, *args, **kw)
        finally:
            self.writes.targets.pop()
            self._allowed.pop()
        values.find_parameters(self, self.writes)
        return text

    def visit_on_conflict_do_update(self, clause: Any, **kw: Any) -> Any:
        check_conflict(self, clause)
        return super().visit_on_conflict_do_update(clause, **kw)

    def visit_on_conflict_do_nothing(self, clause: Any, **kw: Any) -> Any:
        check_conflict(self, clause)
        return super().visit_on_conflict_do_nothing(clause, **kw)

    def visit_on_duplicate_key_update(self, clause: Any, **kw: Any) -> Any:
        check_conflict(self, clause)
        return super().visit_on_duplicate_key_update(clause, **kw)


def _apart(statement: Any, conditions: list[ColumnElement[bool]]) -> Any:
    """Returns the statement with the owner's conditions before the app's, in parentheses."""
    held = statement._generate()
    where = statement._where_criteria
    held._where_criteria = (*conditions, *((AppCondition(and_(*where)),) if where else ()))
    if getattr(statement, "_having_criteria", ()):
        held._having_criteria = (AppCondition(and_(*statement._having_criteria)),)
    return held


def owner_required(known: OwnedTable) -> OwnershipError:
    return OwnershipError(f"whose rows of {known.table.name}? call owned(session, user)")
