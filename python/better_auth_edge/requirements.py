"""Whether what a route asks for can be had at all: looked at where the route is defined."""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from better_auth_edge.claims import is_several
from better_auth_edge.errors import ConfigurationError

_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
"""RFC 6749, section 3.3."""


def check_requirements(claims: Any, scopes: Any) -> None:
    """Raises `ConfigurationError` for claims and scopes that no token can have, and for none."""
    if claims is not None and not isinstance(claims, Mapping):
        fault = 'claims: must say which values are accepted, such as {"role": ["admin"]}'
        raise ConfigurationError([fault])
    if claims is None and scopes is None:
        raise ConfigurationError(["require: needs claims or scopes"])
    if scopes is not None:
        check_names("scopes", scopes)
    empty = [
        name
        for name, given in (("claims", claims), ("scopes", scopes))
        if given is not None and not given
    ]
    faults = [f"{name}: is empty, and asks for nothing" for name in empty]
    faults += [*_claim_faults(claims or {}), *_scope_faults(scopes or ())]
    if faults:
        raise ConfigurationError(faults)


def check_names(setting: str, names: Any) -> None:
    """Raises `ConfigurationError` for what is no list of strings."""
    is_list = isinstance(names, Collection) and not isinstance(names, (str, bytes, Mapping))
    if not is_list or not all(isinstance(name, str) for name in names):
        raise ConfigurationError([f"{setting}: must be a list of strings"])


def _claim_faults(claims: Mapping[Any, Any]) -> Iterator[str]:
    for name, accepted in claims.items():
        is_empty = is_several(accepted) and not accepted
        if not isinstance(name, str) or not name:
            yield f"claims: {name!r} is not the name of a claim"
        elif accepted is None or is_empty or (is_several(accepted) and None in accepted):
            yield f'claims: "{name}" has no accepted value, so that no user could pass'


def _scope_faults(scopes: Collection[str]) -> Iterator[str]:
    for scope in scopes:
        if not _SCOPE.fullmatch(scope):
            yield f"scopes: {scope!r} is not a scope; list each scope on its own"
