"""What kind of credential a user has; the rule is the core's (tests/gateway/credentials.rs)."""

import json
from typing import Annotated, Any

import jwt
import pytest
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient
from pydantic import AliasChoices, AliasPath, ConfigDict, Field
from pydantic.alias_generators import to_camel

from better_auth_edge import (
    ConfigurationError,
    EdgeAuth,
    EdgeAuthError,
    EdgeAuthSettings,
    User,
    Verifier,
)
from better_auth_edge._core import check_credential
from better_auth_edge.credential_kind import KINDS
from tests.aliases import unsafe_models
from tests.apps import SECRET, asserted, bearer, outcome
from tests.better_auth import ORIGIN, Edge, Publisher

PEOPLE = "this path accepts jwt or session, and not "
"""What the edge says too."""


def client_for(model: type[User] = User, **settings: Any) -> tuple[TestClient, EdgeAuth[Any]]:
    auth = EdgeAuth(EdgeAuthSettings(**settings), user_model=model)
    app = FastAPI()
    auth.install(app)

    @app.get("/kind")
    async def kind(user: Annotated[Any, Depends(auth.current_user)]) -> str | None:
        found: str | None = user.credential
        return found

    @app.get("/account", dependencies=[Depends(auth.require(credentials=["session", "jwt"]))])
    async def account() -> str:
        return "ok"

    @app.get("/programs", dependencies=[Depends(auth.require(credentials=["api-key"]))])
    async def programs() -> str:
        return "ok"

    @app.get("/any", dependencies=[Depends(auth.require(credentials=KINDS))])
    async def of_any() -> str:
        return "ok"

    may_read = auth.require(claims={"permissions.tasks": "read"}, credentials=["api-key"])

    @app.get("/tasks", dependencies=[Depends(may_read)])
    async def tasks() -> str:
        return "ok"

    return TestClient(app), auth


def by_assertion(edge: Edge, model: type[User] = User) -> TestClient:
    return client_for(model, edge_jwks_url=edge.url, edge_audience=ORIGIN)[0]


def by_token(better_auth: Publisher, model: type[User] = User) -> TestClient:
    return client_for(model, better_auth_url=better_auth.url)[0]


@pytest.mark.parametrize("kind", KINDS)
def test_the_edge_names_the_kind(edge: Edge, kind: str) -> None:
    client, headers = by_assertion(edge), asserted(edge.assertion(cred=kind))
    is_key = kind == "api-key"
    for _ in range(3):  # the fields of an assertion's user are cached
        assert client.get("/kind", headers=headers).json() == kind
        refused = "403 credential_not_accepted"
        assert outcome(client.get("/account", headers=headers)) == (refused if is_key else "200")
        assert outcome(client.get("/programs", headers=headers)) == ("200" if is_key else refused)
        assert outcome(client.get("/any", headers=headers)) == "200"


def test_the_response_says_what_the_edge_says(edge: Edge) -> None:
    response = by_assertion(edge).get("/account", headers=asserted(edge.assertion(cred="api-key")))
    assert response.json()["detail"] == f"{PEOPLE}api-key"
    assert response.json()["title"] == "This kind of credential is not accepted"


@pytest.mark.parametrize(
    "cred", [..., None, "", "API-KEY", "cookie", 7, True, ["jwt"], {"jwt": "jwt"}]
)
def test_a_route_that_asks_for_a_kind_rejects_an_assertion_without_one(
    edge: Edge, cred: object
) -> None:
    client = by_assertion(edge)
    chosen = {"sub": "ada", "cred": "jwt", "credential": "jwt"}
    for claims in ({"sub": "ada"}, chosen):
        headers = asserted(edge.assertion(cred=cred, claims=claims))
        for _ in range(2):
            assert client.get("/kind", headers=headers).json() is None
            for path in ("/account", "/programs", "/any"):
                response = client.get(path, headers=headers)
                assert outcome(response) == "403 credential_not_accepted"
    response = client.get("/account", headers=headers)
    assert response.json()["detail"] == f"{PEOPLE}a credential of unknown kind"


