"""What a request says about its caller besides the proof, taken off before the app sees it."""

from starlette.types import ASGIApp, Receive, Scope, Send

ASSERTION_HEADER = b"x-edge-jwt-assertion"
BEARER_SCOPE_KEY = "better_auth_edge.bearer"
"""In the scope: whether `Authorization` had a bearer token before it was taken off."""


class OnlyTheAssertion:
    """ASGI middleware for origins behind the edge: whoever reaches the origin directly can send any
    header, so none but the assertion is believed. Takes off every header that begins with `x-edge-`
    or `x_edge_` except the assertion itself, the headers in `also`, and `Authorization`.
    """

    def __init__(self, app: ASGIApp, also: tuple[str, ...] = ()) -> None:
        self.app = app
        self._also = {name.lower().encode("latin-1") for name in also} | {b"authorization"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            headers = [(name, value) for name, value in scope["headers"] if self._stays(name)]
            bearer = any(
                name.lower() == b"authorization" and value[:6].lower() == b"bearer"
                for name, value in scope["headers"]
            )
            scope = {**scope, "headers": headers, BEARER_SCOPE_KEY: bearer}
        await self.app(scope, receive, send)

    def _stays(self, name: bytes) -> bool:
        name = name.lower()
        if name.replace(b"_", b"-").startswith(b"x-edge-"):
            return name == ASSERTION_HEADER
        return name not in self._also
