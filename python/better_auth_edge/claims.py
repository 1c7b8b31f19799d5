"""Rules about the claims of a user; the core has them."""

from collections.abc import Mapping, Sequence
from typing import Any

from better_auth_edge import _core
from better_auth_edge._core import check_credential, check_session, claim_at
from better_auth_edge.errors import EdgeAuthError

__all__ = [
    "check_credential",
    "check_required",
    "check_scopes",
    "check_session",
    "claim_at",
    "invalid",
    "is_several",
]

LIST_CLAIMS = ("role",)
"""The default of `LIST_CLAIMS`: claims whose text is a comma-separated list."""


def check_required(
    claims: dict[str, Any], required: Mapping[str, Any], lists: Sequence[str] = LIST_CLAIMS
) -> None:
    """Raises `insufficient_claims` unless each claim equals an accepted value by type and value. If
    the claim is an array, or the text of one of `lists`, one member suffices. `required` maps each
    claim to one accepted value, or to a list of them.
    """
    if required:
        _core.check_required(claims, dict(required), list(lists))


def check_scopes(claims: dict[str, Any], scopes: Sequence[str]) -> None:
    """Raises `insufficient_scope` unless `scope` contains all (RFC 6749, section 3.3)."""
    if scopes:
        _core.check_scopes(claims, list(scopes))


def is_several(accepted: object) -> bool:
    """Whether a requirement accepts several values."""
    return isinstance(accepted, (list, tuple, set, frozenset))


def invalid(detail: str) -> EdgeAuthError:
    """Returns the error for a claim that is not valid."""
    return EdgeAuthError("invalid_claim", detail)
