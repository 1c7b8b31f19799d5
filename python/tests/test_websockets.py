"""A WebSocket is rejected by an HTTP response before `accept`, and closed after it."""

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Annotated, Any

import pytest
import uvicorn
from fastapi import Depends, FastAPI, HTTPException, WebSocket
from fastapi.testclient import TestClient
from starlette.endpoints import WebSocketEndpoint
from starlette.routing import WebSocketRoute
from starlette.testclient import WebSocketDenialResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from better_auth_edge import EdgeAuth, EdgeAuthError, EdgeAuthSettings, User
from tests.apps import bearer, outcome
from tests.better_auth import Publisher


def reject(code: str) -> None:
    raise EdgeAuthError(code, "no")


class ByEndpointClass(WebSocketEndpoint):
    """It has a `WebSocket` of its own, so that no other knows of its `accept`."""

    encoding = "text"

    async def on_receive(self, websocket: WebSocket, data: Any) -> None:
        reject(data)


def app_of(auth: EdgeAuth[Any], *, all_problems: bool = False) -> FastAPI:
    app, inner = FastAPI(), FastAPI()
    auth.install(app, all_problems=all_problems)

    @app.websocket("/dependency")
    async def by_dependency(_: WebSocket, __: Annotated[User, Depends(auth.current_user)]) -> None:
        raise AssertionError

    @app.websocket("/token")
    @inner.websocket("/token")
    async def by_first_message(websocket: WebSocket) -> None:
        await websocket.accept()
        user = await auth.verify(await websocket.receive_text())
        await websocket.send_text(user.id)

    @app.websocket("/code")
    async def by_code(websocket: WebSocket) -> None:
        await websocket.accept()
        reject(await websocket.receive_text())

    @app.websocket("/http")
    async def by_http(websocket: WebSocket) -> None:
        await websocket.accept()
        raise HTTPException(int(await websocket.receive_text()))

    @app.websocket("/http-before")
    async def by_http_before(_: WebSocket) -> None:
        raise HTTPException(418)

    @app.websocket("/closed")
    async def when_it_is_closed(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.receive_text()
        await websocket.close(4000, "own")
        reject("expired")

    @app.websocket("/gone")
    async def when_the_client_is_gone(websocket: WebSocket) -> None:
        await websocket.accept()
        with contextlib.suppress(WebSocketDisconnect):
            await websocket.receive_text()
        reject("expired")

    app.router.routes.append(WebSocketRoute("/class", ByEndpointClass))
    app.mount("/inner", inner)
    return app


@pytest.fixture
def auth(better_auth: Publisher) -> EdgeAuth[Any]:
    return EdgeAuth(EdgeAuthSettings(better_auth_url=better_auth.url))


LATE = [
    ("/token", "a.b.c", 1008, "malformed_token"),
    ("/inner/token", "a.b.c", 1008, "malformed_token"),
    ("/code", "expired", 1008, "expired"),
    ("/code", "user_mismatch", 1008, "user_mismatch"),
    ("/code", "keys_unavailable", 1013, "keys_unavailable"),
    ("/code", "misconfigured", 1011, "misconfigured"),
    ("/class", "expired", 1008, "expired"),
    ("/closed", "x", 4000, "own"),
]


@pytest.mark.parametrize("all_problems", [False, True])
@pytest.mark.parametrize(("path", "message", "code", "reason"), LATE)
def test_a_rejection_after_accept_closes_the_connection(
    auth: EdgeAuth[Any], path: str, message: str, code: int, reason: str, all_problems: bool
) -> None:
    client = TestClient(app_of(auth, all_problems=all_problems))
    with client.websocket_connect(path) as websocket:
        websocket.send_text(message)
        with pytest.raises(WebSocketDisconnect) as closed:
            websocket.receive_text()
    assert (closed.value.code, closed.value.reason) == (code, reason)


@pytest.mark.parametrize("all_problems", [False, True])
@pytest.mark.parametrize(("status", "code"), [(403, 1008), (500, 1011), (503, 1013)])
def test_an_http_exception_of_the_app_closes_the_web_socket(
    auth: EdgeAuth[Any], status: int, code: int, all_problems: bool
) -> None:
    client = TestClient(app_of(auth, all_problems=all_problems))
    with client.websocket_connect("/http") as websocket:
        websocket.send_text(str(status))
        with pytest.raises(WebSocketDisconnect) as closed:
            websocket.receive_text()
    assert closed.value.code == code


def test_a_rejection_before_accept_is_an_http_response(
    auth: EdgeAuth[Any], better_auth: Publisher
) -> None:
    client = TestClient(app_of(auth, all_problems=True))

    def denied(path: str, headers: dict[str, str]) -> WebSocketDenialResponse:
        with (
            pytest.raises(WebSocketDenialResponse) as rejected,
            client.websocket_connect(path, headers=headers),
        ):
            pass
        return rejected.value

    assert outcome(denied("/dependency", {})) == "401 missing_token"
    expired = bearer(better_auth.token(exp=1))
    assert outcome(denied("/dependency", expired)) == "401 expired"
    assert denied("/http-before", {}).json()["status"] == 418


@pytest.mark.anyio
async def test_without_denial_responses_the_handshake_is_closed(
    auth: EdgeAuth[Any],
) -> None:
    sent: list[Any] = []
    scope = {
        **{"type": "websocket", "path": "/dependency", "raw_path": b"/dependency"},
        **{"headers": [], "query_string": b"", "root_path": "", "subprotocols": []},
        "extensions": {},
    }

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    await app_of(auth)(scope, receive, send)
    assert sent == [{"type": "websocket.close", "code": 1008, "reason": "missing_token"}]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Server(uvicorn.Server):
    def install_signal_handlers(self) -> None:
        pass


@pytest.fixture
def serve() -> Iterator[Callable[[ASGIApp, str], str]]:
    running: list[tuple[Server, threading.Thread]] = []

    def start(app: ASGIApp, protocol: Any) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        config = uvicorn.Config(app, ws=protocol, log_level="critical", lifespan="off")
        server = Server(config)
        thread = threading.Thread(
            target=lambda: asyncio.run(server.serve(sockets=[listener])), daemon=True
        )
        thread.start()
        running.append((server, thread))
        while not server.started:
            time.sleep(0.01)
        return f"ws://127.0.0.1:{listener.getsockname()[1]}"

    yield start
    for server, thread in running:
        server.should_exit = True
        thread.join(5)


PROTOCOLS = ["websockets-sansio"]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_real_server_says_so_to_a_real_client(
    auth: EdgeAuth[Any], serve: Callable[[ASGIApp, str], str], protocol: str
) -> None:
    url = serve(app_of(auth, all_problems=True), protocol)
    with pytest.raises(InvalidStatus) as rejected:
        connect(url + "/dependency")
    response = rejected.value.response
    assert response.status_code == 401
    assert response.headers["content-type"] == "application/problem+json"
    assert b'"missing_token"' in response.body
    for path, message, code, reason in LATE:
        with connect(url + path) as websocket:
            websocket.send(message)
            with pytest.raises(ConnectionClosed) as closed:
                websocket.recv(timeout=5)
        assert closed.value.rcvd is not None, path
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (code, reason), path


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_client_that_is_gone_causes_no_error(
    auth: EdgeAuth[Any],
    serve: Callable[[ASGIApp, str], str],
    protocol: str,
) -> None:
    raised: list[BaseException] = []
    app = app_of(auth)

    async def watched(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await app(scope, receive, send)
        except BaseException as error:
            raised.append(error)
            raise

    url = serve(watched, protocol)
    with connect(url + "/gone"):
        pass
    with connect(url + "/code") as websocket:  # the server has dealt with the first by now
        websocket.send("expired")
        with pytest.raises(ConnectionClosed):
            websocket.recv(timeout=5)
    assert raised == []


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_token_in_the_handshake_selects_the_subprotocol_that_browsers_require(
    auth: EdgeAuth[Any],
    better_auth: Publisher,
    serve: Callable[[ASGIApp, str], str],
    protocol: str,
) -> None:
    app = FastAPI()
    auth.install(app)

    @app.websocket("/live")
    async def live(websocket: WebSocket, user: Annotated[User, Depends(auth.current_user)]) -> None:
        await websocket.accept()
        await websocket.send_text(user.id)

    url = serve(app, protocol)
    offered: list[Any] = ["bearer", better_auth.token()]
    with connect(f"{url}/live", subprotocols=offered) as websocket:
        assert (websocket.subprotocol, websocket.recv(timeout=5)) == ("bearer", "ada")
    offered[1] = "a.b.c"
    with pytest.raises(InvalidStatus) as rejected:
        connect(f"{url}/live", subprotocols=offered)
    assert rejected.value.response.status_code == 401
