"""What stands between the server and the app: it takes off what a request says about its caller
besides the proof, and closes WebSockets that are refused late.
"""

from collections.abc import Callable
from functools import partial

from starlette.applications import Starlette
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from better_auth_edge.authorization import presents_credential
from better_auth_edge.connection import ConnectionState
from better_auth_edge.handshake import (
    BEARER,
    PROTOCOL_HEADER,
    offered_protocols,
    offers_bearer,
)

ASSERTION_HEADER = b"x-edge-jwt-assertion"


class NoForgedHeaders:
    """ASGI middleware: a client that reaches the origin directly can send any header. Takes off
    every header that begins with `x-edge-` or `x_edge_` except the assertion, which proves itself,
    and the headers in `also`. In names `_` counts as `-`.
    """

    def __init__(self, app: ASGIApp, also: tuple[str, ...] = ()) -> None:
        self.app = app
        self._also = {_folded(name.encode("latin-1")) for name in also}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            headers: list[tuple[bytes, bytes]] = scope["headers"]
            given = [value for name, value in headers if name.lower() == b"authorization"]
            stay = [(name, value) for name, value in headers if self._stays(name)]
            scope = {**scope, "headers": stay}
            if b"authorization" in self._also:
                state = ConnectionState.of(scope)
                state.had_authorization |= presents_credential([v.decode("latin-1") for v in given])
        await self.app(scope, receive, send)

    def _stays(self, name: bytes) -> bool:
        if _folded(name).startswith(b"x-edge-"):
            return name.lower() == ASSERTION_HEADER
        return _folded(name) not in self._also


class OnlyTheAssertion(NoForgedHeaders):
    """The same for origins behind the edge, which believe the assertion alone: takes off
    `Authorization` too.
    """

    def __init__(self, app: ASGIApp, also: tuple[str, ...] = ()) -> None:
        super().__init__(app, (*also, "authorization"))


class OneConnection:
    """ASGI middleware that gives the parts of a request or a WebSocket their common state. An HTTP
    answer to a WebSocket that has been accepted, from whatever part of the app, closes it instead.
    Browsers insist on one of the subprotocols that they offered: where a handshake has its token
    among them and the app chooses none, the answer names `bearer`. `prepare` is called first.
    """

    def __init__(self, app: ASGIApp, prepare: Callable[[], None]) -> None:
        self.app = app
        self._prepare = prepare

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            self._prepare()
            scope = {**scope}
            state = ConnectionState.of(scope)
            if scope["type"] == "websocket":
                has_token = offers_bearer(offered_protocols(scope))
                send = partial(_send, state, send, has_token)
        await self.app(scope, receive, send)


def install_outermost(app: Starlette, wrap: Callable[[ASGIApp], ASGIApp]) -> None:
    """Puts middleware around all others of the app, those that are added later included."""
    if app.middleware_stack is not None:
        raise RuntimeError("install belongs where the app is made: it has started already")
    build = app.build_middleware_stack
    app.build_middleware_stack = lambda: wrap(build())  # type: ignore[method-assign]


def close_code(status: int) -> int:
    """What closes a WebSocket in place of an HTTP status (RFC 6455, section 7.4.1, and the IANA
    registry): 1008 for a refusal, 1011 for a fault of ours, 1013 for one that passes.
    """
    if status == 503:
        return 1013
    return 1011 if status >= 500 else 1008


async def _send(state: ConnectionState, send: Send, has_token: bool, message: Message) -> None:
    if message["type"] == "websocket.accept":
        state.is_accepted = True
        if has_token and not _names_protocol(message):
            message = {**message, "subprotocol": BEARER}
    if state.is_accepted and message["type"] == "websocket.http.response.start":
        message = {"type": "websocket.close", "code": close_code(message["status"]), "reason": ""}
    elif state.is_accepted and message["type"] == "websocket.http.response.body":
        return
    await send(message)


def _names_protocol(accept: Message) -> bool:
    names = (name.lower() for name, _ in accept.get("headers") or ())
    return bool(accept.get("subprotocol")) or PROTOCOL_HEADER in names


def _folded(name: bytes) -> bytes:
    return name.lower().replace(b"_", b"-")
