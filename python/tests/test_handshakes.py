"""Tokens that browsers send in WebSocket handshakes: `new WebSocket(url, ["bearer", token])`."""

import time
from typing import Annotated, Any

import jwt
import pytest
from fastapi import Depends, FastAPI, WebSocket
from fastapi.testclient import TestClient
from starlette.testclient import WebSocketDenialResponse
from starlette.types import Message, Scope

from better_auth_edge import EdgeAuth, EdgeAuthError, EdgeAuthSettings, User
from better_auth_edge.credentials import BearerToken, Credential, EdgeAssertion
from tests.apps import SECRET, asserted, bearer, outcome
from tests.better_auth import ORIGIN, Edge, Publisher


def app_of(auth: EdgeAuth[Any], *, chosen: str | None = None, installs: bool = True) -> FastAPI:
    app, inner = FastAPI(), FastAPI()
    if installs:
        auth.install(app)
        auth.install(inner)

    @app.websocket("/live")
    @inner.websocket("/live")
    async def live(websocket: WebSocket, user: Annotated[User, Depends(auth.current_user)]) -> None:
        await websocket.accept(chosen)
        await websocket.send_json([user.id, websocket.scope["subprotocols"]])
        await websocket.close()

    @app.websocket("/perhaps")
    async def perhaps(
        websocket: WebSocket, user: Annotated[User | None, Depends(auth.optional_user)]
    ) -> None:
        await websocket.accept(chosen)
        await websocket.send_json("anonymous" if user is None else user.id)
        await websocket.close()

    @app.get("/http")
    async def http(user: Annotated[User | None, Depends(auth.optional_user)]) -> str:
        return "anonymous" if user is None else user.id

    app.mount("/inner", inner)
    return app


@pytest.fixture
def auth(better_auth: Publisher) -> EdgeAuth[Any]:
    return EdgeAuth(EdgeAuthSettings(better_auth_url=better_auth.url))


def denied(client: TestClient, path: str, **handshake: Any) -> str:
    with (
        pytest.raises(WebSocketDenialResponse) as rejected,
        client.websocket_connect(path, **handshake),
    ):
        pass
    return outcome(rejected.value)


@pytest.mark.parametrize("path", ["/live", "/inner/live"])
@pytest.mark.parametrize(
    "offered",
    [
        ["bearer", "{}"],
        ["Bearer", "{}"],
        ["chat.v2", "bearer", "{}"],
        ["bearer", "{}", "chat.v2", "chat.v1"],
    ],
)
def test_a_token_may_come_as_a_subprotocol(
    auth: EdgeAuth[Any], better_auth: Publisher, path: str, offered: list[str]
) -> None:
    client = TestClient(app_of(auth))
    token = better_auth.token()
    protocols = [one.replace("{}", token) for one in offered]
    with client.websocket_connect(path, subprotocols=protocols) as websocket:
        assert websocket.receive_json() == ["ada", protocols]
        assert websocket.accepted_subprotocol == "bearer"


def test_a_subprotocol_that_the_app_chooses_stays(
    auth: EdgeAuth[Any], better_auth: Publisher
) -> None:
    client = TestClient(app_of(auth, chosen="chat.v2"))
    protocols = ["bearer", better_auth.token(), "chat.v2"]
    with client.websocket_connect("/live", subprotocols=protocols) as websocket:
        websocket.receive_json()
        assert websocket.accepted_subprotocol == "chat.v2"


def test_a_handshake_without_a_token_gets_the_subprotocol_of_the_app(
    auth: EdgeAuth[Any], better_auth: Publisher
) -> None:
    client, headers = TestClient(app_of(auth)), bearer(better_auth.token())
    with client.websocket_connect("/live", subprotocols=["a", "b"], headers=headers) as websocket:
        assert websocket.receive_json() == ["ada", ["a", "b"]]
        assert websocket.accepted_subprotocol is None


def test_an_app_without_install_accepts_it_by_itself(
    auth: EdgeAuth[Any], better_auth: Publisher
) -> None:
    client = TestClient(app_of(auth, chosen="bearer", installs=False))
    with client.websocket_connect("/live", subprotocols=["bearer", better_auth.token()]) as socket:
        assert socket.receive_json()[0] == "ada"
        assert socket.accepted_subprotocol == "bearer"


