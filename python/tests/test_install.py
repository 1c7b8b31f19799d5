"""What `install` puts around an app: before every middleware, and for every status."""

import json
from http import HTTPStatus
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.testclient import TestClient
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from better_auth_edge import ConfigurationError, EdgeAuth, EdgeAuthSettings, User, problem_responses
from tests.apps import SECRET, asserted, bearer, by_assertions
from tests.better_auth import ORIGIN, Edge, Publisher

FORGED = {
    "X-Edge-User": "admin",
    "x_edge_user": "admin",
    "Authorization": "Bearer a.b.c",
    "X-User-Email": "admin@example.com",
    "X_User_Email": "admin@example.com",
    "x-user_email": "admin@example.com",
}


class Seeing:
    """Middleware that notes the headers it sees."""

    def __init__(self, app: ASGIApp, seen: list[str]) -> None:
        self.app = app
        self._seen = seen

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            self._seen.extend(name.decode() for name, _ in scope["headers"])
        await self.app(scope, receive, send)


def origin(edge: Edge) -> EdgeAuth[Any]:
    return EdgeAuth(EdgeAuthSettings(edge_jwks_url=edge.url, edge_audience=ORIGIN))


def passed_headers(seen: list[str]) -> set[str]:
    return {name for name in seen if name.startswith(("x", "a"))} - {"accept", "accept-encoding"}


def test_middleware_sees_no_forged_header_whenever_it_was_added(edge: Edge) -> None:
    app, seen = FastAPI(), list[str]()
    app.add_middleware(Seeing, seen=seen)
    origin(edge).install(app, strip_headers=["X-User-Email"])
    app.add_middleware(Seeing, seen=seen)

    @app.middleware("http")
    async def by_decorator(request: Request, call_next: Any) -> Any:
        seen.extend(request.headers.keys())
        return await call_next(request)

    async def dispatch(request: Request, call_next: Any) -> Any:
        seen.extend(request.headers.keys())
        return await call_next(request)

    app.add_middleware(BaseHTTPMiddleware, dispatch=dispatch)

    @app.get("/")
    async def index(request: Request) -> str:
        seen.extend(request.headers.keys())
        return "ok"

    client = TestClient(app)
    headers = {**FORGED, **asserted("a.b.c"), "X-Other": "1"}
    assert client.get("/", headers=headers).json() == "ok"
    assert seen.count("x-other") == 5
    assert passed_headers(seen) == {"x-edge-jwt-assertion", "x-other"}
    client.get("/not-there", headers=headers)
    assert passed_headers(seen) == {"x-edge-jwt-assertion", "x-other"}


@pytest.mark.parametrize("mode", ["jwks", "secret"])
def test_forged_headers_are_taken_off_in_every_mode(better_auth: Publisher, mode: str) -> None:
    own: dict[str, Any] = {"better_auth_url": better_auth.url}
    if mode == "secret":
        own |= {"better_auth_secret": SECRET, "edge_auth_mode": "secret", "environment": "test"}
    auth = EdgeAuth(EdgeAuthSettings(**own))
    app = FastAPI()
    auth.install(app, strip_headers=["X-User-Email"])
    assert auth.mode == mode

    @app.get("/")
    async def index(request: Request) -> list[str]:
        return list(request.headers.keys())

    headers = {**FORGED, **asserted("a.b.c"), "X-Other": "1"}
    seen = TestClient(app).get("/", headers=headers).json()
    assert passed_headers(seen) == {"authorization", "x-edge-jwt-assertion", "x-other"}


@pytest.mark.parametrize("order", [1, -1])
def test_a_token_that_another_mode_removed_is_not_anonymous(
    edge: Edge, better_auth: Publisher, order: int
) -> None:
    tokens = EdgeAuth(EdgeAuthSettings(better_auth_url=better_auth.url))
    app = FastAPI()
    for auth in (origin(edge), tokens)[::order]:
        auth.install(app)

    @app.get("/")
    async def index(user: Annotated[User | None, Depends(tokens.optional_user)]) -> str:
        return "anonymous" if user is None else user.id

    client = TestClient(app)
    response = client.get("/", headers=bearer(better_auth.token()))
    assert (response.status_code, response.json()["code"]) == (401, "wrong_token_type")
    assert client.get("/").json() == "anonymous"


def test_an_app_that_has_started_is_left_alone(edge: Edge) -> None:
    app = FastAPI()
    TestClient(app).get("/")
    with pytest.raises(RuntimeError, match="before the app starts"):
        origin(edge).install(app)


def test_headers_to_take_off_are_a_list(edge: Edge) -> None:
    with pytest.raises(ConfigurationError, match="strip_headers"):
        origin(edge).install(FastAPI(), strip_headers="X-User")


@pytest.mark.parametrize("value", ["a.b.c", "Bearer\ta.b.c", "Bearer:", "eyJ9.e30.AA"])
def test_what_was_taken_off_is_not_forgotten(edge: Edge, value: str) -> None:
    response = by_assertions(edge).get("/perhaps", headers={"Authorization": value})
    assert (response.status_code, response.json()["code"]) == (401, "wrong_token_type")
    other = by_assertions(edge).get("/perhaps", headers={"Authorization": "Basic eDp5"})
    assert other.json() == "anonymous"


def app_with_problems(edge: Edge) -> FastAPI:
    app = FastAPI()
    origin(edge).install(app, all_problems=True)

    @app.get("/{status}")
    async def fail(status: int, detail: str = '"why"') -> None:
        headers = {"X-Own": "1", "Location": "/x"}
        raise HTTPException(status, json.loads(detail), headers)

    return app


KNOWN = [status.value for status in HTTPStatus if status >= 300 and status != 304]


@pytest.mark.parametrize("status", [*KNOWN, 209, 299, 399, 418, 444, 499, 520, 599, 600, 799, 999])
def test_every_status_gets_a_problem(edge: Edge, status: int) -> None:
    client = TestClient(app_with_problems(edge), follow_redirects=False)
    response = client.get(f"/{status}")
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["x-own"] == "1"
    body = response.json()
    assert (body["status"], body["detail"]) == (status, "why")
    assert body["code"].replace("_", "").isalnum()
    assert body["code"] == body["code"].lower()
    assert body["title"]


def test_codes_are_words_and_do_not_depend_on_the_phrase(edge: Edge) -> None:
    client = TestClient(app_with_problems(edge))
    codes = {status: client.get(f"/{status}").json()["code"] for status in (404, 418, 203, 299)}
    assert codes == {
        404: "not_found",
        418: "im_a_teapot",
        203: "non_authoritative_information",
        299: "status_299",
    }


@pytest.mark.parametrize("status", [204, 205, 304])
def test_a_status_that_has_no_body_gets_none(edge: Edge, status: int) -> None:
    response = TestClient(app_with_problems(edge)).get(f"/{status}")
    assert (response.status_code, response.content) == (status, b"")
    assert response.headers["x-own"] == "1"
    assert "content-type" not in response.headers


@pytest.mark.parametrize(
    ("detail", "shown"), [('{"a":1}', '{"a": 1}'), ("[1]", "[1]"), ("7", "7"), ('"x"', "x")]
)
def test_a_detail_of_another_type_is_shown_as_json(edge: Edge, detail: str, shown: str) -> None:
    response = TestClient(app_with_problems(edge)).get("/400", params={"detail": detail})
    assert response.json()["detail"] == shown


def test_the_documents_name_every_status() -> None:
    described = problem_responses(404, 299)
    assert [described[status]["description"] for status in (404, 299)] == [
        "Not Found",
        "Status 299",
    ]
