"""Sessions of a real Better Auth, looked up where it stores them: a sign-out takes effect at the
next request.
"""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import redis
import sqlalchemy as sa
from fastapi.testclient import TestClient

from tests import redis_server
from tests.apps import bearer, client_for, outcome
from tests.isolation.postgres import program, running
from tests.session_stores import PASSWORD, Auth, on_postgres, on_sqlite

IN_DATABASE = ["sqlite", "renamed", "postgresql"]
STORES = [*IN_DATABASE, "redis"]


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[sa.URL]:
    if program("initdb") is None:
        pytest.skip("PostgreSQL is not installed")
    with running() as url:
        yield url


@pytest.fixture(scope="session")
def redis_port() -> Iterator[int]:
    if redis_server.program() is None:
        pytest.skip("Redis is not installed")
    with redis_server.running() as port:
        yield port


@pytest.fixture(scope="module")
def auths(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Servers that have been started, by store."""
    with ExitStack() as stack:
        yield {"stack": stack, "directory": tmp_path_factory.mktemp("auth")}


@pytest.fixture(params=STORES)
def auth(request: pytest.FixtureRequest, auths: dict[str, Any]) -> Auth:
    name: str = request.param
    if name not in auths:
        file: Path = auths["directory"] / f"{name}.db"
        match name:
            case "sqlite":
                server = on_sqlite(file)
            case "renamed":
                server = on_sqlite(file, snakeCase=True, plural=True, secure=True)
            case "postgresql":
                server = on_postgres(request.getfixturevalue("postgres_server"))
            case _:
                server = on_sqlite(file, redisPort=request.getfixturevalue("redis_port"))
        auths[name] = auths["stack"].enter_context(server)
    found: Auth = auths[name]
    return found


@pytest.fixture(params=["with a pool", "without a pool"])
def client(request: pytest.FixtureRequest, auth: Auth) -> Iterator[TestClient]:
    """An app. `TestClient` runs its lifespan, and so its pool, only as a context manager."""
    client = client_for(**auth.settings)
    if request.param == "without a pool":
        yield client
    else:
        with client:
            yield client


def by_cookie(session: Any) -> dict[str, str]:
    return {"Cookie": session.cookie}


def test_a_cookie_passes_until_its_session_is_signed_out(auth: Auth, client: TestClient) -> None:
    session, other = auth.sign_up(), auth.sign_up("bob")
    for _ in range(2):
        assert client.get("/sync", headers=by_cookie(session)).json() == session.id
    assert outcome(client.get(f"/api/{session.id}/tasks", headers=by_cookie(session))) == "200"
    response = client.get(f"/api/{other.id}/tasks", headers=by_cookie(session))
    assert outcome(response) == "403 user_mismatch"

    session.sign_out()
    response = client.get("/sync", headers=by_cookie(session))
    assert outcome(response) == "401 missing_token"
    assert "has ended" in response.json()["detail"]
    assert client.get("/perhaps", headers=by_cookie(session)).json() == "anonymous"
    assert client.get("/sync", headers=by_cookie(other)).json() == other.id


def test_a_signed_bearer_token_passes_until_its_session_is_signed_out(
    auth: Auth, client: TestClient
) -> None:
    session = auth.sign_up()
    headers = bearer(session.bearer)
    assert client.get("/sync", headers=headers).json() == session.id
    assert client.post("/sync", headers=headers).status_code == 405, "without a check of its origin"
    session.sign_out()
    for path in ("/sync", "/perhaps"):
        assert outcome(client.get(path, headers=headers)) == "401 missing_token"


def test_the_claims_are_those_of_a_token(auth: Auth) -> None:
    before = time.time()
    session = auth.sign_up()
    client = client_for(**auth.settings, session_user_fields="plan")
    user = client.get("/me", headers=by_cookie(session)).json()
    claims = user["claims"]
    assert (user["id"], user["name"], user["email"]) == (
        session.id,
        "ada",
        session.user["email"],
    )
    assert UUID(user["uuid"]) == UUID(session.user["uuid"])
    assert (claims["sub"], claims["id"], claims["role"]) == (session.id, session.id, "user")
    assert (claims["plan"], claims["emailVerified"]) == ("free", False)
    assert before - 2 < claims["session_iat"] < time.time() + 2
    assert before + 6 * 86_400 < claims["exp"] < before + 8 * 86_400
    assert claims["sid"] not in ("", session.token)
    assert not {"impersonatedBy", "activeOrganizationId", "note", "banned"} & claims.keys()
    assert session.token not in str(user)

    plain = client_for(**auth.settings).get("/me", headers=by_cookie(session)).json()
    assert "plan" not in plain["claims"], "only with SESSION_USER_FIELDS"
    by_uuid = client_for(**auth.settings, user_claim="uuid,sub")
    assert by_uuid.get("/sync", headers=by_cookie(session)).json() == session.user["uuid"]
    by_other = client_for(**auth.settings, user_claim="tenant")
    assert outcome(by_other.get("/sync", headers=by_cookie(session))) == "401 missing_claim"


def test_impersonation_and_the_active_organization_are_claims(auth: Auth) -> None:
    admin, ada = auth.sign_up("admin"), auth.sign_up()
    client = client_for(**auth.settings)
    assert outcome(client.get("/admin", headers=by_cookie(admin))) == "200"
    assert outcome(client.get("/admin", headers=by_cookie(ada))) == "403 insufficient_claims"
    response = admin.post("/admin/impersonate-user", {"userId": ada.id})
    impersonated = type(ada)(auth, ada.user, response)
    claims = client.get("/me", headers=by_cookie(impersonated)).json()["claims"]
    assert (claims["sub"], claims["impersonatedBy"]) == (ada.id, admin.id)

    organization = ada.post("/organization/create", {"name": "A", "slug": f"a-{ada.id.lower()}"})
    claims = client.get("/me", headers=by_cookie(ada)).json()["claims"]
    assert claims["activeOrganizationId"] == organization.json()["id"]


def test_a_banned_or_deleted_user_is_rejected_at_once(auth: Auth, client: TestClient) -> None:
    admin, ada, bob = auth.sign_up("admin"), auth.sign_up(), auth.sign_up("bob")
    for session in (ada, bob):
        assert client.get("/sync", headers=by_cookie(session)).json() == session.id
    admin.post("/admin/ban-user", {"userId": ada.id})
    bob.post("/delete-user", {"password": PASSWORD})
    for session in (ada, bob):
        assert outcome(client.get("/sync", headers=by_cookie(session))) == "401 missing_token"
        assert client.get("/perhaps", headers=by_cookie(session)).json() == "anonymous"


def test_revoked_sessions_of_a_user_are_rejected_at_once(auth: Auth, client: TestClient) -> None:
    admin, ada = auth.sign_up("admin"), auth.sign_up()
    body = {"email": ada.user["email"], "password": PASSWORD}
    again = type(ada)(auth, ada.user, auth.post("/sign-in/email", json=body))
    assert client.get("/sync", headers=by_cookie(again)).json() == ada.id
    admin.post("/admin/revoke-user-sessions", {"userId": ada.id})
    for session in (ada, again):
        assert outcome(client.get("/sync", headers=by_cookie(session))) == "401 missing_token"
    fresh = type(ada)(auth, ada.user, auth.post("/sign-in/email", json=body))
    assert client.get("/sync", headers=by_cookie(fresh)).json() == ada.id


@pytest.mark.parametrize("auth", IN_DATABASE, indirect=True)
def test_a_ban_in_the_database_rejects_a_session_that_is_left(auth: Auth) -> None:
    session = auth.sign_up()
    client = client_for(**auth.settings)
    is_sqlite = auth.database.dialect.name == "sqlite"
    for until, expected in [
        (None, "401 missing_token"),
        ("2999-01-01T00:00:00.000Z", "401 missing_token"),
        ("2001-01-01T00:00:00.000Z", "200"),
    ]:
        banned = "1" if is_sqlite else "true"
        expires = '"banExpires"'
        moment = ":until" if is_sqlite else "CAST(:until AS timestamptz)"
        auth.execute(
            f"UPDATE {auth.user_table} SET banned = {banned}, {expires} = {moment} "  # noqa: S608
            "WHERE id = :id",
            until=until,
            id=session.id,
        )
        response = client.get("/sync", headers=by_cookie(session))
        assert outcome(response) == expected, until
        assert expected == "200" or "banned" in response.json()["detail"]


@pytest.mark.parametrize("auth", IN_DATABASE, indirect=True)
def test_a_session_ends_when_it_expires(auth: Auth) -> None:
    session = auth.sign_up()
    client = client_for(**auth.settings)
    column = "expires_at" if auth.plural else '"expiresAt"'
    is_sqlite = auth.database.dialect.name == "sqlite"
    moment = ":until" if is_sqlite else "CAST(:until AS timestamptz)"
    for until, expected in [
        ("2001-01-01T00:00:00.000Z", "401 missing_token"),
        ("2999-01-01T00:00:00.000Z", "200"),
    ]:
        auth.execute(
            f"UPDATE {auth.session_table} SET {column} = {moment} "  # noqa: S608
            "WHERE token = :token",
            until=until,
            token=session.token,
        )
        assert outcome(client.get("/sync", headers=by_cookie(session))) == expected


def test_forged_and_unsigned_sessions_are_rejected(auth: Auth) -> None:
    session = auth.sign_up()
    client = client_for(**auth.settings)
    name, value = session.cookie.split("=", 1)
    for planted in (f"{name}={session.token}", f"{name}=x{value}", f"{name}={value[:-8]}AAAA%3D"):
        response = client.get("/sync", headers={"Cookie": planted})
        assert outcome(response) == "401 missing_token"
    assert outcome(client.get("/sync", headers=bearer(session.token))) == "401 opaque_token"
    forged = bearer(f"x{session.bearer}")
    assert outcome(client.get("/sync", headers=forged)) == "401 bad_signature"

    lax = client_for(**auth.settings, session_bearer="any")
    assert lax.get("/sync", headers=bearer(session.token)).json() == session.id
    assert outcome(lax.get("/sync", headers=bearer("t" * 32))) == "401 missing_token"
    assert outcome(lax.get("/sync", headers=bearer(session.token.swapcase()))) == (
        "401 missing_token"
    )
    assert outcome(lax.get("/sync", headers=forged)) == "401 bad_signature"
    # other values that Better Auth stores under keys that a client may know
    for key in ("active-sessions", "revoked-sessions-before"):
        assert outcome(lax.get("/sync", headers=bearer(f"{key}-{session.id}"))) == (
            "401 missing_token"
        )


def test_a_jwt_passes_beside_sessions_and_not_in_their_mode(auth: Auth) -> None:
    session = auth.sign_up()
    settings = {**auth.settings, "edge_auth_mode": None}
    both, only = client_for(**settings), client_for(**auth.settings)
    url = f"{auth.url}/api/auth/token"
    token = httpx.get(url, headers=by_cookie(session)).json()["token"]
    assert both.get("/sync", headers=bearer(token)).json() == session.id
    assert both.get("/sync", headers=by_cookie(session)).json() == session.id
    assert both.get("/sync", headers=bearer(session.bearer)).json() == session.id
    assert outcome(only.get("/sync", headers=bearer(token))) == "401 wrong_token_type"
    # a cookie beside a bearer token does not count
    for client in (both, only):
        headers = {**by_cookie(session), **bearer("nonsense")}
        assert outcome(client.get("/sync", headers=headers)).startswith("401 ")
        assert outcome(client.get("/perhaps", headers=headers)).startswith("401 ")


@pytest.mark.parametrize("auth", ["redis"], indirect=True)
def test_the_revocation_of_all_sessions_in_redis_covers_unknown_keys(
    auth: Auth, redis_port: int
) -> None:
    session = auth.sign_up()
    client = client_for(**auth.settings)
    assert outcome(client.get("/sync", headers=by_cookie(session))) == "200"
    with redis.Redis(port=redis_port) as storage:
        key = f"revoked-sessions-before-{session.id}"
        for milliseconds, expected in [
            (int((time.time() - 3_600) * 1000), "200"),
            (int((time.time() + 3_600) * 1000), "401 missing_token"),
        ]:
            storage.set(key, str(milliseconds))
            assert outcome(client.get("/sync", headers=by_cookie(session))) == expected


def test_a_cached_session_outlives_its_sign_out_by_its_age_only(auth: Auth) -> None:
    session = auth.sign_up()
    client = client_for(**auth.settings, session_max_age=300)
    assert outcome(client.get("/sync", headers=by_cookie(session))) == "200"
    session.sign_out()
    assert outcome(client.get("/sync", headers=by_cookie(session))) == "200"
    fresh = client_for(**auth.settings, session_max_age=300)
    assert outcome(fresh.get("/sync", headers=by_cookie(session))) == "401 missing_token"


@pytest.mark.parametrize("auth", ["redis"], indirect=True)
def test_a_value_of_redis_is_a_session_only_under_its_own_token(
    auth: Auth, redis_port: int
) -> None:
    session = auth.sign_up()
    client = client_for(**auth.settings, session_bearer="any")
    assert client.get("/sync", headers=bearer(session.token)).json() == session.id
    with redis.Redis(port=redis_port, decode_responses=True) as storage:
        stored = json.loads(str(storage.get(session.token)))
        key = "k" * 32
        own = {**stored["session"], "token": key}
        for value, expected in [
            ({"session": own, "user": stored["user"]}, "200"),
            (stored, "401 missing_token"),
            ({"session": {**own, "userId": "eve"}, "user": stored["user"]}, "401 missing_token"),
            ({"session": own, "user": None}, "401 missing_token"),
            ({"session": own}, "401 missing_token"),
            ([], "401 missing_token"),
            ({"session": {**own, "expiresAt": None}, "user": stored["user"]}, "500 misconfigured"),
        ]:
            storage.set(key, json.dumps(value))
            assert outcome(client.get("/sync", headers=bearer(key))) == expected, expected
        storage.set(key, "{")
        assert outcome(client.get("/sync", headers=bearer(key))) == "401 missing_token"
