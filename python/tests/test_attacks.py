"""A client calls the app without the edge, or with an assertion of another user."""

import base64
import json
import time
from collections.abc import Callable
from typing import Annotated, Any
from uuid import uuid4

import pytest
from fastapi import Depends, FastAPI, Request
from fastapi.testclient import TestClient

from better_auth_edge import EdgeAuth, EdgeAuthSettings, User
from better_auth_edge.replay_cache import ReplayCache
from tests.apps import app_for, asserted, bearer, by_assertions, outcome
from tests.better_auth import ORIGIN, Edge, Key, Publisher, base64url

ADA, BOB = "ada", "bob"


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Edge-User": ADA},
        {"x_edge_user": ADA},
        {"X-Edge-User": ADA, "X-Edge-Jwt-Assertion-Claims": "{}"},
        {"X_Edge_Jwt_Assertion": "a.b.c"},
        {"X-Forwarded-User": ADA, "Remote-User": ADA, "Forwarded": "for=127.0.0.1"},
        {"Cookie": f"better-auth.session_token={ADA}"},
    ],
)
def test_headers_alone_identify_no_user(edge: Edge, headers: dict[str, str]) -> None:
    client = by_assertions(edge)
    assert outcome(client.get("/me", headers=headers)) == "401 missing_token"
    assert client.get("/perhaps", headers=headers).json() == "anonymous"


def test_headers_beside_an_assertion_change_nothing(edge: Edge) -> None:
    headers = {**asserted(edge.assertion()), "X-Edge-User": BOB, **bearer("a.b.c")}
    assert by_assertions(edge).get("/sync", headers=headers).json() == ADA


def test_the_app_does_not_see_rejected_assertions(edge: Edge) -> None:
    app = FastAPI()
    auth = EdgeAuth(EdgeAuthSettings(edge_jwks_url=edge.url, edge_audience=ORIGIN))
    auth.install(app, strip_headers=["X-User-Email"])

    @app.get("/headers")
    async def headers(request: Request) -> list[str]:
        return [name for name in request.headers if name.startswith(("x", "a"))]

    forged = ["X-Edge-User", "x_edge_user", "X-EDGE_Role", "x_Edge-Role", "X_Edge_Jwt_Assertion"]
    forged += ["X-User-Email", "x-user-email", "Authorization", "X-Edge-Jwt-Assertion-2"]
    sent = {**dict.fromkeys(forged, "admin"), "X-Edge-Jwt-Assertion": "a.b.c", "X-Other": "1"}
    seen = TestClient(app).get("/headers", headers={**sent, "Accept": "*"}).json()
    assert sorted(set(seen) - {"accept-encoding"}) == ["accept", "x-edge-jwt-assertion", "x-other"]


NOW = time.time()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"exp": NOW - 10, "iat": NOW - 70}, "expired"),
        ({"iat": NOW + 3600, "exp": NOW + 3660}, "not_yet_valid"),
        ({"nbf": NOW + 3600}, "not_yet_valid"),
        ({"exp": NOW + 3600}, "invalid_claim"),
        ({"iat": ...}, "missing_claim"),
        ({"exp": ...}, "missing_claim"),
        ({"jti": ...}, "missing_claim"),
        ({"claims": ...}, "missing_claim"),
        ({"claims": "all"}, "invalid_claim"),
        ({"sub": ...}, "missing_claim"),
        ({"sub": ""}, "invalid_claim"),
        ({"sub": 7}, "invalid_claim"),
        ({"aud": "https://billing.example"}, "audience_mismatch"),
        ({"aud": "http://origin.example"}, "audience_mismatch"),
        ({"aud": ...}, "missing_claim"),
        ({"iss": "https://edge.evil.example"}, "issuer_mismatch"),
        ({"htm": "POST"}, "invalid_claim"),
        ({"htm": None}, "invalid_claim"),
        ({"htu": f"{ORIGIN}/you"}, "invalid_claim"),
        ({"htu": f"{ORIGIN}/me/"}, "invalid_claim"),
        ({"htu": 7}, "invalid_claim"),
        ({"htu": "http://[x"}, "invalid_claim"),
    ],
)
def test_an_assertion_is_refused_with(edge: Edge, changes: dict[str, Any], code: str) -> None:
    headers = asserted(edge.assertion(**changes))
    assert outcome(by_assertions(edge).get("/me", headers=headers)) == f"401 {code}"


def another_edges(edge: Edge) -> str:
    return Key().sign(edge.assertion_claims(), typ="edge-assertion+jwt")


def of_the_same_name(edge: Edge) -> str:
    key = Key()
    key.kid = edge.key.kid
    return key.sign(edge.assertion_claims(), typ="edge-assertion+jwt")


def with_its_own_key(edge: Edge) -> str:
    key = Key()
    return key.sign(edge.assertion_claims(), typ="edge-assertion+jwt", jwk=key.jwk, kid=...)


def unsigned(edge: Edge) -> str:
    header = base64url(json.dumps({"alg": "none", "typ": "edge-assertion+jwt"}).encode())
    return f"{header}.{edge.assertion().split('.')[1]}.AAAA"


def of_another_kind(edge: Edge) -> str:
    return edge.key.sign(edge.assertion_claims(), typ="JWT")


