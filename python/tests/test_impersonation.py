"""Administrators who act as a user; the rule is the core's (tests/gateway/impersonation.rs)."""

from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient
from pydantic import AliasChoices, ConfigDict, Field
from pydantic.alias_generators import to_camel

from better_auth_edge import ConfigurationError, EdgeAuth, EdgeAuthError, EdgeAuthSettings, User
from tests.aliases import unsafe_models
from tests.apps import asserted, bearer, outcome
from tests.better_auth import ORIGIN, Edge, Publisher


def client_for(model: type[User] = User, **settings: Any) -> tuple[TestClient, EdgeAuth[Any]]:
    auth = EdgeAuth(EdgeAuthSettings(**settings), user_model=model)
    app = FastAPI()
    auth.install(app)

    @app.get("/me")
    async def me(user: Annotated[Any, Depends(auth.current_user)]) -> str | None:
        by: str | None = user.impersonated_by
        return by

    @app.get("/billing", dependencies=[Depends(auth.require(impersonation="refuse"))])
    async def billing() -> str:
        return "ok"

    allowed = auth.require(scopes=["a"], impersonation="allow")

    @app.get("/allowed", dependencies=[Depends(allowed)])
    async def of_all() -> str:
        return "ok"

    return TestClient(app), auth


def test_a_token_names_the_administrator(better_auth: Publisher) -> None:
    client, _ = client_for(better_auth_url=better_auth.url)
    for _ in range(3):  # the fields of a token's user are cached
        for claim, expected in [("admin-1", "admin-1"), (..., None), (None, None)]:
            headers = bearer(better_auth.token(impersonatedBy=claim, scope="a"))
            assert client.get("/me", headers=headers).json() == expected
            assert outcome(client.get("/allowed", headers=headers)) == "200"
            billing = "200" if expected is None else "403 impersonation_refused"
            assert outcome(client.get("/billing", headers=headers)) == billing


def test_a_user_is_the_same_each_time(better_auth: Publisher) -> None:
    client, _ = client_for(better_auth_url=better_auth.url)
    by_admin, alone = (
        bearer(better_auth.token(impersonatedBy=by, jti="a")) for by in ("admin-1", ...)
    )
    for _ in range(3):
        assert client.get("/me", headers=by_admin).json() == "admin-1"
        assert client.get("/me", headers=alone).json() is None


@pytest.mark.parametrize("claim", ["", 0, 1, False, True, [], ["admin-1"], {}])
def test_a_malformed_claim_is_invalid_everywhere(better_auth: Publisher, claim: object) -> None:
    client, _ = client_for(better_auth_url=better_auth.url)
    headers = bearer(better_auth.token(impersonatedBy=claim))
    for path in ("/me", "/billing"):
        assert outcome(client.get(path, headers=headers)) == "401 invalid_claim"


def test_an_assertion_names_the_administrator_in_act(edge: Edge) -> None:
    client, _ = client_for(edge_jwks_url=edge.url, edge_audience=ORIGIN)
    for act, expected in [({"sub": "admin-1"}, "admin-1"), (..., None), (None, None)]:
        headers = asserted(edge.assertion(act=act))
        assert client.get("/me", headers=headers).json() == expected
        billing = "200" if expected is None else "403 impersonation_refused"
        assert outcome(client.get("/billing", headers=headers)) == billing


@pytest.mark.parametrize(
    "act", ["admin-1", [], {}, {"sub": None}, {"sub": ""}, {"sub": 7}, {"id": "admin-1"}, True]
)
def test_a_malformed_act_is_invalid(edge: Edge, act: object) -> None:
    client, _ = client_for(edge_jwks_url=edge.url, edge_audience=ORIGIN)
    headers = asserted(edge.assertion(act=act))
    assert outcome(client.get("/me", headers=headers)) == "401 invalid_claim"


