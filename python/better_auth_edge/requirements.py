"""Validates the requirements of a route when the route is defined."""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from better_auth_edge.claims import is_several
from better_auth_edge.errors import ConfigurationError

_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
"""RFC 6749, section 3.3."""


def check_requirements(claims: Any, scopes: Any) -> None:
    """Raises `ConfigurationError` for missing requirements, and for those no token can meet."""
    if claims is not None and not isinstance(claims, Mapping):
        error = 'claims: must map each claim to its accepted values, such as {"role": ["admin"]}'
        raise ConfigurationError([error])
    if claims is None and scopes is None:
        raise ConfigurationError(["require: needs claims or scopes"])
    if scopes is not None:
        check_names("scopes", scopes)
    empty = [
        name
        for name, values in (("claims", claims), ("scopes", scopes))
        if values is not None and not values
    ]
    errors = [f"{name}: is empty, and requires nothing" for name in empty]
    errors += [*_claim_errors(claims or {}), *_scope_errors(scopes or ())]
    if errors:
        raise ConfigurationError(errors)


def check_names(setting: str, names: Any) -> None:
    """Raises `ConfigurationError` unless the value is a list of strings."""
    is_list = isinstance(names, Collection) and not isinstance(names, (str, bytes, Mapping))
    if not is_list or not all(isinstance(name, str) for name in names):
        raise ConfigurationError([f"{setting}: must be a list of strings"])


def _claim_errors(claims: Mapping[Any, Any]) -> Iterator[str]:
    for name, accepted in claims.items():
        is_empty = is_several(accepted) and not accepted
        if not isinstance(name, str) or not name:
            yield f"claims: {name!r} is not the name of a claim"
        elif accepted is None or is_empty or (is_several(accepted) and None in accepted):
            yield f'claims: "{name}" has no accepted value, so every user would be rejected'


def _scope_errors(scopes: Collection[str]) -> Iterator[str]:
    for scope in scopes:
        if not _SCOPE.fullmatch(scope):
            yield f"scopes: {scope!r} is not a scope; list each scope separately"
