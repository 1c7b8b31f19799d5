import hashlib
import hmac
import json
import time
from collections.abc import Callable
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives import serialization
from fastapi.testclient import TestClient

from tests.better_auth import JSON, BetterAuth, Key, compact
from tests.conftest import Person, assert_problem

FORGED = str(uuid4())


def test_a_user_is_known_by_the_claims_of_the_token(api: TestClient, ada: Person) -> None:
    response = api.get(f"{ada.path}/whoami", headers=ada.headers())
    user = response.json()["user"]

    assert response.status_code == 200
    assert (user["id"], user["uuid"]) == ("ada", str(ada.uuid))
    assert (user["email"], user["name"]) == ("ada@example.com", "Ada Lovelace")
    assert user["claims"]["emailVerified"] is True


@pytest.mark.parametrize("claim", ["uuid", "sub"])
def test_the_edge_may_name_the_user_by(api: TestClient, ada: Person, claim: str) -> None:
    edge_user = {"uuid": str(ada.uuid), "sub": "ada"}[claim]
    response = api.get(f"{ada.path}/whoami", headers={**ada.headers(), "X-Edge-User": edge_user})
    assert response.status_code == 200


@pytest.mark.parametrize(
    ("edge_users", "code"),
    [
        pytest.param([], "missing_edge_user", id="is missing"),
        pytest.param([""], "missing_edge_user", id="is empty"),
        pytest.param([FORGED], "edge_user_mismatch", id="is another user"),
        pytest.param(["ADA"], "edge_user_mismatch", id="differs by case"),
        pytest.param(["ada@example.com"], "edge_user_mismatch", id="is another claim"),
        pytest.param(["ada", FORGED], "ambiguous_edge_user", id="comes with a second one"),
        pytest.param([FORGED, "ada"], "ambiguous_edge_user", id="comes as a second one"),
        pytest.param(["ada", "ada"], "ambiguous_edge_user", id="comes twice"),
        pytest.param([f"ada, {FORGED}"], "edge_user_mismatch", id="is a list"),
    ],
)
def test_a_request_is_refused_when_the_edge_user(
    api: TestClient, ada: Person, edge_users: list[str], code: str
) -> None:
    authorization = ("Authorization", ada.headers()["Authorization"])
    headers = [authorization, *(("X-Edge-User", value) for value in edge_users)]
    assert_problem(api.get(f"{ada.path}/whoami", headers=headers), 401, code)


def test_a_header_that_only_looks_like_the_edge_user_does_not_count(
    api: TestClient, ada: Person
) -> None:
    headers = ada.headers()
    headers["X_Edge_User"] = headers.pop("X-Edge-User")
    assert_problem(api.get(f"{ada.path}/whoami", headers=headers), 401, "missing_edge_user")


@pytest.mark.parametrize(
    ("authorization", "code"),
    [
        pytest.param(None, "missing_token", id="no header"),
        pytest.param("Bearer", "missing_token", id="no token"),
        pytest.param("Basic YWRhOnNlY3JldA==", "missing_token", id="another scheme"),
        pytest.param("Bearer gU5eXJzgPTi8W4mCgDZ1JTsOQfaXgOaa", "opaque_token", id="opaque"),
        pytest.param("Bearer a.b.c", "malformed_token", id="no JWT"),
        pytest.param("Bearer ..", "malformed_token", id="empty parts"),
        pytest.param(f"Bearer {'a' * 16_385}", "token_too_large", id="too large"),
    ],
)
def test_no_user_is_known_by(
    api: TestClient, ada: Person, authorization: str | None, code: str
) -> None:
    headers = {"X-Edge-User": str(ada.uuid)}
    if authorization is not None:
        headers["Authorization"] = authorization
    assert_problem(api.get(f"{ada.path}/whoami", headers=headers), 401, code)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        pytest.param({"exp": time.time() - 10}, "expired", id="has expired"),
        pytest.param({"exp": 900}, "expired", id="expired in 1970"),
        pytest.param({"nbf": time.time() + 900}, "not_yet_valid", id="is for later"),
        pytest.param({"iat": time.time() + 900}, "not_yet_valid", id="was issued later"),
        pytest.param({"iss": "https://evil.example"}, "issuer_mismatch", id="has another issuer"),
        pytest.param({"aud": "https://evil.example"}, "audience_mismatch", id="is for others"),
        pytest.param({"aud": ["https://evil.example"]}, "audience_mismatch", id="is for a list"),
        pytest.param({"exp": ...}, "missing_claim", id="never expires"),
        pytest.param({"iss": ...}, "missing_claim", id="has no issuer"),
        pytest.param({"aud": ...}, "missing_claim", id="has no audience"),
        pytest.param({"sub": ...}, "missing_claim", id="has no subject"),
        pytest.param({"sub": ""}, "invalid_claim", id="has an empty subject"),
        pytest.param({"exp": "soon"}, "malformed_token", id="has a text for a time"),
    ],
)
def test_a_token_is_refused_when_it(
    api: TestClient, better_auth: BetterAuth, ada: Person, changes: JSON, code: str
) -> None:
    token = better_auth.token(ada.uuid, **changes)
    assert_problem(api.get(f"{ada.path}/whoami", headers=ada.headers(token)), 401, code)