def test_a_token_of_an_api_key_says_so(better_auth: Publisher) -> None:
    client = by_token(better_auth)
    for _ in range(3):
        for cred, expected in [("api-key", "api-key"), (..., "jwt"), (None, "jwt")]:
            headers = bearer(better_auth.token(cred=cred))
            assert client.get("/kind", headers=headers).json() == expected
            people = "200" if expected == "jwt" else "403 credential_not_accepted"
            assert outcome(client.get("/account", headers=headers)) == people


@pytest.mark.parametrize("cred", ["session", "jwt", "", "API-KEY", 7, ["api-key"], {"a": 1}])
def test_any_other_token_is_a_jwt(better_auth: Publisher, cred: object) -> None:
    headers = bearer(better_auth.token(cred=cred, credential="session"))
    assert by_token(better_auth).get("/kind", headers=headers).json() == "jwt"


def test_a_token_of_a_shared_secret_is_told_apart_too(better_auth: Publisher) -> None:
    own: dict[str, Any] = {"better_auth_secret": SECRET, "better_auth_url": better_auth.url}
    client, _ = client_for(edge_auth_mode="secret", environment="test", **own)
    for cred, expected in [("api-key", "api-key"), (..., "jwt")]:
        token = jwt.encode(better_auth.claims(cred=cred), SECRET, "HS256")
        assert client.get("/kind", headers=bearer(token)).json() == expected


def test_each_of_two_members_with_one_name_is_rejected(better_auth: Publisher, edge: Edge) -> None:
    claims = json.dumps(better_auth.claims())[:-1] + ',"cred":"api-key","cred":"jwt"}'
    headers = bearer(better_auth.key.sign_bytes(claims.encode()))
    assert outcome(by_token(better_auth).get("/kind", headers=headers)) == "401 malformed_token"
    claims = json.dumps(edge.assertion_claims())[:-1] + ',"cred":"api-key","cred":"jwt"}'
    assertion = edge.key.sign_bytes(claims.encode(), typ="edge-assertion+jwt")
    response = by_assertion(edge).get("/kind", headers=asserted(assertion))
    assert outcome(response) == "401 malformed_token"


def test_permissions_of_a_key_are_claims(better_auth: Publisher, edge: Edge) -> None:
    def of(**permissions: object) -> dict[str, Any]:
        return {"sub": "ada", "permissions": permissions}

    of_key, of_edge = by_token(better_auth), by_assertion(edge)
    cases: list[tuple[dict[str, Any], str]] = [
        (of(tasks=["read", "write"]), "200"),
        (of(tasks=["write"]), "403 insufficient_claims"),
        (of(other=["read"]), "403 insufficient_claims"),
        ({"sub": "ada"}, "403 insufficient_claims"),
    ]
    for claims, expected in cases:
        headers = bearer(better_auth.token(cred="api-key", **claims))
        assert outcome(of_key.get("/tasks", headers=headers)) == expected
        headers = asserted(edge.assertion(cred="api-key", claims=claims))
        assert outcome(of_edge.get("/tasks", headers=headers)) == expected
    headers = asserted(edge.assertion(cred="session", claims=of(tasks=["read"])))
    assert outcome(of_edge.get("/tasks", headers=headers)) == "403 credential_not_accepted"


def test_a_verifier_without_fastapi_says_the_kind_too(better_auth: Publisher) -> None:
    verifier = Verifier.from_env(better_auth_url=better_auth.url)
    assert verifier.verify_sync(better_auth.token(cred="api-key")).credential == "api-key"
    assert verifier.verify_sync(better_auth.token()).credential == "jwt"


class Camel(User):
    model_config = ConfigDict(alias_generator=to_camel)
    is_banned: bool = False


class Renamed(User):
    credential: Any = Field(default=None, alias="kind")


class Either(User):
    credential: Any = Field(
        default=None, validation_alias=AliasChoices("cred", "credential", "kind")
    )


