"""Checks what a statement writes: rows must belong to the owner and refer to the owner's rows only.

The compiler finds the parameters that carry such values. Before a statement is sent, its values are
compared with the owner, and one query checks that all rows that its foreign keys name are the
owner's. An absent row and another user's row give the same error.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    ColumnClause,
    Connection,
    MetaData,
    Table,
    TableClause,
    and_,
    func,
    or_,
    select,
)
from sqlalchemy.exc import NoReferenceError
from sqlalchemy.sql.elements import ClauseElement, Null

from better_auth_edge.sqlmodel.errors import OwnershipError, ReferenceNotOwnedError
from better_auth_edge.sqlmodel.models import (
    OwnedTable,
    base_table,
    column_of,
    owned_table,
    owned_tables,
)

BATCH = 200
"""The number of rows that one query looks for."""
_EFFECTS = {"CASCADE", "SET NULL", "SET DEFAULT"}


@dataclass(eq=False)
class Reference:
    """A foreign key to an owned table."""

    table: TableClause
    columns: tuple[str, ...]
    """Columns of the referenced table."""
    types: tuple[Any, ...]
    sources: list[tuple[str | None, ...]] = field(default_factory=list)
    """Names of parameters, for each row of the statement; None is the owner."""


@dataclass(eq=False)
class Writes:
    """The checks of a compiled statement, which run before it is sent."""

    owners: list[str] = field(default_factory=list)
    """Parameters that must equal the owner."""
    references: list[Reference] = field(default_factory=list)
    changes_owned: bool = False
    """Whether it updates or deletes rows of an owned table."""
    targets: list[Any] = field(default_factory=list)
    """The tables that the statement writes to, while it is compiled."""

    def check(
        self,
        connection: Connection,
        rows: list[dict[str, Any]],
        owner: UUID | None,
        schemas: Mapping[Any, Any] | None = None,
    ) -> None:
        """Raises `OwnershipError` if the parameters would break isolation. `schemas` is the
        statement's `schema_translate_map`.
        """
        if owner is None:
            for reference in self.references:
                if _wanted(reference, rows, owner):
                    raise OwnershipError(
                        f"whose rows of {reference.table.name}? call owned(session, user)"
                    )
            return
        for row in rows:
            for name in self.owners:
                if row.get(name) != owner:
                    raise OwnershipError("a row would become another user's")
        for reference in self.references:
            _check_reference(connection, reference, rows, owner, schemas)


class Values:
    """The values that an INSERT or UPDATE writes into owner columns and foreign keys."""

    def __init__(self, compiler: Any, state: Any, known: OwnedTable | None) -> None:
        self._keys = frozenset(compiler.column_keys or ())
        self._state = state
        self._owner: list[_Source] = []
        self._references: list[tuple[Reference, list[list[_Source | None]]]] = []
        statement = state.statement
        target = base_table(statement.table)
        name = target.name if target is not None else "several tables"
        replaces = known is not None or is_referred_to(target, None)
        if replaces and getattr(statement, "_prefixes", None):
            raise OwnershipError(f"{name}: a prefix may replace other users' rows: remove it")
        if not state.isinsert:
            _reject_effects(compiler, state, target)
        if state.isdelete:
            return
        if target is None:
            raise OwnershipError("a statement of an owner must write to one table")
        self._columns = {column.name: column for column in target.columns}
        self._rows = [self._row(values, target) for values in self._written_rows()]
        if known is not None and known.owner is not None:
            self._find_owner(known.owner, name)
        found = list(references_of(target, compiler))
        for reference, columns in found:
            self._find_reference(reference, columns, known)
        if known is not None and known.parent is not None and state.isinsert:
            parent = getattr(known.parent, "name", None)
            if parent not in {reference.table.name for reference, _ in found}:
                raise OwnershipError(
                    f"{name} requires a foreign key to {parent}, which has the owner"
                )

    def find_parameters(self, compiler: Any, writes: Writes) -> None:
        """Looks up the parameters' names after the statement is compiled."""
        writes.owners.extend(source.name(compiler) for source in self._owner)
        for reference, rows in self._references:
            for row in rows:
                names = tuple(source.name(compiler) if source else None for source in row)
                reference.sources.append(names)
            writes.references.append(reference)

    def _written_rows(self) -> list[Mapping[Any, Any]]:
        if getattr(self._state, "_has_multi_parameters", False):
            return list(self._state._multi_parameters)
        return [self._state._dict_parameters or {}]

    def _row(self, values: Mapping[Any, Any], target: TableClause) -> dict[str, Any]:
        """Values by the column's key."""
        row = {}
        for column, value in values.items():
            if isinstance(column, ColumnClause):
                table = base_table(column.table)
                if table is not None and table.name.lower() != target.name.lower():
                    raise OwnershipError("a statement of an owner must write to one table")
            row[getattr(column, "key", column)] = value
        return row

    def _find_owner(self, owner: str, table: str) -> None:
        column = self._columns.get(owner)
        for source in self._sources(column) if column is not None else [None]:
            if source is not None:
                if source.is_null:
                    raise OwnershipError(f"a row of {table} must be the user's")
                self._owner.append(source)
            elif self._state.isinsert:
                raise OwnershipError(
                    f"an insert into {table} must name the owner: put {owner} into each row, or "
                    "use session.execute(insert(Model), rows)"
                )

    def _find_reference(
        self, reference: Reference, columns: tuple[str, ...], known: OwnedTable | None
    ) -> None:
        found: list[list[_Source | None]] = [
            self._sources(self._columns[name])
            if name in self._columns
            else [None] * len(self._rows)
            for name in columns
        ]
        owner = known.owner if known is not None else None
        others = [sources for name, sources in zip(columns, found, strict=True) if name != owner]
        if all(source is None for sources in others for source in sources):
            # The statement writes at most the owner, which does not change.
            return
        rows: list[list[_Source | None]] = []
        for row in zip(*found, strict=True):
            if any(source is not None and source.is_null for source in row):
                continue
            for name, source in zip(columns, row, strict=True):
                if source is None and name != owner and not self._state.isinsert:
                    raise OwnershipError(f"{reference.table.name}: write all of a key's columns")
            if all(
                source is not None or name == owner
                for name, source in zip(columns, row, strict=True)
            ):
                rows.append(list(row))
        self._references.append((reference, rows))

    def _sources(self, column: Any) -> "list[_Source | None]":
        """Returns the source of the column's value for each row; None if it is not written."""
        is_multi = len(self._rows) > 1 or getattr(self._state, "_has_multi_parameters", False)
        if column.key in (getattr(self._state.statement, "_select_names", None) or ()):
            raise OwnershipError(f"{column.key} cannot be checked in an insert from a select")
        sources: list[_Source | None] = []
        for number, row in enumerate(self._rows):
            name = f"{column.key}_m{number}" if is_multi else column.key
            if column.key in row:
                sources.append(_Source(name, row[column.key]))
            elif column.key in self._keys:
                sources.append(_Source(column.key))
            elif self._state.isinsert and getattr(column, "default", None) is not None:
                sources.append(_Source(name))
            else:
                sources.append(None)
        return sources


