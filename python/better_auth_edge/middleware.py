"""ASGI middleware between the server and the app. It removes headers that could fake an identity,
and closes WebSockets that are rejected after they were accepted.
"""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from starlette.applications import Starlette
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from better_auth_edge._core import without_identity
from better_auth_edge.authorization import presents_credential
from better_auth_edge.connection import ConnectionState
from better_auth_edge.handshake import (
    BEARER,
    PROTOCOL_HEADER,
    offered_protocols,
    offers_bearer,
)
from better_auth_edge.lifespan import Pool, send_in_lifespan

ASSERTION_HEADER = b"x-edge-jwt-assertion"


class StripEdgeHeadersMiddleware:
    """Removes every header whose name starts with `x-edge-` or `x_edge_`, and `extra_headers`. A
    client that calls the app directly can send any of them. The assertion stays, because its
    signature is verified. Names are compared without case, and `_` equals `-`.
    """

    def __init__(self, app: ASGIApp, *, extra_headers: Sequence[str] = ()) -> None:
        self.app = app
        self._strip = _Strip(extra_headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            scope = self._strip(scope)
        await self.app(scope, receive, send)


class StripIdentityHeadersMiddleware(StripEdgeHeadersMiddleware):
    """Removes `Authorization` too, for apps behind the edge that accept only its assertion."""

    def __init__(self, app: ASGIApp, *, extra_headers: Sequence[str] = ()) -> None:
        super().__init__(app, extra_headers=(*extra_headers, "authorization"))


class _Strip:
    """Removes the edge's headers and others from a scope."""

    def __init__(self, extra_headers: Sequence[str]) -> None:
        names = (name.lower().replace("_", "-") for name in extra_headers)
        self._extra = [name.encode("latin-1") for name in names]

    def __call__(self, scope: Scope) -> Scope:
        """Returns a copy of the scope without the headers."""
        headers, extra = scope["headers"], self._extra
        stripped = {**scope, "headers": without_identity(headers, extra)}
        if extra and b"authorization" in extra and presents_credential(headers):
            ConnectionState.of(stripped).had_authorization = True
        return stripped


class ConnectionMiddleware:
    """Strips headers, and gives the parts of a request or a WebSocket their shared state, after it
    has called `before_connection`.

    An HTTP response to an accepted WebSocket, from any part of the app, closes the WebSocket
    instead. Browsers require the server to select one of the subprotocols that they offered. If the
    handshake carries its token there and the app selects none, the response selects `bearer`.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        strip_headers: Sequence[str],
        before_connection: Callable[[], None],
        pool: Pool | None = None,
    ) -> None:
        """`pool` has the lifespan of the app."""
        self.app = app
        self._pool = pool
        self._strip = _Strip(strip_headers)
        self._before_connection = before_connection

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] in ("http", "websocket"):
            self._before_connection()
            scope = self._strip(scope)
            state = ConnectionState.of(scope)
            if scope["type"] == "websocket":
                has_token = offers_bearer(offered_protocols(scope))
                send = partial(_send, state, send, has_token)
        elif scope["type"] == "lifespan" and self._pool is not None:
            send = partial(send_in_lifespan, self._pool, send)
        return self.app(scope, receive, send)


def install_outermost(app: Starlette, wrap: Callable[[ASGIApp], ASGIApp]) -> None:
    """Puts middleware around all other middleware of the app, including what is added later."""
    if app.middleware_stack is not None:
        raise RuntimeError("install must run before the app starts")
    build = app.build_middleware_stack
    app.build_middleware_stack = lambda: wrap(build())  # type: ignore[method-assign]


def close_code(status: int) -> int:
    """Returns the WebSocket close code for an HTTP status (RFC 6455, section 7.4.1, and the IANA
    registry): 1008 policy violation, 1011 internal error, 1013 try again later.
    """
    if status == 503:
        return 1013
    return 1011 if status >= 500 else 1008


async def _send(state: ConnectionState, send: Send, has_token: bool, message: Message) -> None:
    if message["type"] == "websocket.accept":
        state.is_accepted = True
        if has_token and not _selects_protocol(message):
            message = {**message, "subprotocol": BEARER}
    if state.is_accepted and message["type"] == "websocket.http.response.start":
        message = {"type": "websocket.close", "code": close_code(message["status"]), "reason": ""}
    elif state.is_accepted and message["type"] == "websocket.http.response.body":
        return
    await send(message)


def _selects_protocol(accept: Message) -> bool:
    names = (name.lower() for name, _ in accept.get("headers") or ())
    return bool(accept.get("subprotocol")) or PROTOCOL_HEADER in names
