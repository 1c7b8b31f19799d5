"""Accepted values of required claims: a claim must equal the value, in every way to write it."""

from enum import Enum, IntEnum
from typing import Any
from uuid import UUID

import pytest
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient

from better_auth_edge import ConfigurationError, EdgeAuth, User
from tests.better_auth import Publisher


class Level(IntEnum):
    ONE = 1


class Role(str, Enum):
    ADMIN = "admin"


class Seven(int):
    """A number with a representation of its own."""

    def __repr__(self) -> str:
        return "8"


def allows(auth: EdgeAuth[Any], accepted: object, claim: object) -> bool:
    app = FastAPI()
    requirement = Depends(auth.require(claims={"claim": accepted}))
    app.get("/", dependencies=[requirement])(lambda: "ok")
    user = User(id="ada", claims={"claim": claim})
    app.dependency_overrides[auth.current_user] = lambda: user
    return TestClient(app).get("/").status_code == 200


@pytest.fixture
def auth(better_auth: Publisher) -> EdgeAuth[Any]:
    return EdgeAuth.from_env(better_auth_url=better_auth.url)


@pytest.mark.parametrize(
    ("accepted", "claim", "other"),
    [
        (Level.ONE, 1, 2),
        (1, Level.ONE, True),
        (Role.ADMIN, "admin", "Role.ADMIN"),
        ("admin", Role.ADMIN, "member"),
        (Seven(7), 7, 8),
        (1.5, 1.5, 1),
        (1e16, 10**16, 1e17),
        (True, True, 1),
        ({"id": "acme", "tier": Level.ONE}, {"tier": 1, "id": "acme"}, {"id": "acme"}),
        ([["a", 1]], [["a", 1]], ["a", 1]),
    ],
)
def test_a_claim_must_have_the_value(
    auth: EdgeAuth[Any], accepted: object, claim: object, other: object
) -> None:
    assert allows(auth, accepted, claim)
    assert not allows(auth, accepted, other)


ID = UUID("0199f3a4-7c21-7e55-9b0d-000000000001")


@pytest.mark.parametrize(
    "accepted", [ID, {"id": ID}, {"a": {1: 2}}, [["a", ID]], float("nan"), b"admin", "\ud800"]
)
def test_a_value_that_no_token_can_have_is_a_mistake(auth: EdgeAuth[Any], accepted: object) -> None:
    with pytest.raises(ConfigurationError, match='claims: no token can have the "claim"'):
        auth.require(claims={"claim": [accepted]})


def test_a_claim_that_no_token_can_have_equals_nothing(auth: EdgeAuth[Any]) -> None:
    for claim in ({"id": "acme", "tier": ID}, ["acme", ID], ID):
        assert not allows(auth, [{"id": "acme"}, "acme"], claim)
