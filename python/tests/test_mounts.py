"""Mounted apps: a request with invalid credentials is rejected, and never treated as anonymous."""

from collections.abc import Callable
from itertools import product
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request
from fastapi.responses import PlainTextResponse
from fastapi.testclient import TestClient
from starlette.applications import Starlette
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import Mount
from starlette.testclient import WebSocketDenialResponse

from better_auth_edge import EdgeAuth, EdgeAuthSettings, User
from tests.apps import add_live, asserted, bearer, outcome
from tests.better_auth import ORIGIN, Edge, Publisher


def app_of(auth: EdgeAuth[Any]) -> FastAPI:
    app = FastAPI()

    @app.get("/perhaps")
    async def perhaps(user: Annotated[User | None, Depends(auth.optional_user)]) -> str:
        return "anonymous" if user is None else user.id

    @app.get("/users/{user_id}")
    async def by_path(user: Annotated[User, Depends(auth.user_from_path("user_id"))]) -> str:
        return user.id

    @app.get("/verify")
    async def verify(token: str) -> str:
        user: User = await auth.verify(token)
        return user.id

    add_live(app, auth)
    return app


async def passed_on(request: Request, call_next: Callable[[Request], Any]) -> Any:
    return await call_next(request)


def mounted(app: FastAPI, inner: FastAPI, way: str) -> None:
    """At `/inner`, in one of the ways that there are."""
    if way == "mount":
        app.mount("/inner", inner)
    elif way == "below a Starlette app":
        app.mount("/inn", Starlette(routes=[Mount("/x", app=inner)]))
        app.mount("/inner", Starlette(routes=[Mount("/", app=inner)]))
    elif way == "routes of a Mount":
        app.router.routes.append(Mount("/inner", routes=[Mount("/", app=inner)]))
    elif way == "below a router":
        router = APIRouter()
        router.mount("/", inner)
        app.mount("/inner", router)
    elif way == "within middleware":
        app.mount("/inner", GZipMiddleware(BaseHTTPMiddleware(inner, dispatch=passed_on)))
        app.add_middleware(BaseHTTPMiddleware, dispatch=passed_on)
    elif way == "two apps down":
        between = FastAPI()
        between.mount("/er", inner)
        app.mount("/inn", between)
        app.mount("/inner", inner)
    elif way == "after it has started":
        TestClient(inner).get("/perhaps")
        app.mount("/inner", inner)


WAYS = [
    "mount",
    "below a Starlette app",
    "routes of a Mount",
    "below a router",
    "within middleware",
    "two apps down",
    "after it has started",
]
INSTALLED = [(main, inner) for main, inner in product(("same", "other", ""), repeat=2)]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("on_main", "on_inner"), INSTALLED)
def test_a_bearer_token_without_an_assertion_is_never_anonymous(
    edge: Edge, better_auth: Publisher, on_main: str, on_inner: str, way: str
) -> None:
    settings = EdgeAuthSettings(edge_jwks_url=edge.url, edge_audience=ORIGIN)
    auth, other = EdgeAuth(settings), EdgeAuth(settings)
    app, inner = app_of(auth), app_of(auth)
    for one, name in ((app, on_main), (inner, on_inner)):
        if name:
            (auth if name == "same" else other).install(one)
    mounted(app, inner, way)
    client = TestClient(app)
    token, assertion = bearer(better_auth.token()), asserted(edge.assertion())
    is_problem = bool(on_main or on_inner)
    for path in ("/inner/perhaps", "/inner/users/ada"):
        rejected = client.get(path, headers=token)
        assert rejected.status_code == 401, path
        if is_problem:
            assert outcome(rejected) == "401 wrong_token_type"
            assert rejected.text.count('"code"') == 1
        for headers in (assertion, {**token, **assertion}):
            assert client.get(path, headers=headers).json() == "ada", path
    assert client.get("/inner/perhaps").json() == "anonymous"
    assert client.get("/inner/users/bob", headers=assertion).status_code == 403
    if is_problem:
        assert outcome(client.get("/inner/users/bob", headers=assertion)) == "403 user_mismatch"
        assert outcome(client.get("/inner/verify?token=a.b.c")) == "401 malformed_token"
    with client.websocket_connect("/inner/live", headers={**token, **assertion}) as websocket:
        assert websocket.receive_text() == "ada"
    if not is_problem:
        return  # Some versions of Starlette send no response for a WebSocket's exception
    for headers, protocols in ((token, None), ({}, ["bearer", better_auth.token()])):
        with (
            pytest.raises(WebSocketDenialResponse) as denied,
            client.websocket_connect("/inner/live", headers={**headers}, subprotocols=protocols),
        ):
            pass
        assert outcome(denied.value) == "401 wrong_token_type"


