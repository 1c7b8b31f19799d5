"""An assertion that is good once counts once for a request, however many parts of the app ask."""

from collections.abc import Callable
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, FastAPI, Request, Security, WebSocket
from fastapi.testclient import TestClient
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import HTTPConnection
from starlette.testclient import WebSocketDenialResponse

from better_auth_edge import EdgeAuth, EdgeAuthSettings, User
from tests.apps import asserted, outcome
from tests.better_auth import ORIGIN, Edge


@pytest.fixture
def auth(edge: Edge) -> EdgeAuth[Any]:
    return EdgeAuth(
        EdgeAuthSettings(edge_jwks_url=edge.url, edge_audience=ORIGIN, edge_refuse_replays=True)
    )


def bound(edge: Edge, path: str, **claims: object) -> dict[str, str]:
    own = {"sub": "ada", "scope": "tasks:read tasks:write", "role": "admin"}
    return asserted(edge.assertion(htm="GET", htu=f"{ORIGIN}{path}", claims=own, **claims))


def used_twice(auth: EdgeAuth[Any]) -> FastAPI:
    """Every route verifies at least twice, so that only the package can cache the result."""
    app = FastAPI(dependencies=[Depends(auth.current_user, use_cache=False)])
    auth.install(app)
    router = APIRouter(dependencies=[Depends(auth.require(claims={"role": "admin"}))])

    @router.get("/require")
    async def by_require(_: Annotated[User, Depends(auth.require(claims={"sub": "ada"}))]) -> str:
        return "ok"

    @router.get("/scopes")
    async def by_scopes(
        _: Annotated[User, Security(auth.current_user, scopes=["tasks:read"])],
        __: Annotated[User, Security(auth.optional_user, scopes=["tasks:write"])],
    ) -> str:
        return "ok"

    @router.get("/users/{user_id}")
    async def by_path(
        _: Annotated[User, Depends(auth.user_from_path("user_id"), use_cache=False)],
        __: Annotated[User | None, Depends(auth.optional_user, use_cache=False)],
    ) -> str:
        return "ok"

    @router.websocket("/live")
    async def live(
        websocket: WebSocket,
        user: Annotated[User, Security(auth.current_user, scopes=["tasks:read"])],
    ) -> None:
        await websocket.accept()
        await websocket.send_text(user.id)
        await websocket.close()

    app.include_router(router)
    return app


@pytest.mark.parametrize("path", ["/require", "/scopes", "/users/ada"])
def test_a_request_is_not_its_own_replay(auth: EdgeAuth[Any], edge: Edge, path: str) -> None:
    client, headers = TestClient(used_twice(auth)), bound(edge, path)
    assert outcome(client.get(path, headers=headers)) == "200"
    assert outcome(client.get(path, headers=headers)) == "401 invalid_claim"


def test_a_web_socket_accepts_an_assertion_once(auth: EdgeAuth[Any], edge: Edge) -> None:
    client, headers = TestClient(used_twice(auth)), bound(edge, "/live")
    with client.websocket_connect("/live", headers=headers) as websocket:
        assert websocket.receive_text() == "ada"
    with (
        pytest.raises(WebSocketDenialResponse) as rejected,
        client.websocket_connect("/live", headers=headers),
    ):
        pass
    assert outcome(rejected.value) == "401 invalid_claim"


def test_apps_within_apps_accept_an_assertion_once(auth: EdgeAuth[Any], edge: Edge) -> None:
    app = FastAPI()
    auth.install(app)
    app.mount("/inner", used_twice(auth))
    client, headers = TestClient(app), bound(edge, "/inner/require")
    assert outcome(client.get("/inner/require", headers=headers)) == "200"
    assert outcome(client.get("/inner/require", headers=headers)) == "401 invalid_claim"


def test_middleware_with_a_copy_of_the_scope_accepts_an_assertion_once(
    auth: EdgeAuth[Any], edge: Edge
) -> None:
    app = used_twice(auth)

    async def ask(request: Request, call_next: Callable[[Request], Any]) -> Any:
        connection = HTTPConnection({**request.scope})
        user = await auth.optional_user(connection)
        assert user is not None
        return await call_next(request)

    app.add_middleware(BaseHTTPMiddleware, dispatch=ask)
    headers = bound(edge, "/require")
    assert outcome(TestClient(app).get("/require", headers=headers)) == "200"


def test_two_assertions_of_one_id_are_one(auth: EdgeAuth[Any], edge: Edge) -> None:
    client = TestClient(used_twice(auth))
    assert outcome(client.get("/require", headers=bound(edge, "/require", jti="1"))) == "200"
    again = client.get("/require", headers=bound(edge, "/require", jti="1"))
    assert outcome(again) == "401 invalid_claim"


def test_scopes_that_a_route_names_are_required(auth: EdgeAuth[Any], edge: Edge) -> None:
    app = FastAPI()
    auth.install(app)
    for path, dependency in (
        ("/current", auth.current_user),
        ("/optional", auth.optional_user),
        ("/users/{user_id}", auth.user_from_path("user_id")),
        ("/require", auth.require(claims={"role": "admin"})),
    ):
        security = Security(dependency, scopes=["tasks:delete"])
        app.get(path, dependencies=[security])(lambda: "ok")
    client = TestClient(app)
    for path in ("/current", "/optional", "/users/ada", "/require"):
        response = client.get(path, headers=bound(edge, path))
        assert outcome(response) == "403 insufficient_scope", path
