"""Rules of the compiler for text: `text()`, literal columns, operators, hints, names and types.

The compiler rejects text that names an owned table. It rejects text beside owned tables if the text
could change the statement: see `fragments.py`.
"""

import copy
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import ColumnClause, Dialect
from sqlalchemy.sql import visitors
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import TextClause, quoted_name

from better_auth_edge.sqlmodel import fragments
from better_auth_edge.sqlmodel.errors import OwnershipError, text_names
from better_auth_edge.sqlmodel.fragments import Place
from better_auth_edge.sqlmodel.models import names_owned_table

_Compiler: Any = SQLCompiler
"""Its methods are not typed, and dialects have their own."""


class TextGuard(_Compiler):  # type: ignore[misc]
    """The part of the compiler's mixin that checks text."""

    touches_owned: bool
    """Whether the statement reads or writes rows of users, or what they refer to."""

    def start_text(self, dialect: Dialect) -> None:
        self.touches_owned = self._is_compiled = False
        self._places = [Place.BARE]
        self._fragments: list[tuple[str, Place]] = []
        self._literals: list[str] = []
        self.reserved = frozenset(dialect.identifier_preparer.reserved_words)

    @contextmanager
    def within(self, place: Place) -> Iterator[None]:
        """Text that is written in the `with` block stands at this place."""
        self._places.append(place)
        try:
            yield
        finally:
            self._places.pop()

    def reject_text(self, sql: str) -> None:
        """Rejects text that names an owned table, because the text may do anything with it."""
        name = names_owned_table(sql, self.reserved)
        if name is not None:
            raise text_names(name)

    def _take_text(self, sql: str, place: Place | None = None) -> None:
        """Records text that becomes a part of the statement."""
        self.reject_text(sql)
        self._fragments.append((sql, place or self._places[-1]))

    def check_fragments(self) -> None:
        taken, self._fragments, self._is_compiled = self._fragments, [], True
        if any(fragments.expects_table(sql) for sql, _ in taken):
            # SQLite takes a string for a table's name.
            for literal in self._literals:
                self.reject_text(literal)
        if self.touches_owned:
            for sql, place in taken:
                fragments.check(sql, place, self.dialect.name)

    def reject_hints(self, statement: Any) -> None:
        for hint in (getattr(statement, "_hints", None) or {}).values():
            self._take_text(str(hint), Place.BARE)
        for _, hint in getattr(statement, "_statement_hints", ()):
            self.reject_text(str(hint))

    def reject_tails(self, statement: Any) -> None:
        """Rejects text after a WHERE that would continue its last condition."""
        for _, hint in getattr(statement, "_statement_hints", ()):
            self._take_text(str(hint), Place.TAIL)
        tails = [suffix for suffix, _ in getattr(statement, "_suffixes", ())]
        tails += [getattr(statement, name, None) for name in _TAILS]
        for element in tails:
            for part in visitors.iterate(element) if element is not None else ():
                if isinstance(part, TextClause):
                    self._take_text(part.text, Place.TAIL)
                elif isinstance(part, ColumnClause) and part.is_literal:
                    self._take_text(part.name, Place.TAIL)

    def reject_unquoted(self, name: Any) -> None:
        """Rejects an unquoted name that contains SQL."""
        if isinstance(name, quoted_name) and name.quote is False and not name.isidentifier():
            self.reject_text(name)

    def post_process_text(self, text: str) -> Any:
        self.reject_text(text)
        return super().post_process_text(text)

    def visit_textclause(self, textclause: Any, *args: Any, **kw: Any) -> Any:
        # SQLAlchemy itself uses an empty stack for text that is the whole statement.
        self._take_text(textclause.text, None if self.stack else Place.QUERY)
        if any(bind.literal_execute for bind in textclause._bindparams.values()):
            # A literal that is written into the text may stand within quotes of the text.
            self._take_text("';")
        return super().visit_textclause(textclause, *args, **kw)

    def visit_textual_select(self, select: Any, *args: Any, **kw: Any) -> Any:
        self._take_text(getattr(select.element, "text", ""), Place.QUERY)
        with self.within(Place.QUERY):
            return super().visit_textual_select(select, *args, **kw)

    def visit_tstring(self, tstring: Any, *args: Any, **kw: Any) -> Any:
        before, self.touches_owned = self.touches_owned, False
        text = super().visit_tstring(tstring, *args, **kw)
        if self.touches_owned:
            raise OwnershipError("SQL in text contains a query of users' rows: use select()")
        self.touches_owned = before
        self._fragments.append((text, self._places[-1] if self.stack else Place.QUERY))
        return text

    def visit_column(self, column: Any, *args: Any, **kw: Any) -> Any:
        if column.is_literal and fragments.is_literal(column.name):
            self._literals.append(column.name)
        elif column.is_literal:
            self._take_text(column.name)
        self.reject_unquoted(column.name)
        return super().visit_column(column, *args, **kw)

    def visit_function(self, func: Any, *args: Any, **kw: Any) -> Any:
        names = (*func.packagenames, func.name)
        if not all(name.isidentifier() for name in names):
            self.reject_text(" ".join(names))
        return super().visit_function(func, *args, **kw)

    def visit_extract(self, extract: Any, *args: Any, **kw: Any) -> Any:
        if not extract.field.isidentifier():
            raise OwnershipError(
                f"a field must be one word, or it may be any SQL: {extract.field[:60]!r}"
            )
        return super().visit_extract(extract, *args, **kw)

    def visit_typeclause(self, typeclause: Any, *args: Any, **kw: Any) -> Any:
        text = super().visit_typeclause(typeclause, *args, **kw)
        self._fragments.append((text, Place.BARE))
        return text

    def visit_sequence(self, *args: Any, **kw: Any) -> Any:
        text = super().visit_sequence(*args, **kw)
        self._fragments.append((text, Place.BARE))
        return text

    def render_literal_value(self, value: Any, type_: Any) -> Any:
        text = super().render_literal_value(value, type_)
        # A number can be a string, which SQLAlchemy writes without quotes.
        if not text.startswith("'"):
            self._fragments.append((text, Place.BARE))
            if self._is_compiled:
                self.check_fragments()
        return text

    def group_by_clause(self, *args: Any, **kw: Any) -> Any:
        with self.within(Place.LIST):
            return super().group_by_clause(*args, **kw)

    def order_by_clause(self, *args: Any, **kw: Any) -> Any:
        with self.within(Place.LIST):
            return super().order_by_clause(*args, **kw)

    def visit_custom_op_binary(self, element: Any, operator: Any, **kw: Any) -> Any:
        self._take_text(operator.opstring)
        return super().visit_custom_op_binary(element, operator, **kw)

    def visit_custom_op_unary_operator(self, element: Any, operator: Any, **kw: Any) -> Any:
        self._take_text(operator.opstring)
        return super().visit_custom_op_unary_operator(element, operator, **kw)

    def visit_custom_op_unary_modifier(self, element: Any, operator: Any, **kw: Any) -> Any:
        self._take_text(operator.opstring)
        return super().visit_custom_op_unary_modifier(element, operator, **kw)


_TAILS = ("_post_criteria_clause", "_post_body_clause")
"""The attributes in which SQLAlchemy stores extensions of a statement."""


def without_unquoted_sql(preparer: Any) -> Any:
    """Returns a copy of the preparer that writes no SQL as an unquoted name."""

    class GuardedPreparer(type(preparer)):  # type: ignore[misc]
        def quote(self, ident: Any, *args: Any, **kw: Any) -> Any:
            return _plain(super().quote(ident, *args, **kw), ident)

        def format_collation(self, name: Any, *args: Any, **kw: Any) -> Any:
            return _plain(super().format_collation(name, *args, **kw), name)

    made = copy.copy(preparer)
    made.__class__ = GuardedPreparer
    return made


def _plain(written: str, name: str) -> str:
    if written == name and not _NAME.fullmatch(name):
        raise OwnershipError(f"an unquoted name may be any SQL: {name[:60]!r}")
    return written


_NAME = re.compile(r"(?:[\w$.]|-(?!-))*|__\[SCHEMA_(?:[\w$.]|-(?!-))*\]")
"""The second alternative is SQLAlchemy's placeholder for a translated schema."""
