"""The dependencies, seen by a caller over HTTP."""

import time
from typing import Annotated, Any
from urllib.parse import unquote
from uuid import uuid4

import jwt
import pytest
from fastapi import Depends, FastAPI, WebSocket
from fastapi.testclient import TestClient
from starlette.testclient import WebSocketDenialResponse

from better_auth_edge import EdgeAuth, EdgeAuthError, EdgeAuthSettings, User
from tests.apps import (
    SECRET,
    app_for,
    asserted,
    bearer,
    by_assertions,
    by_secret,
    by_tokens,
    outcome,
)
from tests.better_auth import GENERATE, JSON, ORIGIN, Edge, Publisher

UUID = str(uuid4())


def secret_token(**changes: object) -> str:
    now = int(time.time())
    claims = {"iss": "http://auth.example", "aud": "http://auth.example", "sub": "ada"}
    return jwt.encode({**claims, "exp": now + 900, **changes}, SECRET, algorithm="HS256")


def test_a_user_is_known_by_the_claims_of_the_token(better_auth: Publisher) -> None:
    user = by_tokens(better_auth).get("/me", headers=bearer(better_auth.token(uuid=UUID))).json()
    assert (user["id"], user["uuid"]) == ("ada", UUID)
    assert (user["email"], user["name"]) == ("ada@example.com", "Ada Lovelace")
    assert user["claims"]["iss"] == better_auth.url


def test_a_user_is_known_by_what_the_edge_passes_on(edge: Edge) -> None:
    claims = {"sub": "ada", "uuid": UUID, "email": "ada@example.com", "name": None}
    assertion = edge.assertion(sub=UUID, claims=claims)
    user = by_assertions(edge).get("/me", headers=asserted(assertion)).json()
    assert (user["id"], user["uuid"]) == (UUID, UUID)
    assert (user["email"], user["name"]) == ("ada@example.com", None)
    assert user["claims"] == claims


def test_a_user_is_known_by_a_shared_secret() -> None:
    assert by_secret().get("/sync", headers=bearer(secret_token())).json() == "ada"
    altered = jwt.encode({"sub": "ada"}, SECRET.upper(), algorithm="HS256")
    assert outcome(by_secret().get("/me", headers=bearer(altered))) == "401 bad_signature"


@pytest.mark.parametrize("algorithm", GENERATE)
def test_every_algorithm_of_better_auth_is_verified(algorithm: str) -> None:
    with Publisher(algorithm) as better_auth:
        client = by_tokens(better_auth)
        assert client.get("/sync", headers=bearer(better_auth.token())).json() == "ada"
        header, claims, signature = better_auth.token().split(".")
        other = "A" if signature[9] != "A" else "B"
        altered = f"{header}.{claims}.{signature[:9]}{other}{signature[10:]}"
        assert outcome(client.get("/me", headers=bearer(altered))) == "401 bad_signature"


def test_an_algorithm_that_is_not_in_the_settings_is_rejected(better_auth: Publisher) -> None:
    client = by_tokens(better_auth, algorithms="ES256, RS256")
    rejected = client.get("/me", headers=bearer(better_auth.token()))
    assert outcome(rejected) == "401 unsupported_algorithm"
    assert better_auth.fetches == 0


def test_a_request_without_credentials_is_anonymous_on_optional_routes(
    better_auth: Publisher, edge: Edge
) -> None:
    for client in (by_tokens(better_auth), by_assertions(edge), by_secret()):
        assert client.get("/perhaps").json() == "anonymous"
        for path in ("/me", "/sync", f"/api/{UUID}/tasks", "/admin", "/scoped"):
            assert outcome(client.get(path)) == "401 missing_token"
    assert by_tokens(better_auth).get("/perhaps", headers={"Authorization": "Basic eDp5"}).json()