def test_clocks_may_differ_by_a_few_seconds(
    api: TestClient, better_auth: BetterAuth, ada: Person
) -> None:
    token = better_auth.token(ada.uuid, exp=int(time.time()) - 1, iat=int(time.time()) + 1)
    assert api.get(f"{ada.path}/whoami", headers=ada.headers(token)).status_code == 200


def test_a_token_may_be_for_several_audiences(
    api: TestClient, better_auth: BetterAuth, ada: Person
) -> None:
    token = better_auth.token(ada.uuid, aud=["https://other.example", better_auth.url])
    assert api.get(f"{ada.path}/whoami", headers=ada.headers(token)).status_code == 200


@pytest.mark.parametrize(
    ("header", "code"),
    [
        pytest.param({"typ": "at+jwt"}, "wrong_token_type", id="an access token"),
        pytest.param({"crit": ["x"], "x": 1}, "malformed_token", id="an unknown extension"),
    ],
)
def test_a_signed_header_is_refused_that_names(
    api: TestClient, better_auth: BetterAuth, ada: Person, header: JSON, code: str
) -> None:
    token = better_auth.sign(better_auth.claims(uuid=str(ada.uuid)), header)
    assert_problem(api.get(f"{ada.path}/whoami", headers=ada.headers(token)), 401, code)
    assert better_auth.fetches == 0


def raw_key(key: Key) -> bytes:
    encoding, form = serialization.Encoding.Raw, serialization.PublicFormat.Raw
    return key.private.public_key().public_bytes(encoding, form)


def pem_key(key: Key) -> bytes:
    encoding, form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    return key.private.public_key().public_bytes(encoding, form)


def jwk_key(key: Key) -> bytes:
    return json.dumps(key.jwk).encode()


@pytest.mark.parametrize("secret", [raw_key, pem_key, jwk_key])
def test_the_public_key_is_no_hmac_secret(
    api: TestClient, better_auth: BetterAuth, ada: Person, secret: Callable[[Key], bytes]
) -> None:
    header = {"alg": "HS256", "kid": better_auth.key.kid}
    claims = better_auth.claims(uuid=str(ada.uuid))
    token = compact(
        header,
        claims,
        lambda data: hmac.new(secret(better_auth.key), data, hashlib.sha256).digest(),
    )
    response = api.get(f"{ada.path}/whoami", headers=ada.headers(token))
    assert_problem(response, 401, "unsupported_algorithm")


@pytest.mark.parametrize(
    ("header", "code"),
    [
        pytest.param({"alg": "none"}, "unsupported_algorithm", id="alg none"),
        pytest.param({"alg": "None"}, "unsupported_algorithm", id="alg None"),
        pytest.param({"alg": ["EdDSA"]}, "unsupported_algorithm", id="a list of algs"),
        pytest.param({"alg": ...}, "unsupported_algorithm", id="no alg"),
        pytest.param({"alg": "ES256"}, "unsupported_algorithm", id="an alg of another key"),
        pytest.param({"kid": ...}, "unknown_key", id="no kid"),
        pytest.param({"kid": 1}, "malformed_token", id="a number for a kid"),
        pytest.param({}, "bad_signature", id="nothing else"),
    ],
)
@pytest.mark.parametrize("signature", [b"", bytes(64)], ids=["unsigned", "with a wrong signature"])
def test_a_forged_token_is_refused_that_has(
    api: TestClient,
    better_auth: BetterAuth,
    ada: Person,
    header: JSON,
    code: str,
    signature: bytes,
) -> None:
    header = {"alg": "EdDSA", "kid": better_auth.key.kid, **header}
    header = {name: value for name, value in header.items() if value is not ...}
    token = compact(header, better_auth.claims(uuid=str(ada.uuid)), lambda _: signature)
    assert_problem(api.get(f"{ada.path}/whoami", headers=ada.headers(token)), 401, code)
    assert better_auth.fetches == (code == "bad_signature")


def test_a_token_signed_with_another_key_of_the_same_name_is_refused(
    api: TestClient, better_auth: BetterAuth, ada: Person
) -> None:
    key = Key()
    key.kid = better_auth.key.kid
    token = better_auth.sign(better_auth.claims(uuid=str(ada.uuid)), key=key)
    response = api.get(f"{ada.path}/whoami", headers=ada.headers(token))
    assert_problem(response, 401, "bad_signature")


@pytest.mark.parametrize("uuid", [None, "", "not-a-uuid"])
def test_a_user_without_a_uuid_has_no_path(
    api: TestClient, better_auth: BetterAuth, ada: Person, uuid: str | None
) -> None:
    headers = {
        "Authorization": f"Bearer {better_auth.token(uuid)}",
        "X-Edge-User": "ada",
    }
    assert_problem(api.get(f"{ada.path}/tasks", headers=headers), 403, "user_mismatch")


def test_a_stranger_learns_nothing_about_what_is_wrong_with_the_request(api: TestClient) -> None:
    response = api.post("/api/not-a-uuid/tasks", json={"unknown": True})
    assert_problem(response, 401, "missing_token")


def test_errors_never_repeat_the_token(api: TestClient, ada: Person) -> None:
    token = ada.better_auth.token(ada.uuid, exp=1)
    response = api.get(f"{ada.path}/whoami", headers=ada.headers(token))
    assert not any(part in response.text for part in token.split("."))
