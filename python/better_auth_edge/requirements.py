"""Validates the requirements of a route when the route is defined."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from better_auth_edge._core import is_json, is_max_age, is_scope
from better_auth_edge.claims import is_several
from better_auth_edge.credential_kind import KINDS
from better_auth_edge.errors import ConfigurationError

Impersonation = Literal["allow", "refuse"]


@dataclass(frozen=True)
class Requirements:
    """What a route requires of the user."""

    claims: Mapping[str, Sequence[Any]]
    """The accepted values of each required claim."""
    scopes: Sequence[str]
    refuses_impersonation: bool
    max_session_age: int | None
    """Seconds."""
    credentials: list[str] | None
    """The accepted kinds of credentials. All if there is no list."""


def check_requirements(
    claims: Any,
    scopes: Any,
    impersonation: Any = None,
    max_session_age: Any = None,
    credentials: Any = None,
) -> Requirements:
    """Returns the requirements. Raises `ConfigurationError` for missing requirements, and for those
    no token can meet.
    """
    if claims is not None and not isinstance(claims, Mapping):
        error = 'claims: must map each claim to its accepted values, such as {"role": ["admin"]}'
        raise ConfigurationError([error])
    refuses_impersonation = impersonation == "refuse"
    if impersonation not in (None, "allow", "refuse"):
        raise ConfigurationError(["impersonation: is neither allow nor refuse"])
    if max_session_age is not None and not is_max_age(max_session_age):
        error = "max_session_age: is not a whole number of seconds from 1 to 31536000"
        raise ConfigurationError([error])
    lists = {"claims": claims, "scopes": scopes, "credentials": credentials}
    present = {name: values for name, values in lists.items() if values is not None}
    if not present and not refuses_impersonation and max_session_age is None:
        names = "claims, scopes, credentials"
        error = f'require: needs {names}, impersonation="refuse" or max_session_age'
        raise ConfigurationError([error])
    for name in present.keys() - {"claims"}:
        check_names(name, present[name])
    empty = [name for name, values in present.items() if not values]
    errors = [f"{name}: is empty, and requires nothing" for name in empty]
    errors += [*_claim_errors(claims or {}), *_scope_errors(scopes or ())]
    errors += _kind_errors(credentials or ())
    if errors:
        raise ConfigurationError(errors)
    return Requirements(
        claims={name: _accepted(values) for name, values in (claims or {}).items()},
        scopes=list(scopes or ()),
        refuses_impersonation=refuses_impersonation,
        max_session_age=None if max_session_age is None else int(max_session_age),
        credentials=None if credentials is None else list(credentials),
    )


def check_names(setting: str, names: Any) -> None:
    """Raises `ConfigurationError` unless the value is a list of strings."""
    is_list = isinstance(names, Collection) and not isinstance(names, (str, bytes, Mapping))
    if not is_list or not all(isinstance(name, str) for name in names):
        raise ConfigurationError([f"{setting}: must be a list of strings"])


def _claim_errors(claims: Mapping[Any, Any]) -> Iterator[str]:
    for name, accepted in claims.items():
        values = _accepted(accepted)
        if not isinstance(name, str) or not name:
            yield f"claims: {name!r} is not the name of a claim"
        elif not values or None in values:
            yield f'claims: "{name}" has no accepted value, so every user would be rejected'
        else:
            strange = [value for value in values if not is_json(value)]
            yield from (f'claims: no token can have the "{name}" {value!r}' for value in strange)


def _accepted(values: Any) -> list[Any]:
    return list(values) if is_several(values) else [values]


def _scope_errors(scopes: Collection[str]) -> Iterator[str]:
    for scope in scopes:
        if not is_scope(scope):
            yield f"scopes: {scope!r} is not a scope; list each scope separately"


def _kind_errors(kinds: Collection[str]) -> Iterator[str]:
    for kind in kinds:
        if kind not in KINDS:
            yield f"credentials: {kind!r} is not one of {', '.join(KINDS)}"
