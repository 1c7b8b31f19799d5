"""Reads tokens from WebSocket handshakes. A browser lets a page
set only the header `Sec-WebSocket-Protocol`: `new WebSocket(url, ["bearer", token])`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from better_auth_edge import _core

BEARER = "bearer"
PROTOCOL_HEADER = b"sec-websocket-protocol"


def offered_protocols(scope: Mapping[str, Any]) -> list[str]:
    """Returns the subprotocols that a handshake offers, in order. Empty for an HTTP request."""
    if scope["type"] != "websocket":
        return []
    values = [value for name, value in scope["headers"] if name.lower() == PROTOCOL_HEADER]
    if not values:
        return list(scope.get("subprotocols") or ())
    return [one.strip() for value in values for one in value.decode("latin-1").split(",")]


def handshake_token(offered: Sequence[str]) -> str | None:
    """Returns the token after the subprotocol `bearer`, or None if the client does not offer it.

    Raises `EdgeAuthError`: `missing_token` if no token follows, `malformed_request` for more than
    one token.
    """
    return _core.handshake_token(list(offered)) if offered else None


def offers_bearer(offered: Sequence[str]) -> bool:
    """Whether a handshake offers `bearer`, with or without a token."""
    return any(name.lower() == BEARER for name in offered)
