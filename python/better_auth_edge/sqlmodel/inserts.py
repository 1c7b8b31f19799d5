"""Adds the owner to inserts that do not name one."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Insert

from better_auth_edge.sqlmodel.models import OwnedTable, base_table, owned_table


def with_owner(insert: Insert, many: Any, parameters: Any, owner: UUID) -> tuple[Any, Any]:
    """Returns the parameters of an insert, with the owner in each row that names none."""
    known = owned_table(insert.table)
    if known is None or known.owner is None or insert._select_names or insert._multi_values:
        return many, parameters
    keys = [column.key for column in insert.table.columns if column.name == known.owner]
    given = {getattr(column, "key", column) for column in insert._values or ()}
    if not keys or keys[0] in given:
        return many, parameters
    key = keys[0]

    def filled(row: Any) -> Any:
        return row if row.get(key) is not None else {**row, key: owner}

    if many:
        return [filled(row) for row in many], parameters
    return many, filled(parameters or {})


def fill_rows(state: Any, known: OwnedTable, owner: UUID) -> None:
    """Does the same for rows that are part of the statement, `values([{...}, {...}])`. Their number
    varies, so SQLAlchemy does not cache the statement, and the owner can be a value of it.
    """
    if not getattr(state, "_has_multi_parameters", False):
        return
    table = base_table(state.statement.table)
    columns = table.columns if table is not None else ()
    keys = [column.key for column in columns if column.name == known.owner]
    if not keys:
        return
    key = keys[0]

    def filled(row: Mapping[Any, Any]) -> Mapping[Any, Any]:
        rest = {c: value for c, value in row.items() if getattr(c, "key", c) != key}
        named = (value for c, value in row.items() if getattr(c, "key", c) == key)
        return row if any(value is not None for value in named) else {**rest, key: owner}

    state._multi_parameters = [filled(row) for row in state._multi_parameters]
    state._dict_parameters = state._multi_parameters[0]
