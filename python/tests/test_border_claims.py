"""Claims of the core in Python: the values of Python's `json`, and no shared object."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from better_auth_edge import EdgeAuthError, EdgeAuthSettings, User, Verifier
from tests.better_auth import ORIGIN, Edge, Publisher


def verifier_of(better_auth: Publisher) -> Verifier:
    return Verifier(EdgeAuthSettings(better_auth_url=better_auth.url))


def token_with(better_auth: Publisher, value: str) -> str:
    """A token whose claim `x` has this JSON text."""
    start = json.dumps(better_auth.claims()).encode()[:-1]
    return better_auth.key.sign_bytes(start + f',"x":{value}}}'.encode())


@pytest.mark.parametrize(
    "text",
    [
        *("null", "true", "false", "[]", "{}", '""', "0", "-0", "-0.0", "1.5", "1e5", "-1E-5"),
        *("9007199254740993", "9223372036854775807", "9223372036854775808", "-9223372036854775809"),
        *("18446744073709551616", "9" * 300, "5e-324", "1e-400", "0.1", "1.7976931348623157e308"),
        *(
            r'"\ud83d\ude00"',
            r'"\u0000"',
            '"é漢🙂"',
            r'"\"\\\/\b\f\n\r\t"',
            r'{"\u0061":[1,{"b":null}]}',
        ),
        "[" * 31 + "]" * 31,
    ],
)
def test_a_claim_has_the_value_that_pythons_json_reads(better_auth: Publisher, text: str) -> None:
    user = verifier_of(better_auth).verify_sync(token_with(better_auth, text))
    expected = json.loads(text)
    assert (user.claims["x"], type(user.claims["x"])) == (expected, type(expected))
    assert str(user.claims["x"]) == str(expected), "-0.0 equals 0.0"


@pytest.mark.parametrize("text", ["1e999", "-1e999", "9" * 400, "9" * 4_000, "[[-1e400]]"])
def test_a_number_beyond_a_float_is_an_invalid_claim(better_auth: Publisher, text: str) -> None:
    with pytest.raises(EdgeAuthError) as rejected:
        verifier_of(better_auth).verify_sync(token_with(better_auth, text))
    assert (rejected.value.code, "too large" in rejected.value.detail) == ("invalid_claim", True)


@pytest.mark.parametrize(
    "text",
    [r'"\ud800"', r'"\udfff\ud800"', r'{"\ud800":1}', "[" * 32 + "]" * 32, "NaN", '{"a":1,"a":2}'],
)
def test_a_payload_that_is_not_strict_json_is_malformed(better_auth: Publisher, text: str) -> None:
    with pytest.raises(EdgeAuthError) as rejected:
        verifier_of(better_auth).verify_sync(token_with(better_auth, text))
    assert rejected.value.code == "malformed_token"


def change(claims: dict[str, Any]) -> None:
    claims["sub"] = "eve"
    claims["org"]["role"] = "owner"
    claims["org"]["team"]["ids"].append(7)
    claims["list"][0]["a"] = 2
    claims["list"].clear()
    del claims["email"]


def test_a_change_to_claims_never_shows_in_another_verification(better_auth: Publisher) -> None:
    org = {"role": "member", "team": {"ids": [1]}}
    token = better_auth.token(org=org, list=[{"a": 1}, [2]])
    verifier = verifier_of(better_auth)
    original = json.loads(json.dumps(verifier.verify_sync(token).claims))
    for _ in range(3):
        user = verifier.verify_sync(token)
        assert user.claims == original
        change(user.claims)
        assert verifier.verify_sync(token).claims == original
        assert (verifier.verify_sync(token).id, user.id) == ("ada", "ada")
    first, second = (verifier._driver.wait_sync(verifier._driver.begin(token)) for _ in range(2))
    assert first.claims is first.claims
    change(first.claims)
    assert second.claims == original
    assert (first.user, second.user) == ("ada", "ada")


def test_a_change_to_a_users_fields_never_shows_in_another_verification(
    better_auth: Publisher,
) -> None:
    class Member(User):
        org: dict[str, Any]
        roles: list[str]

    settings = EdgeAuthSettings(better_auth_url=better_auth.url)
    verifier = Verifier(settings, user_model=Member)
    token = better_auth.token(org={"id": 1}, roles=["a"])
    for _ in range(3):
        user = verifier.verify_sync(token)
        assert (user.org, user.roles, user.claims["roles"]) == ({"id": 1}, ["a"], ["a"])
        user.org["id"] = 2
        user.roles.append("admin")
        user.claims["roles"].append("admin")


def test_the_claims_of_an_assertion_are_not_shared_either(edge: Edge) -> None:
    verifier = Verifier(EdgeAuthSettings(edge_jwks_url=edge.url, edge_audience=ORIGIN))
    token = edge.assertion(claims={"sub": "ada", "org": {"role": "member"}})
    for _ in range(3):
        user = verifier.verify_sync(token)
        assert user.claims == {"sub": "ada", "org": {"role": "member"}}
        user.claims["org"]["role"] = user.claims["sub"] = "owner"


def test_a_change_to_a_user_never_shows_in_another_verification(better_auth: Publisher) -> None:
    verifier, token = verifier_of(better_auth), better_auth.token()
    for _ in range(3):
        user = verifier.verify_sync(token)
        assert (user.id, user.email, user.name) == ("ada", "ada@example.com", "Ada Lovelace")
        assert user.claims["sub"] == "ada"
        with pytest.raises(ValidationError, match="frozen"):
            user.id = "eve"  # type: ignore[misc]
        user.__dict__["name"] = "Eve"
        user.claims["sub"] = "eve"
