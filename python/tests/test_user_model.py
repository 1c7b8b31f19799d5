"""An app's own user is made of claims by pydantic's rules, or the request is rejected."""

import logging
from typing import Annotated, Any
from uuid import UUID

import pytest
from fastapi import Depends, FastAPI, HTTPException
from fastapi.testclient import TestClient
from httpx2 import Response
from pydantic import (
    AfterValidator,
    AliasChoices,
    AliasGenerator,
    AliasPath,
    BaseModel,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)
from pydantic.alias_generators import to_camel

from better_auth_edge import ConfigurationError, EdgeAuth, EdgeAuthSettings, User
from tests.apps import asserted, bearer, outcome
from tests.better_auth import ORIGIN, Edge, Publisher


def visit(better_auth: Publisher, model: type[User], **claims: object) -> Response:
    """What a route of such an app says of its user."""
    auth = EdgeAuth(EdgeAuthSettings(better_auth_url=better_auth.url), user_model=model)
    return client_of(auth).get("/me", headers=bearer(better_auth.token(**claims)))


def client_of(auth: EdgeAuth[Any]) -> TestClient:
    app = FastAPI()
    auth.install(app)

    @app.get("/me")
    async def me(user: Annotated[Any, Depends(auth.current_user)]) -> dict[str, Any]:
        dumped: dict[str, Any] = user.model_dump(mode="json", exclude={"claims"})
        return dumped

    return TestClient(app, raise_server_exceptions=False)


class ByAlias(User):
    is_banned: bool = Field(default=False, alias="isBanned")


class ByValidationAlias(User):
    is_banned: bool = Field(default=False, validation_alias="isBanned")


class ByChoices(User):
    is_banned: bool = Field(default=False, validation_alias=AliasChoices("banned", "isBanned"))


class ByPath(User):
    is_banned: bool = Field(default=False, validation_alias=AliasPath("status", "banned"))


class ByPathIntoAnArray(User):
    is_banned: bool = Field(default=False, validation_alias=AliasPath("flags", 1))


class ByPathIntoAllClaims(User):
    is_banned: bool = Field(default=False, validation_alias=AliasPath("claims", "isBanned"))


class ByChoiceOfPaths(User):
    is_banned: bool = Field(
        default=False,
        validation_alias=AliasChoices(AliasPath("x", 0), AliasPath("status", "banned")),
    )


class ByGenerator(User):
    model_config = ConfigDict(alias_generator=to_camel)
    is_banned: bool = False


class ByGeneratorForValidation(User):
    model_config = ConfigDict(alias_generator=AliasGenerator(validation_alias=to_camel))
    is_banned: bool = False


class ByGeneratorBuiltLater(User):
    model_config = ConfigDict(alias_generator=to_camel, defer_build=True)
    is_banned: bool = False


class ByNameToo(User):
    model_config = ConfigDict(populate_by_name=True)
    is_banned: bool = Field(default=False, alias="isBanned")


class Strict(User):
    model_config = ConfigDict(extra="forbid")
    is_banned: bool = Field(default=False, alias="isBanned")


class Inherited(ByAlias):
    pass


BANNED = [
    (ByAlias, {"isBanned": True}),
    (ByValidationAlias, {"isBanned": True}),
    (ByChoices, {"isBanned": True}),
    (ByChoices, {"banned": True, "isBanned": False}),
    (ByPath, {"status": {"banned": True}}),
    (ByPathIntoAnArray, {"flags": [False, True]}),
    (ByPathIntoAllClaims, {"isBanned": True}),
    (ByChoiceOfPaths, {"status": {"banned": True}, "x": []}),
    (ByGenerator, {"isBanned": True}),
    (ByGeneratorForValidation, {"isBanned": True}),
    (ByGeneratorBuiltLater, {"isBanned": True}),
    (ByNameToo, {"isBanned": True}),
    (ByNameToo, {"is_banned": True}),
    (Strict, {"isBanned": True}),
    (Inherited, {"isBanned": True}),
]


@pytest.mark.parametrize(("model", "claims"), BANNED)
def test_a_claim_is_read_by_the_fields_alias(
    better_auth: Publisher, model: type[User], claims: dict[str, Any]
) -> None:
    user = visit(better_auth, model, **claims).json()
    assert (user["id"], user["name"], user["email"]) == ("ada", "Ada Lovelace", "ada@example.com")
    assert user["is_banned"] is True
    assert visit(better_auth, model).json()["is_banned"] is False