@pytest.mark.parametrize("path", ["/me", "/perhaps"])
def test_the_wrong_kind_of_credential_is_rejected_and_never_downgraded(
    better_auth: Publisher, edge: Edge, path: str
) -> None:
    token, assertion, secret = better_auth.token(), edge.assertion(), secret_token()

    def of(client: TestClient, headers: dict[str, str]) -> str:
        return outcome(client.get(path, headers=headers))

    for wrong in (bearer(token), bearer(assertion), bearer(secret), asserted(token)):
        assert of(by_assertions(edge), wrong) == "401 wrong_token_type"
    assert of(by_assertions(edge), asserted(secret)) == "401 wrong_token_type"
    for client in (by_tokens(better_auth), by_secret()):
        assert of(client, asserted(assertion)) == "401 wrong_token_type"
        assert of(client, asserted(token)) == "401 wrong_token_type"
        assert of(client, bearer(assertion)) == "401 wrong_token_type"
    assert of(by_tokens(better_auth), bearer(secret)) == "401 unsupported_algorithm"
    assert of(by_secret(), bearer(token)) == "401 unsupported_algorithm"
    assert better_auth.fetches == edge.fetches == 0


def test_an_origin_that_verifies_tokens_keeps_working_behind_the_edge(
    better_auth: Publisher, edge: Edge
) -> None:
    headers = {**bearer(better_auth.token()), **asserted(edge.assertion(sub="bob"))}
    assert by_tokens(better_auth).get("/sync", headers=headers).json() == "ada"


@pytest.mark.parametrize(
    ("authorization", "expected"),
    [
        (["Bearer {}"], "200"),
        (["bEaReR   {} "], "200"),
        (["Bearer {}", "Bearer {}"], "400 malformed_request"),
        (["Bearer {}, Bearer {}"], "400 malformed_request"),
        (["Bearer {} {}"], "400 malformed_request"),
        (["Basic eDp5, Bearer {}"], "400 malformed_request"),
        (["Basic eDp5", "Bearer {}"], "400 malformed_request"),
        (["Bearer"], "401 missing_token"),
        (["Bearer "], "401 missing_token"),
        (["Basic eDp5"], "401 missing_token"),
        (["Bearer gU5eXJzgPTi8W4mCgDZ1JTsOQfaXgOaa"], "401 opaque_token"),
        (["Bearer undefined"], "401 malformed_token"),
    ],
)
def test_a_request_has_one_credential(
    better_auth: Publisher, authorization: list[str], expected: str
) -> None:
    token = better_auth.token()
    headers = [("Authorization", value.replace("{}", token)) for value in authorization]
    assert outcome(by_tokens(better_auth).get("/me", headers=headers)) == expected


def test_a_path_belongs_to_its_user_by_id_or_uuid(better_auth: Publisher) -> None:
    client, headers = by_tokens(better_auth), bearer(better_auth.token(uuid=UUID))
    own = ["ada", UUID, UUID.upper(), UUID.replace("-", ""), f"%7B{UUID}%7D", f"urn:uuid:{UUID}"]
    for user_id in own:
        assert outcome(client.get(f"/api/{user_id}/tasks", headers=headers)) == "200", user_id
    for user_id in ["bob", "Ada", "ada%20", str(uuid4()), UUID[:-1], f"{UUID}0", "None", "%00"]:
        rejected = client.get(f"/api/{user_id}/tasks", headers=headers)
        assert outcome(rejected) == "403 user_mismatch", user_id


def test_a_claim_that_looks_like_a_uuid_is_not_another_users(better_auth: Publisher) -> None:
    client = by_tokens(better_auth)
    spellings = [UUID, UUID.upper(), UUID.replace("-", ""), f"%7B{UUID}%7D", f"urn:uuid:{UUID}"]
    for chosen in spellings[1:]:
        headers = bearer(better_auth.token(uuid=unquote(chosen)))
        for user_id in spellings:
            got = outcome(client.get(f"/api/{user_id}/tasks", headers=headers))
            assert got == "403 user_mismatch", (chosen, user_id)