@pytest.mark.parametrize("inner_installs", [True, False])
def test_an_app_that_verifies_by_itself_within_one_behind_the_edge_rejects_and_says_why(
    edge: Edge, better_auth: Publisher, inner_installs: bool
) -> None:
    behind_edge = EdgeAuth(EdgeAuthSettings(edge_jwks_url=edge.url, edge_audience=ORIGIN))
    by_itself = EdgeAuth(EdgeAuthSettings(better_auth_url=better_auth.url))
    app, inner = app_of(behind_edge), app_of(by_itself)
    behind_edge.install(app)
    if inner_installs:
        by_itself.install(inner)
    app.mount("/inner", inner)
    client = TestClient(app)
    response = client.get("/inner/perhaps", headers=bearer(better_auth.token()))
    assert outcome(response) == "401 wrong_token_type"
    assert "was removed" in response.json()["detail"]


@pytest.mark.parametrize("inner_installs", [True, False])
def test_an_app_behind_the_edge_within_one_that_verifies_by_itself_gets_its_assertion(
    edge: Edge, better_auth: Publisher, inner_installs: bool
) -> None:
    by_itself = EdgeAuth(EdgeAuthSettings(better_auth_url=better_auth.url))
    behind_edge = EdgeAuth(EdgeAuthSettings(edge_jwks_url=edge.url, edge_audience=ORIGIN))
    app, inner = app_of(by_itself), app_of(behind_edge)
    by_itself.install(app)
    if inner_installs:
        behind_edge.install(inner)
    app.mount("/inner", inner)
    client = TestClient(app)
    token, assertion = bearer(better_auth.token(sub="bob")), asserted(edge.assertion())
    both = {**token, **assertion}
    assert client.get("/perhaps", headers=both).json() == "bob"
    assert client.get("/inner/perhaps", headers=both).json() == "ada"
    assert outcome(client.get("/inner/perhaps", headers=token)) == "401 wrong_token_type"
    assert outcome(client.get("/perhaps", headers=assertion)) == "401 wrong_token_type"


def test_a_mounted_app_keeps_its_own_error_handlers(edge: Edge) -> None:
    auth = EdgeAuth(EdgeAuthSettings(edge_jwks_url=edge.url, edge_audience=ORIGIN))
    app, inner = app_of(auth), app_of(auth)
    auth.install(app)
    app.mount("/inner", inner)

    @inner.exception_handler(HTTPException)
    async def own(_: Request, error: HTTPException) -> PlainTextResponse:
        return PlainTextResponse("own", error.status_code)

    assert TestClient(app).get("/inner/users/ada").text == "own"


@pytest.mark.parametrize("on_inner", [True, False])
def test_an_error_of_an_inner_app_gets_one_problem_response(edge: Edge, on_inner: bool) -> None:
    auth = EdgeAuth(EdgeAuthSettings(edge_jwks_url=edge.url, edge_audience=ORIGIN))
    app, inner = app_of(auth), app_of(auth)
    auth.install(app, all_problems=True)
    auth.install(app, all_problems=True)
    if on_inner:
        auth.install(inner, all_problems=True)
    inner.get("/fail")(lambda: 1 / 0)
    app.mount("/inner", inner)
    client = TestClient(app, raise_server_exceptions=False)
    assert outcome(client.get("/inner/users/ada")) == "401 missing_token"
    assert client.get("/inner/fail").status_code == 500
    missing = client.get("/inner/not-there")
    assert missing.json().get("code") == ("not_found" if on_inner else None)
