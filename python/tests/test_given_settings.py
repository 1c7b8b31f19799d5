"""Settings that the code gives, and values of them that once passed unseen."""

import json
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient

from better_auth_edge import ConfigurationError, EdgeAuth, EdgeAuthSettings, User
from better_auth_edge.auth_mode import AuthMode
from tests.apps import bearer, by_tokens, outcome
from tests.better_auth import Publisher, respond

TOKENS = {"better_auth_url": "https://app.example"}
EDGE = {"edge_jwks_url": "https://edge.example", "edge_audience": "https://api.example"}


def setting_errors(**settings: Any) -> list[str]:
    with pytest.raises(ConfigurationError) as raised:
        EdgeAuth(EdgeAuthSettings(**settings))
    return raised.value.errors


def test_settings_of_the_code_are_checked_like_those_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    [error] = setting_errors(**TOKENS, user_clam="uuid")
    assert error == "user_clam: is not a setting (did you mean user_claim?)"
    [error] = setting_errors(**TOKENS, clock_tolerance="soon")
    assert error.startswith("clock_tolerance: ")
    assert "soon" not in error
    monkeypatch.setenv("PROFILE", "sesion")
    [error] = setting_errors(**TOKENS)
    assert error.startswith("PROFILE: ")
    monkeypatch.delenv("PROFILE")
    monkeypatch.setenv("EDGE_USER_CLAIM", "uuid")
    [error] = setting_errors(**TOKENS)
    assert error.startswith("EDGE_USER_CLAIM: is not a setting, but USER_CLAIM is")
    assert EdgeAuth(EdgeAuthSettings(**TOKENS, ignored_variables="edge_user_claim"))


def from_environment(monkeypatch: pytest.MonkeyPatch, **variables: str) -> list[str]:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError) as raised:
        EdgeAuth.from_env()
    return raised.value.errors


def test_a_value_of_the_wrong_type_is_described_without_the_words_of_pydantic(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert setting_errors(issuer=7) == ["issuer: is not text"]
    assert from_environment(
        monkeypatch,
        CLOCK_TOLERANCE="soon",
        EDGE_REFUSE_REPLAYS="maybe",
        EDGE_AUTH_MODE="jwt",
        PROFILE="sesion",
    ) == [
        "EDGE_AUTH_MODE: is not 'assertion', 'jwks', 'session' or 'secret'",
        "EDGE_REFUSE_REPLAYS: is neither true nor false",
        "PROFILE: is not 'session' or 'access-token'",
        "CLOCK_TOLERANCE: is not a number",
    ]


def test_a_misspelled_setting_does_not_hide_an_error_of_the_setting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    [misspelled, value] = from_environment(
        monkeypatch,
        EDGE_JWKS_URL="https://edge.example",
        EDGE_AUDIENCES="https://api.example",
        EDGE_AUDIENCE="api.example",
    )
    assert misspelled.startswith("EDGE_AUDIENCES: is not a setting, but EDGE_AUDIENCE is")
    assert value.startswith("EDGE_AUDIENCE: has 'api.example', which is not an absolute URL")
    with pytest.raises(ConfigurationError) as raised:
        EdgeAuth.from_env(edge_audience="api.example", edge_audiences="https://api.example")
    assert [error.split(":")[0] for error in raised.value.errors] == [
        *("edge_audiences", "EDGE_AUDIENCES", "edge_audience"),
    ]


def test_the_user_claim_may_be_the_first_of_a_list(better_auth: Publisher) -> None:
    client = by_tokens(better_auth, user_claim=" uuid, org.id ,sub")
    cases: list[tuple[dict[str, Any], str]] = [
        ({}, "ada"),
        ({"org": {"id": "o-1"}}, "o-1"),
        ({"uuid": "u-1", "org": {"id": "o-1"}}, "u-1"),
        ({"uuid": None, "org": {"id": None}}, "ada"),
    ]
    for claims, user in cases:
        response = client.get("/me", headers=bearer(better_auth.token(**claims)))
        assert response.json()["id"] == user
    values: list[Any] = ["", 7, []]
    for value in values:
        response = client.get("/me", headers=bearer(better_auth.token(uuid=value)))
        assert outcome(response) == "401 invalid_claim", value
    client = by_tokens(better_auth, user_claim="uuid,org.id")
    response = client.get("/me", headers=bearer(better_auth.token()))
    assert outcome(response) == "401 missing_claim"
    assert 'no "uuid" or "org.id"' in response.json()["detail"]


@pytest.mark.parametrize("names", ["", " ", ",", "uuid,", ",sub", "uuid,,sub", "uuid, ,sub"])
def test_a_user_claim_has_no_empty_member(names: str) -> None:
    assert setting_errors(**TOKENS, user_claim=names) == [
        "user_claim: is empty or has an empty member"
    ]


@pytest.mark.parametrize(
    ("written", "fetched"),
    [
        ("https://APP.example:443/keys", "https://app.example/keys"),
        ("https://app.example/keys/", "https://app.example/keys/"),
        ("https://\uff41pp.example/keys", "https://app.example/keys"),
        ("http://\uff11\uff12\uff17.0.0.1:8080/keys", "http://127.0.0.1:8080/keys"),
        ("http://0x7f.1:8080/keys?p=%41&q", "http://127.0.0.1:8080/keys?p=%41&q"),
        ("https://app.example/keys/?p=1/", "https://app.example/keys/?p=1/"),
        ("https://App.example?p=1", "https://app.example/?p=1"),
    ],
)
def test_keys_are_fetched_from_the_url_as_it_is_read(written: str, fetched: str) -> None:
    for settings in ({**TOKENS, "jwks_url": written}, {**EDGE, "edge_jwks_url": written}):
        assert AuthMode.from_settings(EdgeAuthSettings(**settings)).keys == fetched


@pytest.mark.parametrize("written", ["https://edge.example", "https://EDGE.example/"])
def test_the_edges_origin_alone_is_where_it_publishes_its_keys(written: str) -> None:
    settings = EdgeAuthSettings(**{**EDGE, "edge_jwks_url": written})
    path = "/.well-known/better-auth-edge/jwks.json"
    assert AuthMode.from_settings(settings).keys == f"https://edge.example{path}"


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        (
            {**TOKENS, "jwks_url": "app", "better_auth_base_path": "x"},
            ["better_auth_base_path", "jwks_url"],
        ),
        (
            {"better_auth_url": "app", "better_auth_base_path": "x"},
            ["better_auth_base_path", "better_auth_url"],
        ),
        (
            {"better_auth_url": "app", "jwks_url": "app", "better_auth_base_path": "x"},
            ["better_auth_base_path", "better_auth_url", "jwks_url"],
        ),
        (
            {**EDGE, **TOKENS, "better_auth_base_path": "x"},
            ["better_auth_base_path", "edge_auth_mode"],
        ),
    ],
)
def test_no_fault_hides_another(settings: dict[str, str], named: list[str]) -> None:
    assert sorted(error.split(":")[0].lower() for error in setting_errors(**settings)) == named


