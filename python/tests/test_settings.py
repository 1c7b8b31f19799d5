"""Settings are right at start-up, or the app does not start and says everything that is wrong."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from better_auth_edge import ConfigurationError, EdgeAuth, EdgeAuthSettings, near_miss
from better_auth_edge._core import BaseUrl, has_same_words
from better_auth_edge.auth_mode import AuthMode

SECRET = "x" * 32
OWN = "; if it is your own variable, list it in IGNORED_VARIABLES"

EDGE = {"edge_jwks_url": "https://edge.example", "edge_audience": "https://api.example"}
TOKENS = {"better_auth_url": "https://app.example"}
SHARED = {"better_auth_secret": SECRET, "environment": "development"}
NAMED = {"issuer": "https://app.example", "audience": "https://app.example"}


def mode_of(**settings: Any) -> AuthMode:
    return AuthMode.from_settings(EdgeAuthSettings(**settings))


def setting_errors(**settings: Any) -> list[str]:
    with pytest.raises(ConfigurationError) as raised:
        mode_of(**settings)
    assert str(raised.value).startswith("misconfigured:\n  ")
    return [error.split(":")[0].upper() for error in raised.value.errors]


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
    assert mode_of(**settings).name == mode


def test_two_modes_are_not_a_choice() -> None:
    assert setting_errors(**EDGE, **TOKENS) == ["EDGE_AUTH_MODE"]
    assert setting_errors() == ["EDGE_AUTH_MODE"]


VECTORS = Path(__file__).parents[2] / "tests/vectors"


def test_base_urls_are_read_as_the_core_reads_them() -> None:
    vectors = json.loads((VECTORS / "base_urls.json").read_text())
    for case in vectors["read"]:
        url = BaseUrl(case["url"])
        assert (url.origin, url.path) == (case["origin"], case["path"]), case
    for text in vectors["refused"]:
        with pytest.raises(ValueError, match=r"^(has|is) "):
            BaseUrl(text)
    assert len(vectors["read"]) > 50 < len(vectors["refused"])


@pytest.mark.parametrize(
    ("base_path", "base"),
    [
        ("/", "https://a.example"),
        ("/auth/", "https://a.example/auth"),
        ("/api/auth", "https://a.example/api/auth"),
    ],
)
def test_better_auths_base_path_may_be_said_apart(base_path: str, base: str) -> None:
    read = mode_of(better_auth_url="https://a.example/", better_auth_base_path=base_path)
    assert (read.keys, read.issuers) == (f"{base}/jwks", ["https://a.example"])
    access = mode_of(
        better_auth_url="https://a.example",
        better_auth_base_path=base_path,
        profile="access-token",
    )
    assert access.issuers == [base]


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
    read = mode_of(better_auth_url=url)
    assert (read.issuers, read.audiences) == ([origin], [origin])
    assert read.keys == jwks_url


def test_a_key_sets_own_url_is_used_as_it_stands() -> None:
    url = "https://a.example/keys/"
    assert mode_of(**TOKENS, jwks_url=url).keys == url
    assert mode_of(edge_jwks_url=url, edge_audience="https://a.example").keys == url


def test_what_the_edge_signs_follows_from_where_it_publishes() -> None:
    read = mode_of(**EDGE)
    assert read.keys == "https://edge.example/.well-known/better-auth-edge/jwks.json"
    assert read.issuers == ["https://edge.example"]
    assert read.audiences == ["https://api.example"]
    internal = {
        "edge_jwks_url": "http://edge:8787/keys.json",
        "edge_audience": "https://a.example, https://b.example:443",
    }
    read = mode_of(**internal, edge_issuer="https://edge.example")
    assert read.keys == "http://edge:8787/keys.json"
    assert read.issuers == ["https://edge.example"]
    assert read.audiences == ["https://a.example", "https://b.example"]


def test_the_shared_secret_has_to_be_said_twice_in_production() -> None:
    alone = {"better_auth_secret": SECRET, **NAMED}
    assert setting_errors(**alone) == ["EDGE_AUTH_MODE"]
    assert setting_errors(**alone, edge_auth_mode="secret") == ["EDGE_AUTH_MODE"]
    assert setting_errors(**alone, allow_shared_secret=True) == ["EDGE_AUTH_MODE"]
    assert setting_errors(**alone, edge_auth_mode="secret", environment="staging") == [
        "EDGE_AUTH_MODE"
    ]
    assert mode_of(**alone, edge_auth_mode="secret", allow_shared_secret=True).name == "secret"
    assert mode_of(**alone, environment="test").name == "secret"


def test_a_secret_is_as_long_as_the_hash_and_never_shown() -> None:
    own = {"environment": "test", **NAMED}
    assert setting_errors(better_auth_secret="x" * 31, **own) == ["BETTER_AUTH_SECRET"]
    short = setting_errors(better_auth_secret=SECRET, algorithms="HS256,HS512", **own)
    assert short == ["BETTER_AUTH_SECRET"]
    read = mode_of(better_auth_secret="hunter2" * 10, algorithms="HS512", **own)
    assert read.keys == b"hunter2" * 10
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
        ({**TOKENS, "better_auth_base_path": "auth"}, ["BETTER_AUTH_BASE_PATH"]),
        (
            {"better_auth_url": "https://a.example/x", "better_auth_base_path": "/"},
            ["BETTER_AUTH_BASE_PATH"],
        ),
        ({**EDGE, "edge_audience": "https://api.example/"}, ["EDGE_AUDIENCE"]),
        ({**EDGE, "edge_audience": "https://api.example/v1"}, ["EDGE_AUDIENCE"]),
        ({**EDGE, "edge_audience": "api.example"}, ["EDGE_AUDIENCE"]),
        ({**EDGE, "edge_issuer": "https://edge .example"}, ["EDGE_ISSUER"]),
        # the mode is unknown, and all settings are checked
        (
            {**EDGE, "edge_issuer": "edge", "better_auth_url": "app.example"},
            ["EDGE_AUTH_MODE", "EDGE_ISSUER", "BETTER_AUTH_URL"],
        ),
        (
            {"edge_auth_mode": "jwks", "algorithms": "x", "issuer": ",", "clock_tolerance": -1},
            ["CLOCK_TOLERANCE", "ALGORITHMS", "BETTER_AUTH_URL", "ISSUER", "ISSUER"],
        ),
    ],
)
def test_every_fault_is_named_at_once(settings: dict[str, Any], expected: list[str]) -> None:
    assert sorted(set(setting_errors(**settings))) == sorted(set(expected))


def test_the_environment_is_read_at_start_up(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError):
        EdgeAuth.from_env()
    monkeypatch.setenv("BETTER_AUTH_URL", "https://app.example")
    monkeypatch.setenv("EDGE_AUDIENCE", "")
    assert EdgeAuth.from_env().mode == "jwks"
    monkeypatch.setenv("EDGE_AUTH_MODE", "jwt")
    monkeypatch.setenv("CLOCK_TOLERANCE", "hunter2")
    with pytest.raises(ConfigurationError) as raised:
        EdgeAuth.from_env()
    assert [error.split(":")[0] for error in raised.value.errors] == [
        "EDGE_AUTH_MODE",
        "CLOCK_TOLERANCE",
    ]
    assert "hunter2" not in str(raised.value)


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
    with pytest.raises(
        ConfigurationError,
        match=r"better_auth_ulr: is not a setting \(did you mean better_auth_url\?\)",
    ):
        EdgeAuth.from_env(better_auth_ulr="https://app.example")


def load_errors(env_file: str | None = None, **values: object) -> list[str]:
    with pytest.raises(ConfigurationError) as raised:
        EdgeAuth.from_env(env_file=env_file, **values)
    return raised.value.errors


def test_faults_of_names_types_and_values_come_at_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CLOCK_TOLERANCE", "soon")
    monkeypatch.setenv("BETTER_AUTH_URL", "app.example")
    monkeypatch.setenv("EDGE_AUDIENCES", "https://api.example")
    missing = tmp_path / "missing.env"
    found = load_errors(str(missing), jwks_ulr="x", user_claim="", algorithms="none")
    assert [error.split(":")[0] for error in found] == [
        *("jwks_ulr", "env_file", "EDGE_AUDIENCES", "CLOCK_TOLERANCE"),
        *("user_claim", "algorithms", "BETTER_AUTH_URL"),
    ]
    assert found[1] == f"env_file: {missing} does not exist"
    assert found[2] == "EDGE_AUDIENCES: is not a setting, but EDGE_AUDIENCE is" + OWN


def test_a_fault_is_named_as_it_was_written_and_causes_no_second_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for values, expected in [
        ({"better_auth_url": 7}, ["better_auth_url"]),
        ({"edge_jwks_url": 7, "edge_audience": "https://a.example"}, ["edge_jwks_url"]),
        ({"edge_jwks_url": "https://a.example", "edge_audience": ["b"]}, ["edge_audience"]),
        ({"jwks_url": 7, **NAMED}, ["jwks_url"]),
        ({"jwks_url": "https://a.example/k", "issuer": 7, "audience": "a"}, ["issuer"]),
        ({"better_auth_secret": 7, "environment": "test", **NAMED}, ["better_auth_secret"]),
        ({**EDGE, **TOKENS, "edge_auth_mode": "jwt"}, ["edge_auth_mode"]),
    ]:
        assert [error.split(":")[0] for error in load_errors(**values)] == expected  # type: ignore[arg-type]
    monkeypatch.setenv("EDGE_JWKS_URL", "https://edge.example")
    monkeypatch.setenv("EDGE_AUDIENCE", "https://api.example/")
    [error] = load_errors()
    assert error.startswith("EDGE_AUDIENCE: ")
    assert error.endswith("write https://api.example")


def test_a_misspelled_name_or_a_missing_file_causes_no_further_errors(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    [error] = load_errors(str(tmp_path / ".env"))
    assert error.startswith("env_file: ")
    [error] = load_errors(better_auth_ulr="https://app.example")
    assert error.startswith("better_auth_ulr: is not a setting")
    monkeypatch.setenv("BETTERAUTH_URL", "https://app.example")
    assert load_errors() == ["BETTERAUTH_URL: is not a setting, but BETTER_AUTH_URL is" + OWN]
    monkeypatch.setenv("EDGE_JWKS_URL", "https://edge.example")
    monkeypatch.setenv("EDGE_AUDIENC", "https://api.example")
    monkeypatch.delenv("BETTERAUTH_URL")
    assert load_errors() == ["EDGE_AUDIENC: is not a setting, but EDGE_AUDIENCE is" + OWN]


@pytest.mark.parametrize(
    ("name", "setting"),
    [
        ("EDGE_AUDIENCES", "EDGE_AUDIENCE"),
        ("EDGEJWKSURL", "EDGE_JWKS_URL"),
        ("edge_jwks_uri", "EDGE_JWKS_URL"),
        ("EDGE_ISUER", "EDGE_ISSUER"),
        ("BETTERAUTH_URL", "BETTER_AUTH_URL"),
        ("BETTER_AUTH_BASE_URL", "BETTER_AUTH_URL"),
        ("BETTER_AUTH_URL_STAGING", "BETTER_AUTH_URL"),
        ("EDGE_REFUSE_REPLAY", "EDGE_REFUSE_REPLAYS"),
        ("JWKS_URI", "JWKS_URL"),
        ("AUDIENCES", "AUDIENCE"),
        ("USER_CLAIMS", "USER_CLAIM"),
        ("CLAIM_USER", "USER_CLAIM"),
        ("AUDIENCE_EXCLUSIVE", "EXCLUSIVE_AUDIENCE"),
        ("CLAIMS_LIST", "LIST_CLAIMS"),
        ("EDGE_AUDIENCE_PROD_EU", "EDGE_AUDIENCE"),
        ("QA_EDGE_AUDIENCE_V2", "EDGE_AUDIENCE"),
        ("MY_BETTER_AUTH_BASE_URL_2", "BETTER_AUTH_URL"),
    ],
)
def test_a_variable_that_is_nearly_a_setting_is_a_fault(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, setting: str
) -> None:
    named = f"{name}: is not a setting, but {setting} is" + OWN
    file = tmp_path / ".env"
    file.write_text(f"{name}=x\n")
    assert load_errors(str(file), **TOKENS) == [named]
    file.write_text(f"{name}=x\nIGNORED_VARIABLES=a, {name}\n")
    assert EdgeAuth.from_env(env_file=str(file), **TOKENS).mode == "jwks"
    monkeypatch.setenv(name, "x")
    assert load_errors(**TOKENS) == [named]


def test_what_is_something_elses_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    others = (
        "NODE_ENV API_KEY SENTRY_DSN BETTER_AUTH_SECRETS BETTER_AUTH_TELEMETRY EDGE_SIGNING_KEY"
    )
    for name in [
        *others.split(),
        "AWS_PROFILE",
        "CI",
        "V2",
        "EDGE",
        "AUTH_SECRET",
        "PROD_URL",
        "ISSUERS",
        "NEXT_PUBLIC_BETTER_AUTH_URL",
    ]:
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("better_auth_url", "https://app.example")
    assert EdgeAuth.from_env().mode == "jwks"


def test_names_are_near_as_the_vectors_say() -> None:
    vectors = json.loads((VECTORS / "near_names.json").read_text())
    for case in vectors["cases"]:
        written, suggested = case["written"], case["suggested"]
        assert near_miss.near_miss(written, vectors["known"]) == case["meant"], written
        question = "" if suggested is None else f" (did you mean {suggested}?)"
        assert near_miss.did_you_mean(written, vectors["known"]) == question, written
    for case in vectors["words"]:
        assert has_same_words(case["name"], case["other"]) == case["same"], case


KEY_URLS = VECTORS / "key_urls.json"


@pytest.mark.parametrize("name", ["better_auth_url", "jwks_url", "edge_jwks_url"])
def test_keys_that_come_without_tls_are_warned_of_as_the_core_does(
    caplog: pytest.LogCaptureFixture, name: str
) -> None:
    others = {
        "better_auth_url": {},
        "jwks_url": NAMED,
        "edge_jwks_url": {"edge_audience": "https://a.example"},
    }
    cases = json.loads(KEY_URLS.read_text())["cases"]
    assert len(cases) > 50
    for case in cases:
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            mode_of(**{name: case["url"]}, **others[name])
        warned = ["without TLS" in record.getMessage() for record in caplog.records]
        assert warned == [True] * case["exposed"], case["url"]


def test_only_where_the_keys_are_fetched_from_counts(caplog: pytest.LogCaptureFixture) -> None:
    exposed = "http://app.example.com"
    mode_of(better_auth_url=exposed, jwks_url="https://app.example.com/keys")
    mode_of(**{**SHARED, **NAMED}, edge_auth_mode="secret", better_auth_url=exposed)
    assert caplog.records == []
    mode_of(better_auth_url="https://app.example.com", jwks_url=f"{exposed}:8080/keys")
    [record] = caplog.records
    assert record.getMessage().startswith("the keys come from http://app.example.com:8080 without")
