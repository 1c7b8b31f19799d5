"""A WebSocket can end with its token."""

import time
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI, WebSocket
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from better_auth_edge import EdgeAuth, EdgeAuthSettings, User, closes_on_expiry
from tests.apps import asserted, bearer
from tests.better_auth import ORIGIN, Edge, Publisher


def client_for(auth: EdgeAuth[Any]) -> TestClient:
    app = FastAPI()
    auth.install(app)

    @app.websocket("/echo")
    async def echo(websocket: WebSocket, user: Annotated[User, Depends(auth.current_user)]) -> None:
        await websocket.accept()
        async with closes_on_expiry(websocket, user):
            async for message in websocket.iter_text():
                if message == "bye":
                    await websocket.close(4000, "bye")
                    return
                if message == "fail":
                    raise RuntimeError("fail")
                await websocket.send_text(message)

    return TestClient(app)


def closed_by(client: TestClient, headers: dict[str, str], *messages: str) -> tuple[int, str]:
    with client.websocket_connect("/echo", headers=headers) as websocket:
        websocket.send_text("hello")
        assert websocket.receive_text() == "hello"
        for message in messages:
            websocket.send_text(message)
        with pytest.raises(WebSocketDisconnect) as closed:
            websocket.receive_text()
    return closed.value.code, closed.value.reason


def test_it_ends_when_the_token_does(better_auth: Publisher) -> None:
    client = client_for(EdgeAuth(EdgeAuthSettings(better_auth_url=better_auth.url)))
    expires = time.time() + 0.6
    headers = bearer(better_auth.token(exp=expires))
    assert closed_by(client, headers) == (4401, "token expired")
    assert 0 <= time.time() - expires < 3


def test_the_tolerance_is_for_other_clocks_and_keeps_nothing_open(better_auth: Publisher) -> None:
    client = client_for(EdgeAuth(EdgeAuthSettings(better_auth_url=better_auth.url)))
    late = bearer(better_auth.token(exp=time.time() - 1))
    with client.websocket_connect("/echo", headers=late) as websocket:
        with pytest.raises(WebSocketDisconnect) as closed:
            websocket.receive_text()
        assert closed.value.code == 4401


def test_before_that_the_app_decides(better_auth: Publisher) -> None:
    client = client_for(EdgeAuth(EdgeAuthSettings(better_auth_url=better_auth.url)))
    headers = bearer(better_auth.token())
    assert closed_by(client, {**headers}, "bye") == (4000, "bye")
    with pytest.raises(RuntimeError, match="fail"):
        closed_by(client, {**headers}, "fail")


def test_behind_the_edge_it_is_the_tokens_end_and_not_the_assertions(edge: Edge) -> None:
    settings = EdgeAuthSettings(edge_jwks_url=edge.url, edge_audience=ORIGIN)
    client = client_for(EdgeAuth(settings))
    claims = {"sub": "ada", "exp": time.time() + 0.6}
    assert closed_by(client, asserted(edge.assertion(claims=claims))) == (4401, "token expired")
    for without in ({"sub": "ada"}, {"sub": "ada", "exp": "soon"}, {"sub": "ada", "exp": True}):
        with (
            client.websocket_connect(
                "/echo", headers=asserted(edge.assertion(claims=without))
            ) as websocket,
            pytest.raises(WebSocketDisconnect) as closed,
        ):
            websocket.receive_text()
        assert (closed.value.code, closed.value.reason) == (1011, "misconfigured")