def test_faults_say_what_to_set() -> None:
    [error] = setting_errors(edge_jwks_url="https://edge.example")
    assert error == (
        "EDGE_AUDIENCE: is missing: set it to the origin of the Worker's ORIGIN_URL "
        "(in Next.js: of `origin`)"
    )
    [error] = setting_errors(**{**EDGE, "edge_audience": "https://api.example/v1"})
    assert error.endswith("must be an origin, without a path: write https://api.example")
    for settings in ({}, {**EDGE, **TOKENS}):
        [error] = setting_errors(**settings)
        assert "EDGE_ISSUER" in error


@pytest.mark.parametrize("coding", ["utf-8", "aws-chunked", "gzip", "deflate", "br", "x"])
def test_a_key_set_is_read_though_its_coding_is_not_what_it_says(
    better_auth: Publisher, coding: str
) -> None:
    document = json.dumps({"keys": better_auth.keys}).encode()
    better_auth.handler = lambda it: respond(it, 200, document, {"Content-Encoding": coding})
    response = by_tokens(better_auth).get("/me", headers=bearer(better_auth.token()))
    assert outcome(response) == "200"


def test_a_route_that_can_never_be_right_is_a_fault_where_it_is_defined() -> None:
    auth = EdgeAuth(EdgeAuthSettings(**TOKENS))
    nothing: list[Any] = [[], (), set(), frozenset(), None]
    for accepted in nothing:
        with pytest.raises(ConfigurationError, match="claims"):
            auth.require(claims={"role": accepted})
    for name in ("", 7):
        with pytest.raises(ConfigurationError, match="claims"):
            auth.require(claims={name: "admin"})  # type: ignore[dict-item]
    for scope in ("a b", "", " a", "a\t", 'a"', "ä"):
        with pytest.raises(ConfigurationError, match="scopes"):
            auth.require(scopes=["tasks:read", scope])
    with pytest.raises(ConfigurationError, match="user_from_path"):
        auth.user_from_path("")
    with pytest.raises(ConfigurationError, match="claim"):
        auth.user_from_path("user_id", claim="")
    auth.require(claims={"role": ["admin"], "level": 1, "banned": False}, scopes=["a:b"])


def test_a_list_in_place_of_a_name_is_a_fault(better_auth: Publisher) -> None:
    auth: Any = EdgeAuth(EdgeAuthSettings(better_auth_url=better_auth.url))
    for parameter in (None, 7, ["user_id"]):
        with pytest.raises(ConfigurationError, match="user_from_path"):
            auth.user_from_path(parameter)
    app = FastAPI()
    user = auth.user_from_path("user_id")

    @app.get("/users/{user_id}")
    async def one(user: Annotated[User, Depends(user)]) -> str:
        return user.id

    headers = bearer(better_auth.token())
    assert TestClient(app).get("/users/ada", headers=headers).json() == "ada"