class ByName(User):
    model_config = ConfigDict(populate_by_name=True)
    credential: Any = Field(default=None, alias="kind")


class OwnType(User):
    credential: Any = "jwt"


class ReadsTheClaim(User):
    cred: Any = None
    kind: Any = Field(default=None, validation_alias=AliasPath("claims", "credential"))


@pytest.mark.parametrize("model", [User, Camel, Renamed, Either, ByName, OwnType, ReadsTheClaim])
def test_no_claim_of_the_user_becomes_the_kind(
    better_auth: Publisher, edge: Edge, model: type[User]
) -> None:
    of_token, of_edge = by_token(better_auth, model), by_assertion(edge, model)
    chosen = dict.fromkeys(("credential", "kind"), "session")
    for _ in range(2):
        headers = bearer(better_auth.token(**chosen))
        assert of_token.get("/kind", headers=headers).json() == "jwt"
        headers = bearer(better_auth.token(**chosen, cred="api-key"))
        assert of_token.get("/kind", headers=headers).json() == "api-key"
        assert outcome(of_token.get("/account", headers=headers)) == "403 credential_not_accepted"
        claims = {"sub": "ada", **chosen, "cred": "session"}
        headers = asserted(edge.assertion(claims=claims))
        assert of_edge.get("/kind", headers=headers).json() is None
        assert outcome(of_edge.get("/account", headers=headers)) == "403 credential_not_accepted"
        headers = asserted(edge.assertion(claims=claims, cred="api-key"))
        assert of_edge.get("/kind", headers=headers).json() == "api-key"


@pytest.mark.parametrize("model", unsafe_models("credential", "cred"))
def test_a_model_that_would_allow_that_fails_at_start_up(
    better_auth: Publisher, model: type[User]
) -> None:
    with pytest.raises(ConfigurationError, match="user_model: "):
        by_token(better_auth, model)


def test_a_test_user_has_the_kind_that_the_test_chooses(better_auth: Publisher) -> None:
    client, auth = client_for(better_auth_url=better_auth.url)
    app: Any = client.app
    for user, expected in [
        (User.for_test(), "200"),
        (User.for_test(credential="session"), "200"),
        (User.for_test(credential="api-key"), "403 credential_not_accepted"),
        (User.for_test(cred="api-key"), "403 credential_not_accepted"),
        (User.for_test(cred="api-key", credential="session"), "200"),
        (User(id="ada", credential="jwt"), "200"),
        (User(id="ada"), "403 credential_not_accepted"),
        (User(id="ada", claims={"credential": "jwt"}), "403 credential_not_accepted"),
    ]:
        app.dependency_overrides[auth.current_user] = lambda user=user: user
        assert outcome(client.get("/account")) == expected
    assert "credential" not in User.for_test(credential="session").claims
    strange: Any = "cookie"
    with pytest.raises(EdgeAuthError, match="invalid_claim"):
        User.for_test(credential=strange)


@pytest.mark.parametrize(
    ("kinds", "error"),
    [
        ([], "credentials: is empty"),
        (["cookie"], "credentials: 'cookie' is not one of jwt, session, api-key"),
        (["jwt", "API-KEY"], "credentials: 'API-KEY' is not one of"),
        ("jwt", "credentials: must be a list of strings"),
        ([7], "credentials: must be a list of strings"),
    ],
)
def test_a_kind_that_does_not_exist_is_an_error(
    better_auth: Publisher, kinds: Any, error: str
) -> None:
    auth = EdgeAuth(EdgeAuthSettings(better_auth_url=better_auth.url))
    with pytest.raises(ConfigurationError, match=error):
        auth.require(credentials=kinds, scopes=["a"])


def test_the_kinds_are_those_of_the_core() -> None:
    for kind in KINDS:
        check_credential([kind], kind)
        with pytest.raises(EdgeAuthError, match="credential_not_accepted"):
            check_credential([other for other in KINDS if other != kind], kind)
    with pytest.raises(ValueError, match="accepted"):
        check_credential(["cookie"], "jwt")