@pytest.mark.parametrize(("model", "claims"), BANNED)
def test_it_is_so_behind_the_edge(edge: Edge, model: type[User], claims: dict[str, Any]) -> None:
    settings = EdgeAuthSettings(edge_jwks_url=edge.url, edge_audience=ORIGIN)
    client = client_of(EdgeAuth(settings, user_model=model))
    assertion = edge.assertion(claims={"sub": "ada", **claims})
    assert client.get("/me", headers=asserted(assertion)).json()["is_banned"] is True


def test_a_claim_of_the_fields_own_name_does_not_stand_in_for_its_alias(
    better_auth: Publisher,
) -> None:
    user = visit(better_auth, ByAlias, is_banned=True).json()
    assert user["is_banned"] is False
    assert visit(better_auth, Strict, is_banned=True).json()["is_banned"] is False


@pytest.mark.parametrize("model", [ByAlias, ByChoices, ByGenerator, ByNameToo])
def test_an_aliased_claim_of_the_wrong_type_is_rejected(
    better_auth: Publisher, model: type[User]
) -> None:
    response = visit(better_auth, model, isBanned="hunter2")
    assert outcome(response) == "401 invalid_claim"
    assert "hunter2" not in response.text
    assert "isBanned" in response.text


class Shouting(User):
    model_config = ConfigDict(alias_generator=str.upper)


class Renamed(User):
    id: str = Field(validation_alias=AliasChoices("userId", "user_id"))
    email: str | None = Field(default=None, alias="mail")


def test_no_alias_makes_a_claim_the_users_identity(better_auth: Publisher) -> None:
    user = visit(better_auth, Shouting, ID="bob", UUID="bob", EMAIL="bob@example.com").json()
    assert (user["id"], user["uuid"], user["email"]) == ("ada", None, "ada@example.com")
    user = visit(better_auth, Renamed, userId="bob", user_id="bob", mail="bob@example.com").json()
    assert (user["id"], user["email"]) == ("ada", "ada@example.com")


class Displayed(User):
    display_name: str = Field(default="?", validation_alias=AliasChoices("name"))
    contact: str | None = Field(default=None, validation_alias=AliasChoices("mail", "email"))


def test_a_further_field_may_read_what_the_user_has_too(better_auth: Publisher) -> None:
    user = visit(better_auth, Displayed).json()
    assert (user["display_name"], user["contact"]) == ("Ada Lovelace", "ada@example.com")
    assert (user["name"], user["email"]) == ("Ada Lovelace", "ada@example.com")
    user = visit(better_auth, Displayed, name=..., email=None).json()
    assert (user["display_name"], user["contact"], user["name"]) == ("?", None, None)
    assert outcome(visit(better_auth, Displayed, name={"a": 1})) == "401 invalid_claim"


class Pathological(User):
    id: str = Field(validation_alias=AliasPath("ids", 0))


class SecondId(User):
    account: str = Field(validation_alias=AliasChoices("id"))


class IntoTheName(User):
    first: str = Field(default="", validation_alias=AliasPath("name", "first"))


class AllClaims(User):
    everything: str = Field(default="", validation_alias=AliasChoices("claims"))


@pytest.mark.parametrize("model", [Pathological, SecondId, IntoTheName, AllClaims])
def test_an_alias_that_cannot_be_followed_is_a_fault_at_start_up(model: type[User]) -> None:
    settings = EdgeAuthSettings(better_auth_url="https://app.example")
    with pytest.raises(ConfigurationError, match="user_model: "):
        EdgeAuth(settings, user_model=model)


@pytest.mark.parametrize("model", [dict, BaseModel, str, None, User(id="ada"), "User"])
def test_a_model_that_is_not_derived_from_user_is_a_fault_at_start_up(model: Any) -> None:
    with pytest.raises(ConfigurationError, match="user_model: must be User"):
        EdgeAuth.from_env(better_auth_url="https://app.example", user_model=model)


def raiser(error: Exception) -> Any:
    def raising(_: object) -> Any:
        raise error

    return raising


def field_raises(error: Exception) -> type[User]:
    class Member(User):
        role: Annotated[str, AfterValidator(raiser(error))] = "none"

    return Member


def validator_raises(error: Exception) -> type[User]:
    class Member(User):
        role: str = "none"

        _check = field_validator("id", mode="before")(raiser(error))

    return Member


def model_raises_before(error: Exception) -> type[User]:
    class Member(User):
        @model_validator(mode="before")
        @classmethod
        def check(cls, values: Any) -> Any:
            raise error

    return Member


def model_raises_after(error: Exception) -> type[User]:
    class Member(User):
        @model_validator(mode="after")
        def check(self) -> Any:
            raise error

    return Member


