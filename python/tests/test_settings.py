"""Settings are right at start-up, or the app does not start and says everything that is wrong."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from better_auth_edge import ConfigurationError, EdgeAuth, EdgeAuthSettings
from better_auth_edge.keys import Secret
from better_auth_edge.settings import Proof

SECRET = "x" * 32

EDGE = {"edge_jwks_url": "https://edge.example", "edge_audience": "https://api.example"}
TOKENS = {"better_auth_url": "https://app.example"}
SHARED = {"better_auth_secret": SECRET, "environment": "development"}
NAMED = {"issuer": "https://app.example", "audience": "https://app.example"}


def proof(**settings: Any) -> Proof:
    return Proof.from_settings(EdgeAuthSettings(**settings))


def faults(**settings: Any) -> list[str]:
    with pytest.raises(ConfigurationError) as refused:
        proof(**settings)
    assert str(refused.value).startswith("misconfigured:\n  ")
    return [fault.split(":")[0] for fault in refused.value.faults]


@pytest.mark.parametrize(
    ("settings", "mode"),
    [
        (EDGE, "assertion"),
        (TOKENS, "jwks"),
        ({"jwks_url": "https://app.example/keys", **NAMED}, "jwks"),
        ({**SHARED, **NAMED}, "secret"),
        # Better Auth's own settings, as they stand in a shared .env
        ({**TOKENS, **SHARED}, "jwks"),
        ({**EDGE, "better_auth_secret": SECRET}, "assertion"),
        ({**EDGE, **TOKENS, "edge_auth_mode": "assertion"}, "assertion"),
        ({**EDGE, **TOKENS, "edge_auth_mode": "jwks"}, "jwks"),
        ({**EDGE, **TOKENS, **SHARED, "edge_auth_mode": "secret"}, "secret"),
    ],
)
def test_the_mode_is_the_one_named_or_the_only_one_there(
    settings: dict[str, Any], mode: str
) -> None:
    assert proof(**settings).mode == mode


def test_two_modes_are_not_a_choice() -> None:
    assert faults(**EDGE, **TOKENS) == ["EDGE_AUTH_MODE"]
    assert faults() == ["EDGE_AUTH_MODE"]


@pytest.mark.parametrize(
    ("url", "origin", "jwks_url"),
    [
        ("https://a.example", "https://a.example", "https://a.example/api/auth/jwks"),
        ("https://A.example:443/", "https://a.example", "https://a.example/api/auth/jwks"),
        ("http://[::1]:3000", "http://[::1]:3000", "http://[::1]:3000/api/auth/jwks"),
        ("https://a.example/auth/", "https://a.example", "https://a.example/auth/jwks"),
    ],
)
def test_issuer_audience_and_keys_follow_from_the_base_url(
    url: str, origin: str, jwks_url: str
) -> None:
    read = proof(better_auth_url=url)
    assert (read.expectations.issuers, read.expectations.audiences) == ([origin], [origin])
    assert read.keys == jwks_url


def test_a_key_sets_own_url_is_used_as_it_stands() -> None:
    url = "https://a.example/keys/"
    assert proof(**TOKENS, jwks_url=url).keys == url
    assert proof(edge_jwks_url=url, edge_audience="a").keys == url


def test_what_the_edge_signs_follows_from_where_it_publishes() -> None:
    read = proof(**EDGE)
    assert read.keys == "https://edge.example/.well-known/better-auth-edge/jwks.json"
    assert read.expectations.issuers == ["https://edge.example"]
    assert read.expectations.audiences == ["https://api.example"]
    internal = {"edge_jwks_url": "http://edge:8787/keys.json", "edge_audience": "a, b"}
    read = proof(**internal, edge_issuer="https://edge.example")
    assert read.keys == "http://edge:8787/keys.json"
    assert read.expectations.issuers == ["https://edge.example"]
    assert read.expectations.audiences == ["a", "b"]


def test_the_shared_secret_has_to_be_said_twice_in_production() -> None:
    alone = {"better_auth_secret": SECRET, **NAMED}
    assert faults(**alone) == ["EDGE_AUTH_MODE"]
    assert faults(**alone, edge_auth_mode="secret") == ["EDGE_AUTH_MODE"]
    assert faults(**alone, allow_shared_secret=True) == ["EDGE_AUTH_MODE"]
    assert faults(**alone, edge_auth_mode="secret", environment="staging") == ["EDGE_AUTH_MODE"]
    assert proof(**alone, edge_auth_mode="secret", allow_shared_secret=True).mode == "secret"
    assert proof(**alone, environment="test").mode == "secret"


def test_a_secret_is_as_long_as_the_hash_and_never_shown() -> None:
    own = {"environment": "test", **NAMED}
    assert faults(better_auth_secret="x" * 31, **own) == ["BETTER_AUTH_SECRET"]
    short = faults(better_auth_secret=SECRET, algorithms="HS256,HS512", **own)
    assert short == ["BETTER_AUTH_SECRET"]
    read = proof(better_auth_secret="hunter2" * 10, algorithms="HS512", **own)
    assert isinstance(read.keys, Secret)
    assert "hunter2" not in repr(read)
    assert "hunter2" not in repr(EdgeAuthSettings.load(better_auth_secret="hunter2"))  # noqa: S106


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"edge_jwks_url": "https://edge.example"}, ["EDGE_AUDIENCE"]),
        ({"edge_audience": "https://api.example"}, ["EDGE_JWKS_URL"]),
        ({"edge_auth_mode": "assertion"}, ["EDGE_JWKS_URL", "EDGE_AUDIENCE"]),
        ({"edge_auth_mode": "jwks"}, ["BETTER_AUTH_URL"]),
        ({**SHARED}, ["ISSUER", "AUDIENCE"]),
        ({"jwks_url": "https://app.example/keys"}, ["ISSUER", "AUDIENCE"]),
        ({"better_auth_url": "app.example"}, ["BETTER_AUTH_URL"]),
        ({"better_auth_url": "ftp://app.example"}, ["BETTER_AUTH_URL"]),
        ({"better_auth_url": "https://u:p@app.example"}, ["BETTER_AUTH_URL"]),
        ({"better_auth_url": "https://app.example?x"}, ["BETTER_AUTH_URL"]),
        ({**TOKENS, "jwks_url": "https://app.example/keys#x"}, ["JWKS_URL"]),
        ({**TOKENS, "jwks_url": "https://app.example/keys?p=1#x"}, ["JWKS_URL"]),
        ({**TOKENS, "jwks_url": "https://app.example/keys?"}, ["JWKS_URL"]),
        ({**TOKENS, "jwks_url": "https://app.example/keys?p=a b"}, ["JWKS_URL"]),
        ({**TOKENS, "jwks_url": "https://u:p@app.example/keys?p=1"}, ["JWKS_URL"]),
        ({**TOKENS, "jwks_url": "ftp://app.example/keys?p=1"}, ["JWKS_URL"]),
        ({**TOKENS, "list_claims": ","}, ["LIST_CLAIMS"]),
        ({"better_auth_url": "https://[x"}, ["BETTER_AUTH_URL"]),
        ({"better_auth_url": "https://a:99999"}, ["BETTER_AUTH_URL"]),
        ({**TOKENS, "algorithms": "HS256"}, ["ALGORITHMS"]),
        ({**TOKENS, "algorithms": "eddsa"}, ["ALGORITHMS"]),
        ({**TOKENS, "algorithms": "none"}, ["ALGORITHMS"]),
        ({**TOKENS, "issuer": "https://a.example,"}, ["ISSUER"]),
        ({**TOKENS, "clock_tolerance": 301}, ["CLOCK_TOLERANCE"]),
        ({**TOKENS, "clock_tolerance": -1}, ["CLOCK_TOLERANCE"]),
        (
            {"edge_auth_mode": "jwks", "algorithms": "x", "issuer": ",", "clock_tolerance": -1},
            ["CLOCK_TOLERANCE", "ALGORITHMS", "BETTER_AUTH_URL", "ISSUER", "ISSUER"],
        ),
    ],
)
def test_every_fault_is_named_at_once(settings: dict[str, Any], expected: list[str]) -> None:
    assert sorted(set(faults(**settings))) == sorted(set(expected))


def test_the_environment_is_read_at_start_up(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError):
        EdgeAuth.from_env()
    monkeypatch.setenv("BETTER_AUTH_URL", "https://app.example")
    monkeypatch.setenv("EDGE_AUDIENCE", "")
    assert EdgeAuth.from_env().mode == "jwks"
    monkeypatch.setenv("EDGE_AUTH_MODE", "jwt")
    monkeypatch.setenv("CLOCK_TOLERANCE", "hunter2")
    with pytest.raises(ConfigurationError) as refused:
        EdgeAuth.from_env()
    assert [fault.split(":")[0] for fault in refused.value.faults] == [
        "EDGE_AUTH_MODE",
        "CLOCK_TOLERANCE",
    ]
    assert "hunter2" not in str(refused.value)


def test_a_file_fills_in_what_the_environment_leaves_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    file = tmp_path / ".env"
    file.write_text("EDGE_JWKS_URL=https://edge.example\nEDGE_AUDIENCE=x\nDATABASE_URL=y\n")
    monkeypatch.setenv("EDGE_AUDIENCE", "https://api.example")
    assert EdgeAuth.from_env(env_file=str(file)).mode == "assertion"


def test_what_is_given_in_the_code_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BETTER_AUTH_URL", "app.example")
    assert EdgeAuth.from_env(better_auth_url="https://app.example").mode == "jwks"
    with pytest.raises(ConfigurationError, match="better_auth_ulr: is no setting"):
        EdgeAuth.from_env(better_auth_ulr="https://app.example")


KEY_URLS = Path(__file__).parents[2] / "tests/vectors/key_urls.json"


@pytest.mark.parametrize("name", ["better_auth_url", "jwks_url", "edge_jwks_url"])
def test_keys_that_come_without_tls_are_warned_of_as_the_core_does(
    caplog: pytest.LogCaptureFixture, name: str
) -> None:
    others = {"better_auth_url": {}, "jwks_url": NAMED, "edge_jwks_url": {"edge_audience": "a"}}
    cases = json.loads(KEY_URLS.read_text())["cases"]
    assert len(cases) > 50
    for case in cases:
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            proof(**{name: case["url"]}, **others[name])
        warned = ["without TLS" in record.getMessage() for record in caplog.records]
        assert warned == [True] * case["exposed"], case["url"]


def test_only_where_the_keys_are_fetched_from_counts(caplog: pytest.LogCaptureFixture) -> None:
    exposed = "http://app.example.com"
    proof(better_auth_url=exposed, jwks_url="https://app.example.com/keys")
    proof(**{**SHARED, **NAMED}, edge_auth_mode="secret", better_auth_url=exposed)
    assert caplog.records == []
    proof(better_auth_url="https://app.example.com", jwks_url=f"{exposed}:8080/keys")
    [record] = caplog.records
    assert record.getMessage().startswith("the keys come from http://app.example.com:8080 without")