class _Source:
    """The source of a value: a parameter, identified by its object or by its name."""

    def __init__(self, name: str, value: Any = None) -> None:
        self._name = name
        self._parameter = value if isinstance(value, BindParameter) else None
        self.is_null = isinstance(value, Null)
        is_other = isinstance(value, ClauseElement) or hasattr(value, "__clause_element__")
        if is_other and not self.is_null and self._parameter is None:
            raise OwnershipError(f"{name} must be a value: an expression cannot be checked")

    def name(self, compiler: Any) -> str:
        if self._parameter is not None:
            # A clone that took its type from the column has the same key.
            for parameter, name in compiler.bind_names.items():
                if parameter is self._parameter or parameter.key == self._parameter.key:
                    return str(name)
        if self._name not in compiler.binds:
            raise OwnershipError(f"{self._name} cannot be checked")
        return self._name


def references_of(table: TableClause, compiler: Any) -> Iterator[tuple[Reference, tuple[str, ...]]]:
    """Yields a table's foreign keys to owned tables, with the names of its own columns."""
    for declared in _declared(table):
        for constraint in declared.foreign_key_constraints:
            elements = constraint.elements
            referred = [_referred(element) for element in elements]
            target, columns = referred[0][0], tuple(name for _, name, _ in referred)
            if owned_table(target, compiler.dialect, bool(compiler.schema_translate_map)) is None:
                continue
            types = tuple(
                type_ if type_ is not None else element.parent.type
                for element, (_, _, type_) in zip(elements, referred, strict=True)
            )
            own = tuple(element.parent.name for element in elements)
            if not isinstance(table, Table):
                # Schemas of light tables are not translated.
                target = TableClause(target.name, schema=getattr(target, "schema", None))
            yield Reference(target, columns, types), own