def test_the_act_of_a_token_is_not_that_of_an_assertion(better_auth: Publisher) -> None:
    client, _ = client_for(better_auth_url=better_auth.url)
    headers = bearer(better_auth.token(act={"sub": "chosen"}))
    assert client.get("/me", headers=headers).json() is None


class Camel(User):
    model_config = ConfigDict(alias_generator=to_camel)
    is_banned: bool = False


class Renamed(User):
    impersonated_by: str | None = Field(default=None, alias="actor")


class Either(User):
    impersonated_by: str | None = Field(
        default=None, validation_alias=AliasChoices("impersonatedBy", "impersonated_by", "by")
    )


class ByName(User):
    model_config = ConfigDict(populate_by_name=True)
    impersonated_by: str | None = Field(default=None, alias="actor")


CHOSEN = dict.fromkeys(("impersonated_by", "actor", "by", "isBannedBy"), "chosen")


@pytest.mark.parametrize("model", [User, Camel, Renamed, Either, ByName])
def test_no_claim_of_the_user_becomes_the_administrator(
    better_auth: Publisher, edge: Edge, model: type[User]
) -> None:
    by_token, _ = client_for(model, better_auth_url=better_auth.url)
    by_assertion, _ = client_for(model, edge_jwks_url=edge.url, edge_audience=ORIGIN)
    for _ in range(2):
        headers = bearer(better_auth.token(**CHOSEN))
        assert by_token.get("/me", headers=headers).json() is None
        headers = bearer(better_auth.token(**CHOSEN, impersonatedBy="admin-1"))
        assert by_token.get("/me", headers=headers).json() == "admin-1"
        assert outcome(by_token.get("/billing", headers=headers)) == "403 impersonation_refused"
        claims = {"sub": "ada", **CHOSEN}
        headers = asserted(edge.assertion(claims=claims))
        assert by_assertion.get("/me", headers=headers).json() is None
        headers = asserted(edge.assertion(claims=claims, act={"sub": "admin-1"}))
        assert by_assertion.get("/me", headers=headers).json() == "admin-1"


@pytest.mark.parametrize("model", unsafe_models("impersonated_by", "impersonatedBy"))
def test_a_model_that_would_allow_that_fails_at_start_up(
    better_auth: Publisher, model: type[User]
) -> None:
    with pytest.raises(ConfigurationError, match="user_model: "):
        EdgeAuth(EdgeAuthSettings(better_auth_url=better_auth.url), user_model=model)


def test_a_test_user_can_be_impersonated(better_auth: Publisher) -> None:
    client, auth = client_for(better_auth_url=better_auth.url)
    app: Any = client.app
    for user, expected in [
        (User.for_test(impersonatedBy="admin-1"), "403 impersonation_refused"),
        (User(id="ada", impersonated_by="admin-1"), "403 impersonation_refused"),
        (User(id="ada", claims={"impersonatedBy": "admin-1"}), "403 impersonation_refused"),
        (User.for_test(), "200"),
        (User(id="ada"), "200"),
    ]:
        app.dependency_overrides[auth.current_user] = lambda user=user: user
        assert outcome(client.get("/billing")) == expected
    with pytest.raises(EdgeAuthError, match="invalid_claim"):
        User.for_test(impersonatedBy=7)


@pytest.mark.parametrize("value", ["deny", "", "Refuse", True, ["refuse"]])
def test_an_unknown_spelling_is_an_error(better_auth: Publisher, value: Any) -> None:
    auth = EdgeAuth(EdgeAuthSettings(better_auth_url=better_auth.url))
    with pytest.raises(ConfigurationError, match="impersonation: is neither allow nor refuse"):
        auth.require(impersonation=value, scopes=["a"])


def test_to_allow_it_requires_nothing(better_auth: Publisher) -> None:
    auth = EdgeAuth(EdgeAuthSettings(better_auth_url=better_auth.url))
    none: dict[str, Any] = {}
    for requirements in (none, {"impersonation": "allow"}):
        with pytest.raises(ConfigurationError, match="require: needs claims, scopes"):
            auth.require(**requirements)
