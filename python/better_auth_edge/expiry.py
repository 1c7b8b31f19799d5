"""Closes a WebSocket when its token expires. No other check covers an open connection."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from starlette.websockets import WebSocket, WebSocketState

from better_auth_edge.errors import EdgeAuthError
from better_auth_edge.user import User

CLOSE_CODE = 4401
"""The Worker's `WEBSOCKET_CLOSE_ON_EXPIRY` uses the same code."""
REASON = "token expired"


@asynccontextmanager
async def closes_on_expiry(websocket: WebSocket, user: User) -> AsyncIterator[None]:
    """Cancels its block when the user's token expires, and closes the WebSocket with 4401.

        async with closes_on_expiry(websocket, user):
            async for message in websocket.iter_text(): ...

    Raises `EdgeAuthError` `misconfigured` for a user without the claim `exp`. Behind the edge, add
    `exp` to the edge's `CLAIMS`.
    """
    expires = user.claims.get("exp")
    if isinstance(expires, bool) or not isinstance(expires, (int, float)):
        detail = 'the user has no claim "exp"; behind the edge its CLAIMS must name it'
        raise EdgeAuthError("misconfigured", detail)
    with anyio.move_on_after(max(0.0, expires - time.time())) as block:
        yield
    is_open = websocket.application_state is WebSocketState.CONNECTED
    if block.cancelled_caught and is_open:
        await websocket.close(CLOSE_CODE, REASON)