def altered(edge: Edge) -> str:
    header, claims, signature = edge.assertion().split(".")
    changed = base64.urlsafe_b64decode(claims + "==").replace(b"ada", b"bob")
    return f"{header}.{base64url(changed)}.{signature}"


@pytest.mark.parametrize(
    ("forge", "code"),
    [
        (another_edges, "unknown_key"),
        (of_the_same_name, "bad_signature"),
        (with_its_own_key, "bad_signature"),
        (unsigned, "unsupported_algorithm"),
        (of_another_kind, "wrong_token_type"),
        (altered, "bad_signature"),
    ],
)
def test_an_assertion_that_the_edge_did_not_sign_is_rejected(
    edge: Edge, forge: Callable[[Edge], str], code: str
) -> None:
    response = by_assertions(edge).get("/me", headers=asserted(forge(edge)))
    assert outcome(response) == f"401 {code}"


def test_two_assertions_are_a_malformed_request(edge: Edge) -> None:
    client, one = by_assertions(edge), edge.assertion()
    headers = [("X-Edge-Jwt-Assertion", one), ("x-edge-jwt-assertion", edge.assertion(sub=BOB))]
    assert outcome(client.get("/me", headers=headers)) == "400 malformed_request"
    joined = asserted(f"{one}, {one}")
    assert outcome(client.get("/me", headers=joined)) == "401 malformed_token"


def test_an_assertion_opens_its_own_users_paths_only(edge: Edge) -> None:
    client, headers = by_assertions(edge), asserted(edge.assertion())
    assert outcome(client.get("/api/ada/tasks", headers=headers)) == "200"
    assert outcome(client.get("/api/bob/tasks", headers=headers)) == "403 user_mismatch"


def bound(edge: Edge, path: str, method: str = "GET", **changes: object) -> dict[str, str]:
    return asserted(edge.assertion(htm=method, htu=f"{ORIGIN}{path}", **changes))


def test_an_assertion_that_is_bound_is_good_for_its_request_only(edge: Edge) -> None:
    client = by_assertions(edge)
    headers = bound(edge, "/api/%61da/tasks")
    assert outcome(client.get("/api/%61da/tasks?x=1", headers=headers)) == "200"
    assert outcome(client.get("/api/ada/tasks", headers=headers)) == "200"  # the same path
    for other in ("/api/bob/tasks", "/me"):
        assert outcome(client.get(other, headers=headers)) == "401 invalid_claim"


def test_an_assertion_is_accepted_once_only(edge: Edge) -> None:
    app = app_for(
        EdgeAuth(
            EdgeAuthSettings(edge_jwks_url=edge.url, edge_audience=ORIGIN, edge_refuse_replays=True)
        )
    )
    client, headers = TestClient(app), bound(edge, "/me")
    assert outcome(client.get("/me", headers=headers)) == "200"
    assert outcome(client.get("/me", headers=headers)) == "401 invalid_claim"
    assert outcome(client.get("/me", headers=bound(edge, "/me"))) == "200"
    # One that is not bound may be any request's, and the edge uses it for several.
    unbound = asserted(edge.assertion())
    assert outcome(client.get("/me", headers=unbound)) == "401 missing_claim"


def test_dependencies_of_one_request_use_an_assertion_once(edge: Edge) -> None:
    settings = EdgeAuthSettings(
        edge_jwks_url=edge.url, edge_audience=ORIGIN, edge_refuse_replays=True
    )
    auth = EdgeAuth(settings)
    app = FastAPI()

    @app.get("/api/{user_id}", dependencies=[Depends(auth.require(claims={"sub": "ada"}))])
    async def both(
        _: Annotated[User, Depends(auth.current_user)],
        __: Annotated[User | None, Depends(auth.optional_user)],
        ___: Annotated[User, Depends(auth.user_from_path("user_id"))],
    ) -> str:
        return "ok"

    assert TestClient(app).get("/api/ada", headers=bound(edge, "/api/ada")).json() == "ok"


def test_without_replay_rejection_an_assertion_is_valid_for_its_minute(edge: Edge) -> None:
    client, headers = by_assertions(edge), asserted(edge.assertion())
    assert [outcome(client.get("/me", headers=headers)) for _ in range(3)] == ["200"] * 3


def test_the_replay_cache_is_bounded_by_time_and_number() -> None:
    replays = ReplayCache(capacity=3)
    for number in range(10):
        replays.use(str(number), until=60, now=0)
    assert len(replays) == 3
    replays.use("late", until=130, now=61)
    assert len(replays) == 1


def test_a_better_auth_that_shares_the_edges_name_is_not_an_edge(
    edge: Edge, better_auth: Publisher
) -> None:
    claims = edge.assertion_claims()
    token = better_auth.key.sign(claims, typ="edge-assertion+jwt")
    assert outcome(by_assertions(edge).get("/me", headers=asserted(token))) == "401 unknown_key"


def test_a_path_of_another_user_stays_closed_in_every_spelling(edge: Edge) -> None:
    uuid = str(uuid4())
    claims = {"sub": ADA, "uuid": uuid}
    client, headers = by_assertions(edge), asserted(edge.assertion(sub=uuid, claims=claims))
    for path in (f"/api/{uuid}/../bob/tasks", "/api/bob%2Ftasks/tasks", f"/api/{uuid}%00/tasks"):
        assert client.get(path, headers=headers).status_code in (403, 404), path
