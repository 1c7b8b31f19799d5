"""What a rejection tells the operator: which keys were not available and why, and which setting to
change.
"""

import asyncio
import logging
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from better_auth_edge import EdgeAuth, EdgeAuthError, EdgeAuthSettings
from better_auth_edge.errors import KeyFetchError
from better_auth_edge.version import VERSION
from tests.better_auth import JSON, ORIGIN, Edge, Key, Publisher, respond
from tests.key_lookups import join_fetches


def rejection(auth: EdgeAuth[Any], token: str) -> EdgeAuthError:
    with pytest.raises(EdgeAuthError) as rejected:
        asyncio.run(auth.verify(token))
    return rejected.value


def by_tokens(better_auth: Publisher, **settings: Any) -> EdgeAuth[Any]:
    return EdgeAuth(EdgeAuthSettings(better_auth_url=better_auth.url, **settings))


def by_assertions(edge: Edge, **settings: Any) -> EdgeAuth[Any]:
    return EdgeAuth(EdgeAuthSettings(edge_jwks_url=edge.url, edge_audience=ORIGIN, **settings))


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (404, b"", "the server answered 404, not 200: the jwt plugin is missing, another server"),
        (403, b"error code: 1010", "the server answered 403, not 200: a firewall"),
        (401, b"", "the server answered 401, not 200: a firewall"),
        (429, b"", "the server answered 429, not 200"),
        (302, b"", "the server answered with a redirect, which is not followed: 302"),
        (500, b"", "the server answered 500, not 200"),
        (200, b"<html>", "the server answered 200 with a page in place of JSON"),
        (200, b"x", "the server answered 200, but "),
        (200, b'{"keys":7}', "the server answered 200, but "),
    ],
)
def test_a_failed_fetch_is_named_in_the_cause_and_in_the_log(
    better_auth: Publisher,
    caplog: pytest.LogCaptureFixture,
    status: int,
    body: bytes,
    said: str,
) -> None:
    better_auth.handler = lambda request: respond(request, status, body)
    auth, token = by_tokens(better_auth), better_auth.token()
    url = f"{better_auth.url}/api/auth/jwks"
    with caplog.at_level(logging.WARNING, "better_auth_edge"):
        error = rejection(auth, token)
        join_fetches()
    for one in (error, rejection(auth, token)):  # the second one is told without another fetch
        assert (one.code, one.status) == ("keys_unavailable", 503)
        assert isinstance(one.__cause__, KeyFetchError)
        assert (one.__cause__.url, one.__cause__.status) == (url, status)
        assert str(one.__cause__).startswith(f"{url}: {said}")
        assert url not in str(one)
    (record,) = [one for one in caplog.records if one.name.startswith("better_auth_edge")]
    assert f"{url}: {said}" in record.getMessage()
    assert token not in caplog.text


def test_a_server_that_cannot_be_reached_is_the_cause(better_auth: Publisher) -> None:
    auth = EdgeAuth(EdgeAuthSettings(better_auth_url="http://127.0.0.1:9"))
    claims = better_auth.claims(iss="http://127.0.0.1:9", aud="http://127.0.0.1:9")
    cause = rejection(auth, better_auth.key.sign(claims)).__cause__
    assert isinstance(cause, KeyFetchError)
    assert (cause.url, cause.status) == ("http://127.0.0.1:9/api/auth/jwks", None)
    assert "ConnectError" in str(cause)


def test_a_missing_edge_is_called_so(edge: Edge) -> None:
    edge.handler = lambda request: respond(request, 404, b"")
    cause = rejection(by_assertions(edge), edge.assertion()).__cause__
    assert "EDGE_JWKS_URL" in str(cause)


def test_a_fetch_that_succeeds_is_not_a_cause(better_auth: Publisher) -> None:
    auth = by_tokens(better_auth)
    better_auth.goes_down()
    assert rejection(auth, better_auth.token()).__cause__ is not None
    better_auth.comes_back()
    auth = by_tokens(better_auth)
    for _ in range(8):
        error = rejection(auth, Key().sign(better_auth.claims()))
    assert (error.code, error.__cause__) == ("keys_unavailable", None)


def test_own_requests_say_who_sends_them(better_auth: Publisher, edge: Edge) -> None:
    seen: list[str | None] = []

    def handle(request: BaseHTTPRequestHandler) -> None:
        seen.append(request.headers.get("user-agent"))
        respond(request, 200, b'{"keys":[]}')

    better_auth.handler = edge.handler = handle
    rejection(by_tokens(better_auth), better_auth.token())
    rejection(by_assertions(edge), edge.assertion())
    assert seen == [f"better-auth-edge/{VERSION}"] * 2
    project = (Path(__file__).parents[1] / "pyproject.toml").read_text()
    assert f'\nversion = "{VERSION}"\n' in project


@pytest.mark.parametrize(
    ("claims", "code", "said"),
    [
        (
            {"iss": "http://localhost:3000"},
            "issuer_mismatch",
            ["the assertion's issuer is http://localhost:3000", "EDGE_ISSUER", "edgeIssuer"],
        ),
        (
            {"aud": "http://127.0.0.1:8000"},
            "audience_mismatch",
            ["the assertion's audience is http://127.0.0.1:8000", "EDGE_AUDIENCE"],
        ),
    ],
)
def test_an_assertion_for_or_by_another_origin_says_which_setting_to_change(
    edge: Edge, claims: JSON, code: str, said: list[str]
) -> None:
    error = rejection(by_assertions(edge), edge.assertion(**claims))
    assert error.code == code
    for text in (*said, edge.url if code == "issuer_mismatch" else ORIGIN):
        assert text in error.detail


def test_claims_of_an_assertion_that_is_forged_are_not_repeated(edge: Edge) -> None:
    claims = edge.assertion_claims(iss="http://forged.example", aud="http://forged.example")
    forger = Key()
    forger.kid = edge.key.kid
    error = rejection(by_assertions(edge), forger.sign(claims, typ="edge-assertion+jwt"))
    assert error.code == "bad_signature"
    assert "forged" not in str(error)


def test_a_token_is_not_called_an_assertion(better_auth: Publisher) -> None:
    error = rejection(by_tokens(better_auth), better_auth.token(iss="http://localhost"))
    assert error.code == "issuer_mismatch"
    assert "assertion" not in error.detail
    assert "EDGE_ISSUER" not in error.detail
