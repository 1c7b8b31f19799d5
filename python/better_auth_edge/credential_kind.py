"""The kind of the credential that identified a user."""

from collections.abc import Callable, Mapping
from typing import Any, Literal, get_args

CredentialKind = Literal["jwt", "session", "api-key"]

KINDS: tuple[CredentialKind, ...] = get_args(CredentialKind)

KindOf = Callable[[Mapping[str, Any]], CredentialKind | None]
"""Reads the kind from the verified claims of a token or an assertion."""


def kind_of_assertion(claims: Mapping[str, Any]) -> CredentialKind | None:
    """Returns the kind that the edge names in `cred`. None if it names none that exists here."""
    cred = claims.get("cred")
    return cred if cred in KINDS else None


def kind_of_token(claims: Mapping[str, Any]) -> CredentialKind:
    """Returns `api-key` for a token that Better Auth has issued for an API key."""
    return "api-key" if claims.get("cred") == "api-key" else "jwt"