def test_the_shared_secret_counts_there_too() -> None:
    own = {"better_auth_secret": SECRET, "better_auth_url": "http://auth.example"}
    auth = EdgeAuth(EdgeAuthSettings(edge_auth_mode="secret", environment="test", **own))
    claims = {"iss": "http://auth.example", "aud": "http://auth.example", "sub": "ada"}
    token = jwt.encode({**claims, "exp": int(time.time()) + 60}, SECRET, algorithm="HS256")
    client = TestClient(app_of(auth))
    with client.websocket_connect("/live", subprotocols=["bearer", token]) as websocket:
        assert websocket.receive_json()[0] == "ada"
    assert denied(client, "/live", subprotocols=["bearer", "a.b.c"]) == "401 malformed_token"


@pytest.mark.parametrize("path", ["/live", "/perhaps"])
def test_an_invalid_credential_in_a_handshake_is_rejected(
    auth: EdgeAuth[Any], better_auth: Publisher, path: str
) -> None:
    client, token = TestClient(app_of(auth)), better_auth.token()
    header = bearer(token)
    rejections: list[tuple[list[str], dict[str, str], int]] = [
        (["bearer"], {}, 401),
        (["chat", "bearer"], {}, 401),
        (["bearer", "undefined"], {}, 401),
        (["bearer", better_auth.token(exp=1)], {}, 401),
        (["bearer", token, "bearer", token], {}, 400),
        (["bearer", "bearer", token], {}, 400),
        (["bearer", token], header, 400),
        (["bearer"], header, 401),
        (["bearer", token], {"Authorization": "Bearer"}, 401),
    ]
    for protocols, headers, status in rejections:
        with (
            pytest.raises(WebSocketDenialResponse) as rejected,
            client.websocket_connect(path, subprotocols=protocols, headers={**headers}),
        ):
            pass
        assert rejected.value.status_code == status, (protocols, headers)
        assert token not in rejected.value.text
    if path == "/perhaps":
        with client.websocket_connect(path, subprotocols=["chat"]) as websocket:
            assert websocket.receive_json() == "anonymous"


def test_behind_the_edge_it_is_never_anonymous(edge: Edge, better_auth: Publisher) -> None:
    auth = EdgeAuth(EdgeAuthSettings(edge_jwks_url=edge.url, edge_audience=ORIGIN))
    client = TestClient(app_of(auth))
    for protocols in (["bearer", better_auth.token()], ["bearer"], ["BEARER", edge.assertion()]):
        assert denied(client, "/perhaps", subprotocols=protocols) == "401 wrong_token_type"
        headers = asserted(edge.assertion())
        with client.websocket_connect(
            "/perhaps", subprotocols=protocols, headers=headers
        ) as websocket:
            assert websocket.receive_json() == "ada"


@pytest.mark.parametrize("scheme", [BearerToken(), EdgeAssertion()])
@pytest.mark.parametrize(
    ("offered", "by_token"),
    [
        ("bearer", "missing_token"),
        ("bearer,", "missing_token"),
        ("bearer, a.b.c, bearer, a.b.c", "malformed_request"),
        ("chat, Bearer , a.b.c", "a.b.c"),
    ],
)
def test_nor_without_install(scheme: Credential, offered: str, by_token: str) -> None:
    headers = [(b"sec-websocket-protocol", offered.encode())]
    try:
        said = scheme.find({"type": "websocket", "headers": headers})
    except EdgeAuthError as error:
        said = error.code
    assert said == (by_token if isinstance(scheme, BearerToken) else "wrong_token_type")


def test_an_http_request_has_no_handshake(auth: EdgeAuth[Any], better_auth: Publisher) -> None:
    headers = {"Sec-WebSocket-Protocol": f"bearer, {better_auth.token()}"}
    assert TestClient(app_of(auth)).get("/http", headers=headers).json() == "anonymous"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.anyio
@pytest.mark.parametrize("as_header", [True, False])
async def test_servers_may_pass_it_on_as_a_header_or_as_a_list(
    auth: EdgeAuth[Any], better_auth: Publisher, as_header: bool
) -> None:
    token, sent = better_auth.token(), list[Message]()
    header = (b"Sec-WebSocket-Protocol", f" bearer ,{token}".encode())
    scope: Scope = {
        **{"type": "websocket", "path": "/live", "query_string": b"", "root_path": ""},
        **{"headers": [header] if as_header else [], "extensions": {}},
        "subprotocols": [] if as_header else ["bearer", token],
    }

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    await app_of(auth)(scope, receive, send)
    assert (sent[0]["type"], sent[0]["subprotocol"]) == ("websocket.accept", "bearer")
    assert '"ada"' in sent[1]["text"]
