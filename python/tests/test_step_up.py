"""Routes that need a recent sign-in (RFC 9470). The core has the rule: tests/gateway/step_up.rs."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response

from better_auth_edge import ConfigurationError, EdgeAuth, EdgeAuthSettings, User
from tests.apps import asserted, bearer, outcome
from tests.better_auth import ORIGIN, Edge, Publisher

NOW = 1_900_000_000.0


def client_for(
    clock: Callable[[], float] = time.time, **settings: Any
) -> tuple[TestClient, EdgeAuth[User]]:
    auth = EdgeAuth(EdgeAuthSettings(**settings), clock=clock)
    app = FastAPI()
    auth.install(app)

    @app.post("/password", dependencies=[Depends(auth.require(max_session_age=600))])
    async def password() -> str:
        return "ok"

    admin = auth.require(claims={"role": "admin"}, max_session_age=600)

    @app.post("/admin", dependencies=[Depends(admin)])
    async def of_admins() -> str:
        return "ok"

    @app.post("/me", dependencies=[Depends(auth.current_user)])
    async def me() -> str:
        return "ok"

    return TestClient(app), auth


def visit(better_auth: Publisher, path: str = "/password", **claims: object) -> Response:
    client, _ = client_for(lambda: NOW, better_auth_url=better_auth.url)
    token = better_auth.token(iat=NOW, exp=NOW + 900, **claims)
    return client.post(path, headers=bearer(token))


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "200"),
        (599.75, "200"),
        (600, "200"),
        (600.25, "401 session_too_old"),
        (86_400, "401 session_too_old"),
        (-4, "200"),
        (-6, "401 invalid_claim"),
    ],
)
def test_the_session_must_have_begun_within_the_last_ten_minutes(
    better_auth: Publisher, seconds: float, expected: str
) -> None:
    assert outcome(visit(better_auth, session_iat=NOW - seconds)) == expected
    if seconds > 0:
        assert outcome(visit(better_auth, "/me", session_iat=NOW - seconds)) == "200"


@pytest.mark.parametrize("claims", [{}, {"session_iat": None}])
def test_a_token_that_does_not_say_when_is_rejected(
    better_auth: Publisher, claims: dict[str, Any]
) -> None:
    assert outcome(visit(better_auth, **claims)) == "401 session_too_old"


def test_the_challenge_asks_for_a_new_sign_in(better_auth: Publisher) -> None:
    response = visit(better_auth, session_iat=NOW - 601)
    assert response.headers["www-authenticate"] == (
        'Bearer realm="better-auth-edge", error="insufficient_user_authentication", '
        'error_description="A newer sign-in is required", max_age="600"'
    )


def test_other_requirements_are_checked_first(better_auth: Publisher) -> None:
    old = NOW - 3_600
    seen = outcome(visit(better_auth, "/admin", session_iat=old, role="user"))
    assert seen == "403 insufficient_claims"
    seen = outcome(visit(better_auth, "/admin", session_iat=old, role="admin"))
    assert seen == "401 session_too_old"


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({"session_iat": NOW - 10}, "200"),
        ({"session_iat": NOW - 610}, "401 session_too_old"),
        ({}, "401 session_too_old"),
        ({"session_iat": "yesterday"}, "401 invalid_claim"),
        ({"session_iat": True}, "401 invalid_claim"),
        ({"session_iat": NOW + 60}, "401 invalid_claim"),
    ],
)
def test_an_assertion_says_when_the_session_began(
    edge: Edge, claims: dict[str, Any], expected: str
) -> None:
    client, _ = client_for(lambda: NOW, edge_jwks_url=edge.url, edge_audience=ORIGIN)
    assertion = edge.assertion(iat=NOW, exp=NOW + 60, claims={"sub": "ada", **claims})
    assert outcome(client.post("/password", headers=asserted(assertion))) == expected


def test_a_token_that_was_verified_before_becomes_too_old(better_auth: Publisher) -> None:
    now = NOW
    client, _ = client_for(lambda: now, better_auth_url=better_auth.url)
    headers = bearer(better_auth.token(iat=NOW, exp=NOW + 900, session_iat=NOW - 590))
    assert outcome(client.post("/password", headers=headers)) == "200"
    now += 11
    assert outcome(client.post("/password", headers=headers)) == "401 session_too_old"


def test_a_test_user_has_the_session_that_the_test_says(better_auth: Publisher) -> None:
    client, auth = client_for(better_auth_url=better_auth.url)
    app: Any = client.app
    for user, expected in [
        (User.for_test(session_iat=time.time() - 5), "200"),
        (User.for_test(session_iat=time.time() - 700), "401 session_too_old"),
        (User.for_test(), "401 session_too_old"),
    ]:
        app.dependency_overrides[auth.current_user] = lambda user=user: user
        assert outcome(client.post("/password")) == expected


@pytest.mark.parametrize("age", [0, -1, 0.5, 31_536_001, "600", True, [600], float("nan")])
def test_an_age_that_is_not_a_number_of_seconds_is_an_error(
    better_auth: Publisher, age: Any
) -> None:
    auth = EdgeAuth(EdgeAuthSettings(better_auth_url=better_auth.url))
    with pytest.raises(ConfigurationError, match="max_session_age: is not a whole number"):
        auth.require(max_session_age=age)
