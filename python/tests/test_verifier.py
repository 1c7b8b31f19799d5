"""`Verifier` without FastAPI: the settings, modes and rejections of `EdgeAuth`."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
import pytest

from better_auth_edge import (
    ConfigurationError,
    EdgeAuthError,
    EdgeAuthSettings,
    KeyFetchError,
    User,
    Verifier,
)
from tests.apps import SECRET
from tests.better_auth import ORIGIN, Edge, Key, Publisher

Verify = Callable[[Verifier[Any], str], User]


def verify_in_a_loop(verifier: Verifier[Any], token: str) -> User:
    user: User = asyncio.run(verifier.verify(token))
    return user


def verify_sync(verifier: Verifier[Any], token: str) -> User:
    user: User = verifier.verify_sync(token)
    return user


both = pytest.mark.parametrize("verify", [verify_in_a_loop, verify_sync])


def code_of(verify: Verify, verifier: Verifier[Any], token: str) -> str:
    with pytest.raises(EdgeAuthError) as rejected:
        verify(verifier, token)
    return rejected.value.code


@both
def test_a_token_of_better_auth_has_a_user(better_auth: Publisher, verify: Verify) -> None:
    verifier = Verifier(EdgeAuthSettings(better_auth_url=better_auth.url))
    user = verify(verifier, better_auth.token(role="admin"))
    assert (verifier.mode, user.id, user.email) == ("jwks", "ada", "ada@example.com")
    assert (user.claims["role"], user.owns("ada"), type(user)) == ("admin", True, User)
    assert code_of(verify, verifier, Key().sign(better_auth.claims())) == "unknown_key"
    assert code_of(verify, verifier, better_auth.token(iss="x")) == "issuer_mismatch"
    assert code_of(verify, verifier, better_auth.token(exp=1)) == "expired"


@both
def test_a_token_signed_with_the_shared_secret_has_a_user(verify: Verify) -> None:
    issuer = "https://app.example"
    verifier = Verifier(
        EdgeAuthSettings(
            better_auth_secret=SECRET, environment="test", issuer=issuer, audience=issuer
        )
    )
    claims = {"iss": issuer, "aud": issuer, "sub": "ada", "exp": time.time() + 60}
    assert (verifier.mode, verify(verifier, jwt.encode(claims, SECRET)).id) == ("secret", "ada")
    assert code_of(verify, verifier, jwt.encode(claims, SECRET + "x")) == "bad_signature"


@both
def test_an_assertion_that_is_bound_to_a_request_is_an_invalid_claim(
    edge: Edge, verify: Verify
) -> None:
    settings: dict[str, Any] = {"edge_jwks_url": edge.url, "edge_audience": ORIGIN}
    verifier = Verifier(EdgeAuthSettings(**settings))
    user = verify(verifier, edge.assertion())
    assert (verifier.mode, user.id, user.name) == ("assertion", "ada", "Ada Lovelace")
    for bound in ({"htm": "GET"}, {"htu": f"{ORIGIN}/me"}, {"htm": None}):
        assert code_of(verify, verifier, edge.assertion(**bound)) == "invalid_claim"
    assert code_of(verify, verifier, edge.assertion(claims=["sub"])) == "invalid_claim"
    once = Verifier(EdgeAuthSettings(**settings, edge_refuse_replays=True))
    assert code_of(verify, once, edge.assertion()) == "invalid_claim"


@both
def test_a_rejected_assertion_says_which_setting_to_change(edge: Edge, verify: Verify) -> None:
    verifier = Verifier(EdgeAuthSettings(edge_jwks_url=edge.url, edge_audience=ORIGIN))
    with pytest.raises(EdgeAuthError, match="EDGE_AUDIENCE") as rejected:
        verify(verifier, edge.assertion(aud="http://127.0.0.1:8000"))
    assert rejected.value.code == "audience_mismatch"


@both
def test_the_cause_of_unavailable_keys_is_the_failed_fetch(
    better_auth: Publisher, verify: Verify
) -> None:
    better_auth.goes_down()
    verifier = Verifier(EdgeAuthSettings(better_auth_url=better_auth.url))
    with pytest.raises(EdgeAuthError) as rejected:
        verify(verifier, better_auth.token())
    cause = rejected.value.__cause__
    assert isinstance(cause, KeyFetchError)
    assert (rejected.value.code, cause.status) == ("keys_unavailable", 500)
    assert rejected.value.retry_after in range(1, 3)


class Member(User):
    role: str


@both
def test_the_user_model_is_the_apps(better_auth: Publisher, verify: Verify) -> None:
    settings = EdgeAuthSettings(better_auth_url=better_auth.url)
    verifier = Verifier(settings, user_model=Member)
    user = verify(verifier, better_auth.token(role="admin"))
    assert isinstance(user, Member)
    assert user.role == "admin"
    assert code_of(verify, verifier, better_auth.token()) == "invalid_claim"
    with pytest.raises(ConfigurationError, match="user_model"):
        Verifier(settings, user_model=dict)  # type: ignore[type-var]


def test_settings_come_from_the_environment_a_file_and_the_code(
    better_auth: Publisher, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(ConfigurationError, match="EDGE_AUTH_MODE: is missing"):
        Verifier.from_env()
    with pytest.raises(ConfigurationError) as raised:
        Verifier.from_env(better_auth_url="x", clock_tolerance=-1, jwks_ulr="y")
    assert [error.split(":")[0] for error in raised.value.errors] == [
        *("jwks_ulr", "clock_tolerance", "better_auth_url"),
    ]
    file = tmp_path / ".env"
    file.write_text("BETTER_AUTH_URL=https://file.example\nUSER_CLAIM=uuid\n")
    monkeypatch.setenv("BETTER_AUTH_URL", better_auth.url)
    verifier = Verifier.from_env(env_file=str(file), user_model=Member)
    assert verifier.verify_sync(better_auth.token(role="x", uuid="u-1")).id == "u-1"
    other = Verifier.from_env(env_file=str(file), user_claim="email")
    assert other.verify_sync(better_auth.token()).id == "ada@example.com"


def test_the_clock_decides_about_times(better_auth: Publisher) -> None:
    now = time.time()
    verifier = Verifier(EdgeAuthSettings(better_auth_url=better_auth.url), clock=lambda: now)
    token = better_auth.token()
    assert verifier.verify_sync(token).id == "ada"
    now += 1_000
    assert code_of(verify_sync, verifier, token) == "expired"
