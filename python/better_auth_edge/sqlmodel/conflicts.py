"""Checks what ON CONFLICT changes in the existing row."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnClause

from better_auth_edge.sqlmodel.errors import OwnershipError
from better_auth_edge.sqlmodel.models import OwnedTable
from better_auth_edge.sqlmodel.writes import is_referred_to, references_of


def check_conflict(compiler: Any, clause: Any) -> None:
    """Raises `OwnershipError` if ON CONFLICT could change another user's row. The existing row is
    the owner's if the owner is part of the key. The clause may set columns that need no check or
    were checked for the insert.
    """
    target = compiler.writes.targets[-1]
    known: OwnedTable | None = compiler.owned(target)
    values: Mapping[Any, Any] = dict(getattr(clause, "update_values_to_set", None) or {})
    values = values or dict(getattr(clause, "update", None) or {})
    guarded = {name for _, names in references_of(target, compiler) for name in names}
    if known is not None:
        elements = getattr(clause, "inferred_target_elements", None) or ()
        if known.owner is None or known.owner not in map(_name, elements):
            raise OwnershipError(
                f"{known.table.name}: the target of ON CONFLICT must contain {known.owner}"
            )
        guarded.add(known.owner)
    keys = {column.key: column.name for column in target.columns}
    for key, value in values.items():
        name = keys.get(getattr(key, "key", key), _name(key))
        if known is None and is_referred_to(target, {name}):
            guarded.add(name)
        if name in guarded and not _is_excluded(value, name):
            raise OwnershipError(f"{target.name}: ON CONFLICT must not set {name}")


def _is_excluded(value: Any, name: str) -> bool:
    """Whether the value is the one that the insert has for the same column."""
    is_column = isinstance(value, ColumnClause) and value.name == name
    return is_column and getattr(value.table, "name", None) == "excluded"


def _name(column: Any) -> Any:
    return getattr(column, "name", column)
