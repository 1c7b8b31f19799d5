"""The end of a WebSocket with its token. Nothing else looks at a token again once the connection
is open.
"""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from starlette.websockets import WebSocket, WebSocketState

from better_auth_edge.errors import EdgeAuthError
from better_auth_edge.user import User

CLOSE_CODE = 4401
"""What the Worker closes with too, by `WEBSOCKET_CLOSE_ON_EXPIRY`."""
REASON = "token expired"


@asynccontextmanager
async def closes_on_expiry(websocket: WebSocket, user: User) -> AsyncIterator[None]:
    """Cancels its block when the user's token expires, and closes the WebSocket with 4401.

        async with closes_on_expiry(websocket, user):
            async for message in websocket.iter_text(): ...

    `EdgeAuthError` `misconfigured` for a user without the claim `exp`: behind the edge its `CLAIMS`
    must name it.
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