@pytest.mark.parametrize(
    ("own", "chosen"),
    [
        ("mallory", "ada"),
        ("mallory", "7"),
        ("mallory", "kX3bT9aQvW1yZ2cD4eF5gH6iJ7kL8mN9"),
        *[(own, str(uuid4())) for own in (UUID, UUID.upper(), UUID.replace("-", ""))],
        (f"{{{UUID}}}", str(uuid4())),
        (f"urn:uuid:{UUID}", str(uuid4())),
    ],
)
def test_a_uuid_that_a_user_may_have_written_is_not_anothers_id(
    better_auth: Publisher, edge: Edge, own: str, chosen: str
) -> None:
    claims = {"sub": own, "uuid": chosen}
    for client, headers in (
        (by_tokens(better_auth), bearer(better_auth.token(**claims))),
        (by_assertions(edge), asserted(edge.assertion(sub=own, claims=claims))),
    ):
        rejected = client.get(f"/api/{chosen}/tasks", headers=headers)
        assert outcome(rejected) == "403 user_mismatch"
        assert outcome(client.get(f"/api/{own}/tasks", headers=headers)) == "200"
    assert not User.for_test(own, uuid=chosen).owns(chosen)


@pytest.mark.parametrize("uuid", [..., None, "", "not-a-uuid", 7, [UUID]])
def test_a_user_without_a_uuid_has_no_path_by_it(better_auth: Publisher, uuid: object) -> None:
    client, headers = by_tokens(better_auth), bearer(better_auth.token(uuid=uuid))
    for user_id in (UUID, "None", "7"):
        assert outcome(client.get(f"/api/{user_id}/tasks", headers=headers)) == "403 user_mismatch"


def test_a_path_may_be_held_against_one_claim(better_auth: Publisher) -> None:
    client, headers = by_tokens(better_auth), bearer(better_auth.token())
    assert outcome(client.get("/by-email/ada@example.com", headers=headers)) == "200"
    assert outcome(client.get("/by-email/ada", headers=headers)) == "403 user_mismatch"


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ("admin", "200"),
        (["editor", "root"], "200"),
        ("Admin", "403 insufficient_claims"),
        (["editor"], "403 insufficient_claims"),
        ("admin,root", "200"),
        ("user, root", "200"),
        ("superadmin,user", "403 insufficient_claims"),
        ([], "403 insufficient_claims"),
        (None, "403 insufficient_claims"),
        (..., "403 insufficient_claims"),
        (True, "403 insufficient_claims"),
    ],
)
def test_a_route_may_require_claims(better_auth: Publisher, role: object, expected: str) -> None:
    headers = bearer(better_auth.token(role=role))
    assert outcome(by_tokens(better_auth).get("/admin", headers=headers)) == expected


def test_types_count_among_required_claims(better_auth: Publisher) -> None:
    auth = EdgeAuth(EdgeAuthSettings(better_auth_url=better_auth.url))
    app = FastAPI()
    auth.install(app)
    app.get("/one", dependencies=[Depends(auth.require(claims={"level": 1}))])(lambda: "ok")
    client = TestClient(app)

    def of(level: object) -> str:
        return outcome(client.get("/one", headers=bearer(better_auth.token(level=level))))

    assert [of(level) for level in (1, 1.0, [2, 1])] == ["200"] * 3
    assert [of(level) for level in (True, "1", 2)] == ["403 insufficient_claims"] * 3


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        ("tasks:read tasks:write", "200"),
        ("a tasks:write b tasks:read", "200"),
        ("tasks:read", "403 insufficient_scope"),
        ("tasks:readtasks:write", "403 insufficient_scope"),
        (..., "403 insufficient_scope"),
    ],
)
def test_a_route_may_require_scopes(better_auth: Publisher, scope: object, expected: str) -> None:
    headers = bearer(better_auth.token(scope=scope))
    response = by_tokens(better_auth).get("/scoped", headers=headers)
    assert outcome(response) == expected
    if expected != "200":
        challenge = response.headers["www-authenticate"]
        assert 'error="insufficient_scope"' in challenge
        assert 'scope="tasks:read tasks:write"' in challenge


def test_an_access_token_counts_where_one_is_expected(better_auth: Publisher) -> None:
    client = by_tokens(better_auth, profile="access-token", audience="https://api.example")
    claims: JSON = {"iss": f"{better_auth.url}/api/auth", "aud": "https://api.example"}

    def of(typ: object = "at+jwt", **changes: object) -> str:
        claims_ = better_auth.claims(**{**claims, "client_id": "web", **changes})
        return outcome(client.get("/me", headers=bearer(better_auth.key.sign(claims_, typ=typ))))

    assert of() == "200"
    assert of(typ="application/AT+JWT") == "200"
    assert of(typ=...) == "401 wrong_token_type"
    assert of(iss=better_auth.url) == "401 issuer_mismatch"
    assert of(sub="web") == "401 missing_claim"
    assert of(cnf={"jkt": "x"}) == "401 wrong_token_type"


