"""The header `Authorization` (RFC 9110, section 11.6.2; RFC 6750, section 2.1)."""

from collections.abc import Iterable

from better_auth_edge._core import bearer_token
from better_auth_edge.errors import EdgeAuthError

__all__ = ["bearer_token", "presents_credential"]


def presents_credential(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether the headers of an ASGI scope have a bearer token, or a malformed one."""
    try:
        return bearer_token(headers) is not None
    except EdgeAuthError:
        return True
