"""What an override of `current_user` may be, and that nothing opens by one that is not a user."""

from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI, Request, Security
from fastapi.testclient import TestClient

from better_auth_edge import ConfigurationError, EdgeAuth, User
from tests.apps import bearer, outcome
from tests.better_auth import Publisher
from tests.test_overrides import app_of, auth, by_def

__all__ = ["auth"]

PROTECTED = ("/me", "/both", "/users/ada", "/admin", "/scoped", "/by-email/a@example.com")


def overridden(auth: EdgeAuth[Any], override: Any) -> TestClient:
    app = app_of(auth)
    add_scoped(app, auth)
    app.dependency_overrides[auth.current_user] = override
    return TestClient(app)


def add_scoped(app: FastAPI, auth: EdgeAuth[Any]) -> None:
    by_path = auth.user_from_path("user_id")
    admin = auth.require(claims={"role": "admin"})

    @app.get("/scopes/current", dependencies=[Security(auth.current_user, scopes=["tasks:write"])])
    @app.get(
        "/scopes/optional", dependencies=[Security(auth.optional_user, scopes=["tasks:write"])]
    )
    @app.get("/scopes/path/{user_id}", dependencies=[Security(by_path, scopes=["tasks:write"])])
    @app.get("/scopes/require", dependencies=[Security(admin, scopes=["tasks:write"])])
    async def scoped() -> str:
        return "ok"


SCOPED = ("/scopes/current", "/scopes/optional", "/scopes/path/ada", "/scopes/require")


@pytest.mark.parametrize("scope", [None, "tasks:read"])
def test_scopes_of_security_are_checked(auth: EdgeAuth[Any], scope: str | None) -> None:
    user = User.for_test("ada", role="admin", scope=scope)
    client = overridden(auth, lambda: user)
    for path in SCOPED:
        assert outcome(client.get(path)) == "403 insufficient_scope", path
    user = User.for_test("ada", role="admin", scope="tasks:read tasks:write")
    assert [client.get(path).json() for path in SCOPED] == ["ok"] * 4


def test_scopes_are_checked_without_install_too(better_auth: Publisher) -> None:
    app, auth = FastAPI(), EdgeAuth.from_env(better_auth_url=better_auth.url)
    add_scoped(app, auth)
    app.dependency_overrides[auth.current_user] = lambda: User.for_test("ada", role="admin")
    client = TestClient(app)
    assert [client.get(path).status_code for path in SCOPED[1:]] == [403] * 3
    app.dependency_overrides[auth.current_user] = lambda: None
    assert [client.get(path).status_code for path in SCOPED[2:]] == [401] * 2


def test_an_override_may_ask_for_the_real_user(better_auth: Publisher) -> None:
    auth = EdgeAuth.from_env(better_auth_url=better_auth.url)

    async def by_optional(user: Annotated[User | None, Depends(auth.optional_user)]) -> User:
        return user or User.for_test("ada")

    async def by_current(user: Annotated[User, Depends(auth.current_user)]) -> User:
        return User.for_test(f"as-{user.id}")

    headers = bearer(better_auth.token(sub="bob"))
    client = overridden(auth, by_optional)
    for path in ("/me", "/perhaps", "/both", "/users/ada"):
        assert client.get(path).json() == "ada", path
    for path in ("/me", "/perhaps", "/both", "/users/bob"):
        assert client.get(path, headers=headers).json() == "bob", path
    client = overridden(auth, by_current)
    for path in ("/me", "/perhaps", "/both", "/users/as-bob"):
        assert client.get(path, headers=headers).json() == "as-bob", path
        assert outcome(client.get(path)) == "401 missing_token", path


@pytest.mark.parametrize("is_async", [False, True])
def test_a_generator_runs_once_for_a_request(auth: EdgeAuth[Any], is_async: bool) -> None:
    steps: list[str] = []

    def by_generator() -> Iterator[User]:
        steps.append("begins")
        yield User.for_test("ada")
        steps.append("ends")

    async def by_async_generator() -> AsyncIterator[User]:
        steps.append("begins")
        yield User.for_test("ada")
        steps.append("ends")

    client = overridden(auth, by_async_generator if is_async else by_generator)
    for path in ("/me", "/perhaps", "/both", "/users/ada"):
        steps.clear()
        assert client.get(path).json() == "ada", path
        assert steps == ["begins", "ends"], path


def test_an_override_that_gives_none_is_a_request_of_no_user(auth: EdgeAuth[Any]) -> None:
    client = overridden(auth, lambda: None)
    assert client.get("/perhaps").json() == "anonymous"
    for path in (*PROTECTED, "/scopes/current"):
        assert outcome(client.get(path)) == "401 missing_token", path


@pytest.mark.parametrize("value", ["ada", {"id": "ada"}, User, object()], ids=str)
def test_an_override_that_gives_no_user_says_what_it_must_give(
    auth: EdgeAuth[Any], value: object
) -> None:
    client = overridden(auth, lambda: value)
    for path in ("/perhaps", *PROTECTED):
        with pytest.raises(ConfigurationError, match=r"must return a User: User\.for_test"):
            client.get(path)


def test_an_override_reads_the_path_and_may_change(auth: EdgeAuth[Any]) -> None:
    async def by_path(request: Request, user_id: str = "none") -> User:
        return User.for_test(user_id)

    app = app_of(auth)
    app.dependency_overrides[auth.current_user] = by_path
    client = TestClient(app)
    assert client.get("/users/cleo").json() == "cleo"
    app.dependency_overrides[auth.current_user] = by_def
    assert client.get("/both").json() == "ada"
    del app.dependency_overrides[auth.current_user]
    assert outcome(client.get("/both")) == "401 missing_token"


def test_an_override_of_optional_user_alone_stands_for_all(auth: EdgeAuth[Any]) -> None:
    app = app_of(auth)
    app.dependency_overrides[auth.optional_user] = by_def
    client = TestClient(app)
    assert [client.get(path).json() for path in ("/me", "/perhaps", "/both")] == ["ada"] * 3
    app.dependency_overrides[auth.optional_user] = lambda: None
    assert client.get("/perhaps").json() == "anonymous"
    assert outcome(client.get("/me")) == "401 missing_token"
