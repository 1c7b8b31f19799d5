"""Reads tokens from WebSocket handshakes, by the same rules as the Rust core. A browser lets a page
set only the header `Sec-WebSocket-Protocol`: `new WebSocket(url, ["bearer", token])`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from better_auth_edge.errors import EdgeAuthError

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
    tokens = [offered[i + 1] if i + 1 < len(offered) else "" for i in _bearers(offered)]
    if not tokens:
        return None
    if len(tokens) > 1:
        raise EdgeAuthError("malformed_request", "the handshake has more than one token")
    if not tokens[0]:
        detail = "the handshake has no token where one belongs"
        raise EdgeAuthError("missing_token", detail)
    return tokens[0]


def offers_bearer(offered: Sequence[str]) -> bool:
    """Whether a handshake offers `bearer`, with or without a token."""
    return next(_bearers(offered), None) is not None


def _bearers(offered: Sequence[str]) -> Iterator[int]:
    return (i for i, name in enumerate(offered) if name.lower() == BEARER)
