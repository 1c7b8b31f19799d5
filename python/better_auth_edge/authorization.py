"""Parses the header `Authorization` (RFC 9110, section 11.6.2; RFC 6750, section 2.1)."""

from collections.abc import Sequence

from better_auth_edge import _core
from better_auth_edge.errors import EdgeAuthError


def bearer_token(values: Sequence[str]) -> str | None:
    """Returns the bearer token of a request with these `Authorization` headers. None if the header
    is absent or empty, or has credentials of another scheme.

    Raises `EdgeAuthError`: `malformed_request` for more than one credential, because choosing one
    would be a guess; `missing_token` for the scheme without a token, and for every other value
    that is not a scheme, a space and credentials.
    """
    return _core.bearer_token(list(values)) if values else None


def presents_credential(values: Sequence[str]) -> bool:
    """Whether the headers have a bearer token, or a malformed one."""
    try:
        return bearer_token(values) is not None
    except EdgeAuthError:
        return True