def post_init_raises(error: Exception) -> type[User]:
    class Member(User):
        def model_post_init(self, _: Any, /) -> None:
            raise error

    return Member


def nested_raises(error: Exception) -> type[User]:
    class Profile(BaseModel):
        role: Annotated[str, AfterValidator(raiser(error))] = "none"

    class Member(User):
        role: Annotated[Any, AfterValidator(lambda role: Profile(role=role))] = None

    return Member


class OwnError(Exception):
    pass


@pytest.mark.parametrize(
    "error",
    [
        ValueError("hunter2"),
        AssertionError("hunter2"),
        TypeError("hunter2"),
        KeyError("hunter2"),
        AttributeError("hunter2"),
        ZeroDivisionError("hunter2"),
        RecursionError("hunter2"),
        OwnError("hunter2"),
    ],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.parametrize(
    "raises",
    [
        field_raises,
        validator_raises,
        model_raises_before,
        model_raises_after,
        post_init_raises,
        nested_raises,
    ],
)
def test_a_model_that_raises_rejects_the_token(
    better_auth: Publisher, raises: Any, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        response = visit(better_auth, raises(error), role="hunter2")
    assert outcome(response) == "401 invalid_claim"
    assert "hunter2" not in response.text + caplog.text


def test_a_bug_in_a_model_is_in_the_log(
    better_auth: Publisher, caplog: pytest.LogCaptureFixture
) -> None:
    visit(better_auth, model_raises_after(AttributeError("hunter2")))
    assert "Member raised AttributeError" in caplog.text
    assert "in check" in caplog.text


def test_a_model_may_raise_its_own_response(better_auth: Publisher) -> None:
    response = visit(better_auth, model_raises_after(HTTPException(403, "banned")))
    assert (response.status_code, response.json()) == (403, {"detail": "banned"})


@pytest.mark.parametrize(
    "number",
    ["1e999", "-1e999", "1e309", "9" * 400, "9" * 5_000, "-" + "9" * 5_000, "1e99999999999999999"],
)
@pytest.mark.parametrize("where", ["{}", "[{}]", '{{"a":[0,{{"b":{}}}]}}'])
def test_a_number_that_no_float_holds_is_rejected(
    better_auth: Publisher, edge: Edge, number: str, where: str
) -> None:
    """Python reads infinity, which JSON lacks: a route that returns the user would respond 500."""

    class Member(User):
        level: Any = None

    value = where.format(number)
    claims = str(better_auth.claims()).replace("'", '"')
    token = better_auth.key.sign_bytes(f'{claims[:-1]},"level":{value}}}'.encode())
    auth = EdgeAuth(EdgeAuthSettings(better_auth_url=better_auth.url), user_model=Member)
    response = client_of(auth).get("/me", headers=bearer(token))
    assert outcome(response) == "401 invalid_claim"
    named = str(edge.assertion_claims(claims={"sub": "ada", "level": "X"})).replace("'", '"')
    signed = named.replace('"X"', value).encode()
    assertion = edge.key.sign_bytes(signed, typ="edge-assertion+jwt")
    auth = EdgeAuth(EdgeAuthSettings(edge_jwks_url=edge.url, edge_audience=ORIGIN))
    assert outcome(client_of(auth).get("/me", headers=asserted(assertion))) == "401 invalid_claim"


@pytest.mark.parametrize("number", ["1e308", "9" * 300, "-0.0", "1e-999", "12345678901234567890"])
def test_any_other_number_is_taken(better_auth: Publisher, number: str) -> None:
    claims = str(better_auth.claims()).replace("'", '"')
    token = better_auth.key.sign_bytes(f'{claims[:-1]},"level":{number}}}'.encode())
    auth = EdgeAuth(EdgeAuthSettings(better_auth_url=better_auth.url))
    assert outcome(client_of(auth).get("/me", headers=bearer(token))) == "200"


class ByEmail(User):
    id: str = Field(validation_alias=AliasChoices("email"))


class ByNameOrId(User):
    id: str = Field(validation_alias=AliasChoices("name", "id"))


class ByUuidsName(User):
    uuid: UUID | None = Field(default=None, validation_alias=AliasChoices("name"))


@pytest.mark.parametrize("model", [ByEmail, ByNameOrId, ByUuidsName])
def test_two_fields_of_the_user_cannot_have_one_alias(model: type[User]) -> None:
    """A claim that users can write, such as their name, would become their id."""
    settings = EdgeAuthSettings(better_auth_url="https://app.example")
    with pytest.raises(ConfigurationError, match=r"user_model: .* have the alias (name|email)"):
        EdgeAuth(settings, user_model=model)