def _declared(table: TableClause) -> Iterable[Table]:
    """Returns the tables as models declare them, if the given one has no foreign keys."""
    found = [table] if isinstance(table, Table) else []
    if not any(candidate.foreign_keys for candidate in found):
        metadatas = {
            known.table.metadata: None for known in owned_tables() if isinstance(known.table, Table)
        }
        for metadata in metadatas:
            found += [
                other
                for other in metadata.tables.values()
                if other.name.lower() == table.name.lower() and other not in found
            ]
    return found


def _referred(element: Any) -> tuple[TableClause, str, Any]:
    """Returns the table, column and type that a foreign key refers to."""
    try:
        return element.column.table, element.column.name, element.column.type
    except NoReferenceError:
        *schema, table, column = element.target_fullname.split(".")
        return Table(table, MetaData(), schema=".".join(schema) or None), column, None


def _reject_effects(compiler: Any, state: Any, target: TableClause | None) -> None:
    """Rejects deleting a shared row, or changing its key, if rows of users refer to it. The
    database would change those rows, or its error would reveal that they exist.
    """
    if target is None or compiler.owned(target) is not None:
        return
    changed = (
        None
        if state.isdelete
        else {
            getattr(key, "name", key)
            for key in (*(state._dict_parameters or ()), *(compiler.column_keys or ()))
        }
    )
    if is_referred_to(target, changed):
        raise OwnershipError(
            f"rows of users refer to {target.name}: all_owners(session) may change such a row"
        )


def concerns_owned(target: Any, compiler: Any) -> bool:
    """Whether rows of a table refer to owned rows, or owned rows to them."""
    table = base_table(target)
    if table is None:
        return True
    return is_referred_to(table, None) or any(references_of(table, compiler))


def is_referred_to(target: TableClause | None, columns: set[str] | None) -> bool:
    """Whether owned rows refer to these columns of a table, or to any."""
    return target is not None and _is_referred_to(target.name.lower(), columns, set())


def _is_referred_to(name: str, columns: set[str] | None, seen: set[str]) -> bool:
    seen.add(name)
    for table in _all_tables():
        for constraint in table.foreign_key_constraints:
            referred = [_referred(element) for element in constraint.elements]
            if referred[0][0].name.lower() != name:
                continue
            if columns is not None and not columns & {column for _, column, _ in referred}:
                continue
            if owned_table(table) is not None:
                return True
            effect = constraint.ondelete if columns is None else constraint.onupdate
            is_effect = (effect or "").upper() in _EFFECTS and table.name.lower() not in seen
            if is_effect and _is_referred_to(table.name.lower(), None, seen):
                return True
    return False


def _all_tables() -> Iterator[Table]:
    metadatas = {
        known.table.metadata: None for known in owned_tables() if isinstance(known.table, Table)
    }
    for metadata in metadatas:
        yield from metadata.tables.values()


def _check_reference(
    connection: Connection,
    reference: Reference,
    rows: list[dict[str, Any]],
    owner: UUID,
    schemas: Mapping[Any, Any] | None,
) -> None:
    keys = _wanted(reference, rows, owner)
    for start in range(0, len(keys), BATCH):
        batch = keys[start : start + BATCH]
        if _count(connection, reference, batch, schemas) != len(batch):
            raise ReferenceNotOwnedError(
                f"a foreign key to {reference.table.name} is not to the user's row"
            )


def _wanted(
    reference: Reference, rows: list[dict[str, Any]], owner: UUID | None
) -> list[tuple[Any, ...]]:
    """Returns the keys that the values name, each once. A key with a NULL refers to nothing."""
    wanted: dict[tuple[Any, ...], None] = {}
    for row in rows:
        for names in reference.sources:
            key = tuple(owner if name is None else row.get(name) for name in names)
            if all(part is not None for part in key):
                wanted[key] = None
    return list(wanted)


def _count(
    connection: Connection,
    reference: Reference,
    keys: list[tuple[Any, ...]],
    schemas: Mapping[Any, Any] | None,
) -> int:
    """Counts the rows that exist and are the owner's. The guard constrains this query too."""
    table = reference.table
    columns = [
        column_of(table, name, type_)
        for name, type_ in zip(reference.columns, reference.types, strict=True)
    ]
    if len(columns) == 1:
        wanted = columns[0].in_([key[0] for key in keys])
    else:
        wanted = or_(
            *(and_(*(c == part for c, part in zip(columns, key, strict=True))) for key in keys)
        )
    found = select(*columns).select_from(table).where(wanted).distinct().subquery()
    options = {} if schemas is None else {"schema_translate_map": schemas}
    count = select(func.count()).select_from(found)
    return connection.execute(count, execution_options=options).scalar_one()