class Member(User):
    role: str = "member"
    level: int | None = None


def test_an_application_may_bring_its_own_user(
    better_auth: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BETTER_AUTH_URL", better_auth.url)
    auth = EdgeAuth.from_env(user_model=Member)
    app = FastAPI()
    auth.install(app)

    @app.get("/role")
    async def role(user: Annotated[Member, Depends(auth.current_user)]) -> str:
        return f"{user.id} {user.role} {user.level}"

    client = TestClient(app)

    def of(**changes: object) -> Any:
        return client.get("/role", headers=bearer(better_auth.token(**changes)))

    assert of().json() == "ada member None"
    assert of(role="admin", level=3).json() == "ada admin 3"
    assert outcome(of(level="secret-value")) == "401 invalid_claim"
    assert "secret-value" not in of(level="secret-value").text


def test_the_usual_responses_of_fastapi_have_the_same_status_and_headers(
    better_auth: Publisher,
) -> None:
    auth = EdgeAuth(EdgeAuthSettings(better_auth_url=better_auth.url))
    app = FastAPI()
    app.get("/me", dependencies=[Depends(auth.current_user)])(lambda: "ok")
    response = TestClient(app).get("/me")
    assert (response.status_code, response.json()) == (
        401,
        {"detail": "the request has no bearer token"},
    )
    assert response.headers["www-authenticate"] == 'Bearer realm="better-auth-edge"'


def test_a_web_socket_is_for_users_too(edge: Edge) -> None:
    auth = EdgeAuth(EdgeAuthSettings(edge_jwks_url=edge.url, edge_audience=ORIGIN))
    app = app_for(auth)

    @app.websocket("/live")
    async def live(websocket: WebSocket, user: Annotated[User, Depends(auth.current_user)]) -> None:
        await websocket.accept()
        await websocket.send_text(user.id)
        await websocket.close()

    client, headers = TestClient(app), asserted(edge.assertion())
    with client.websocket_connect("/live", headers=headers) as socket:
        assert socket.receive_text() == "ada"
    with pytest.raises(WebSocketDenialResponse) as denied, client.websocket_connect("/live"):
        pass
    assert outcome(denied.value) == "401 missing_token"


def test_an_error_never_repeats_the_token(better_auth: Publisher, edge: Edge) -> None:
    for token in (better_auth.token(exp=1), better_auth.token(iss="x"), "a.b.c", "x" * 20_000):
        response = by_tokens(better_auth).get("/me", headers=bearer(token))
        assert response.status_code == 401
        assert not any(len(part) > 9 and part in response.text for part in token.split("."))


def test_the_request_id_is_the_edges_if_it_is_fit_to_be_repeated(better_auth: Publisher) -> None:
    client = by_tokens(better_auth)

    def of(request_id: str) -> Any:
        return client.get("/me", headers={"X-Request-Id": request_id}).json()["request_id"]

    assert of("7f") == "7f"
    assert of("x" * 129) != "x" * 129


@pytest.mark.anyio
async def test_a_token_may_come_in_another_way_than_by_a_header(better_auth: Publisher) -> None:
    auth = EdgeAuth(EdgeAuthSettings(better_auth_url=better_auth.url))
    assert (await auth.verify(better_auth.token())).id == "ada"
    with pytest.raises(EdgeAuthError) as rejected:
        await auth.verify(better_auth.token(exp=1))
    assert (rejected.value.code, rejected.value.status) == ("expired", 401)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def test_a_route_without_the_parameter_rejects_every_user(better_auth: Publisher) -> None:
    auth = EdgeAuth(EdgeAuthSettings(better_auth_url=better_auth.url))
    app = FastAPI()
    auth.install(app)
    app.get("/tasks", dependencies=[Depends(auth.user_from_path("user_id"))])(lambda: "ok")
    response = TestClient(app).get("/tasks?user_id=ada", headers=bearer(better_auth.token()))
    assert outcome(response) == "500 misconfigured"
