"""A test of the app puts a user in the place of real ones by one override, and all dependencies
agree with it.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Annotated, Any
from uuid import UUID, uuid4

import pytest
from fastapi import APIRouter, Depends, FastAPI, Request, WebSocket
from fastapi.security import SecurityScopes
from fastapi.testclient import TestClient
from pydantic import Field
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import HTTPConnection

from better_auth_edge import EdgeAuth, EdgeAuthError, EdgeAuthSettings, User
from tests.apps import asserted, bearer, outcome
from tests.better_auth import ORIGIN, Edge, Publisher

ID = uuid4()


class Member(User):
    role: str = "member"
    is_banned: bool = Field(default=False, alias="isBanned")


def app_of(auth: EdgeAuth[Any]) -> FastAPI:
    app, inner, router = FastAPI(), FastAPI(), APIRouter(prefix="/router")
    auth.install(app)
    for routes in (app, inner, router):
        add_routes(routes, auth)
    app.include_router(router)
    app.mount("/inner", inner)
    app.state.inner = inner
    return app


def add_routes(routes: FastAPI | APIRouter, auth: EdgeAuth[Any]) -> None:
    @routes.get("/me")
    async def me(user: Annotated[User, Depends(auth.current_user)]) -> str:
        return user.id

    @routes.get("/perhaps")
    def perhaps(user: Annotated[User | None, Depends(auth.optional_user)]) -> str:
        return "anonymous" if user is None else user.id

    @routes.get("/both")
    async def both(
        perhaps: Annotated[User | None, Depends(auth.optional_user)],
        user: Annotated[User, Depends(auth.current_user)],
    ) -> str:
        return user.id if perhaps is not None and perhaps.id == user.id else "not the same"

    @routes.get("/users/{user_id}")
    async def by_path(user: Annotated[User, Depends(auth.user_from_path("user_id"))]) -> str:
        return user.id

    email = auth.user_from_path("email", claim="email")

    @routes.get("/by-email/{email}", dependencies=[Depends(email)])
    async def by_email() -> str:
        return "ok"

    @routes.get("/admin", dependencies=[Depends(auth.require(claims={"role": "admin"}))])
    async def admin() -> str:
        return "ok"

    @routes.get("/scoped", dependencies=[Depends(auth.require(scopes=["tasks:read"]))])
    async def scoped() -> str:
        return "ok"

    @routes.websocket("/live/{user_id}")
    async def live(
        websocket: WebSocket,
        user: Annotated[User, Depends(auth.user_from_path("user_id"))],
        perhaps: Annotated[User | None, Depends(auth.optional_user)],
    ) -> None:
        await websocket.accept()
        await websocket.send_text(f"{user.id} {perhaps and perhaps.id}")
        await websocket.close()


@pytest.fixture(params=["jwks", "assertion"])
def auth(request: pytest.FixtureRequest, better_auth: Publisher, edge: Edge) -> EdgeAuth[Any]:
    if request.param == "jwks":
        return EdgeAuth(EdgeAuthSettings(better_auth_url=better_auth.url))
    return EdgeAuth(EdgeAuthSettings(edge_jwks_url=edge.url, edge_audience=ORIGIN))


def client_as(auth: EdgeAuth[Any], override: Any) -> TestClient:
    app = app_of(auth)
    for one in (app, app.state.inner):
        one.dependency_overrides = {auth.current_user: override}
    return TestClient(app)


BY_HAND = [
    User(id="ada", uuid=ID, email="ada@example.com"),
    User(id="ada", uuid=ID, claims={"uuid": str(ID), "email": "ada@example.com"}),
    User.for_test("ada", uuid=ID, email="ada@example.com"),
    User.for_test(id="ada", uuid=str(ID), email="ada@example.com"),
    Member(id="ada", uuid=ID, email="ada@example.com", role="member"),
]


@pytest.mark.parametrize("prefix", ["", "/inner", "/router"])
@pytest.mark.parametrize("user", BY_HAND, ids=range(len(BY_HAND)))
def test_all_dependencies_agree_with_one_override(
    auth: EdgeAuth[Any], user: User, prefix: str
) -> None:
    client = client_as(auth, lambda: user)
    for path in ("/me", "/perhaps", "/both", "/users/ada", f"/users/{ID}"):
        assert client.get(prefix + path).json() == "ada", path
    assert client.get(f"{prefix}/by-email/ada@example.com").json() == "ok"
    for path, code in (
        ("/users/bob", "user_mismatch"),
        (f"/users/{uuid4()}", "user_mismatch"),
        ("/by-email/bob@example.com", "user_mismatch"),
        ("/admin", "insufficient_claims"),
        ("/scoped", "insufficient_scope"),
    ):
        response = client.get(prefix + path)
        assert response.status_code == 403, path
        assert code == response.json()["code"], path
    with client.websocket_connect(f"{prefix}/live/ada") as websocket:
        assert websocket.receive_text() == "ada ada"


@pytest.mark.parametrize(
    "user",
    [
        User.for_test("ada", role="admin", scope="tasks:read tasks:write"),
        User.for_test("ada", role=["editor", "admin"], scope="tasks:read"),
        User(id="ada", claims={"role": "admin", "scope": "tasks:read"}),
        Member.for_test("ada", role="admin", scope="tasks:read", isBanned=True),
    ],
    ids=range(4),
)
def test_requirements_are_held_against_its_claims(auth: EdgeAuth[Any], user: User) -> None:
    client = client_as(auth, lambda: user)
    assert [client.get(path).json() for path in ("/admin", "/scoped")] == ["ok", "ok"]
    member = client_as(auth, lambda: Member(id="ada", role="admin"))
    assert member.get("/admin").json() == "ok"


def by_def() -> User:
    return User.for_test("ada")


async def by_async_def(request: Request) -> User:
    return User.for_test(request.headers.get("x-user", "ada"))


def by_generator() -> Iterator[User]:
    yield User.for_test("ada")


async def by_async_generator(user: Annotated[User, Depends(by_def)]) -> AsyncIterator[User]:
    yield user


class ByClass:
    async def __call__(self, user: str = "ada") -> User:
        return User.for_test(user)


def by_security(scopes: SecurityScopes) -> User:
    return User.for_test("ada", scope=scopes.scope_str)


@pytest.mark.parametrize(
    "override",
    [by_def, by_async_def, by_generator, by_async_generator, ByClass(), by_security],
    ids=range(6),
)
def test_an_override_may_be_any_dependency(auth: EdgeAuth[Any], override: Any) -> None:
    client = client_as(auth, override)
    for path in ("/me", "/perhaps", "/both", "/users/ada"):
        assert client.get(path).json() == "ada", path


def test_an_override_can_reject(auth: EdgeAuth[Any]) -> None:
    def expired() -> User:
        raise EdgeAuthError("expired", "the token expired 1 s ago")

    client = client_as(auth, expired)
    for path in ("/me", "/perhaps", "/admin", "/users/ada"):
        assert outcome(client.get(path)) == "401 expired", path


def test_an_override_that_lacks_its_input_is_the_callers_fault(auth: EdgeAuth[Any]) -> None:
    async def needs_input(user: int) -> User:
        return User.for_test(str(user))

    client = client_as(auth, needs_input)
    assert [client.get(path).status_code for path in ("/me", "/perhaps")] == [422, 422]
    assert client.get("/perhaps", params={"user": 7}).json() == "7"


def test_credentials_do_not_count_beside_it(auth: EdgeAuth[Any]) -> None:
    client = client_as(auth, by_def)
    for headers in (bearer("a.b.c"), {"Authorization": "Bearer"}, asserted("a.b.c")):
        assert client.get("/perhaps", headers=headers).json() == "ada"


def test_an_override_of_its_own_comes_first(auth: EdgeAuth[Any]) -> None:
    app = app_of(auth)
    app.dependency_overrides = {
        auth.current_user: by_def,
        auth.optional_user: lambda: User.for_test("bob"),
    }
    client = TestClient(app)
    assert [client.get(path).json() for path in ("/me", "/perhaps")] == ["ada", "bob"]


def test_middleware_that_asks_agrees_too(auth: EdgeAuth[Any]) -> None:
    app = app_of(auth)
    app.dependency_overrides[auth.current_user] = by_async_generator

    async def ask(request: Request, call_next: Callable[[Request], Any]) -> Any:
        user = await auth.optional_user(HTTPConnection(request.scope))
        assert user is not None
        return await call_next(request)

    app.add_middleware(BaseHTTPMiddleware, dispatch=ask)
    assert TestClient(app).get("/me").json() == "ada"


def test_without_an_override_nothing_changes(auth: EdgeAuth[Any]) -> None:
    app = app_of(auth)
    client = TestClient(app)
    assert outcome(client.get("/both")) == "401 missing_token"
    assert client.get("/perhaps").json() == "anonymous"
    other = EdgeAuth(EdgeAuthSettings(better_auth_url="http://127.0.0.1:9"))
    app.dependency_overrides[other.current_user] = by_def
    assert outcome(client.get("/both")) == "401 missing_token"
    assert client.get("/perhaps").json() == "anonymous"
    app.dependency_overrides[auth.current_user] = by_def
    assert client.get("/perhaps").json() == "ada"
    app.dependency_overrides.clear()
    assert client.get("/perhaps").json() == "anonymous"


def test_a_user_for_a_test_is_as_a_token_makes_it() -> None:
    member = Member.for_test("ada", uuid=ID, name="Ada", role="admin", isBanned=True, level=None)
    assert (member.id, member.uuid, member.name, member.email) == ("ada", ID, "Ada", None)
    assert (member.role, member.is_banned) == ("admin", True)
    assert member.claims == {
        **{"sub": "ada", "uuid": str(ID), "name": "Ada"},
        **{"role": "admin", "isBanned": True, "level": None},
    }
    assert User.for_test().id
    with pytest.raises(EdgeAuthError, match="role"):
        Member.for_test("ada", role=7)
    with pytest.raises(TypeError, match="each claim by its name"):
        User.for_test("ada", claims={"role": "admin"})
    with pytest.raises(TypeError, match="sub is the id"):
        User.for_test("ada", sub="bob")
    assert User.for_test("ada", sub="ada").claims == {"sub": "ada"}


class Defaults(User):
    email: str | None = "default@example.com"
    uuid: UUID | None = ID


@pytest.mark.parametrize("claims", [{}, {"email": None, "uuid": None}, {"email": 7}])
def test_only_claims_count_where_a_token_made_the_user(edge: Edge, claims: dict[str, Any]) -> None:
    settings = EdgeAuthSettings(edge_jwks_url=edge.url, edge_audience=ORIGIN)
    auth = EdgeAuth(settings, user_model=Defaults)
    client = TestClient(app_of(auth))
    headers = asserted(edge.assertion(claims=claims))
    for path in ("/by-email/default@example.com", f"/users/{ID}"):
        assert outcome(client.get(path, headers=headers)) == "403 user_mismatch"
