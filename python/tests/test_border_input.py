"""Tokens that are not even text of a token: each gets its code, and none disturbs the process."""

import asyncio
from typing import Any

import pytest

from better_auth_edge import EdgeAuthError, EdgeAuthSettings, User, Verifier
from better_auth_edge._core import handshake_token
from tests.better_auth import Publisher, base64url


class Text(str):
    """A str of another class."""

    __slots__ = ()

    def __str__(self) -> str:
        raise AssertionError("the core reads the text itself")


HEADER = base64url(b'{"alg":"EdDSA"}')

INPUTS: list[tuple[Any, str]] = [
    (None, "malformed_token"),
    (7, "malformed_token"),
    (b"a.b.c", "malformed_token"),
    (bytearray(b"a.b.c"), "malformed_token"),
    (["a.b.c"], "malformed_token"),
    (object(), "malformed_token"),
    ("", "missing_token"),
    ("\ud800", "malformed_token"),
    ("a" * 40, "opaque_token"),
    ("a.\udfff.c", "malformed_token"),
    (f"{HEADER}.\ud83d\ude00.c", "malformed_token"),
    ("a\0.b.c", "malformed_token"),
    ("\0", "malformed_token"),
    ("é.ü.漢", "malformed_token"),
    ("🙂" * 10_000, "token_too_large"),
    ("x" * 1_000_000, "token_too_large"),
    ("\ud800" * 1_000_000, "token_too_large"),
    ("." * 100_000, "token_too_large"),
    ("." * 1_000, "malformed_token"),
    (f"{HEADER}..", "malformed_token"),
    (Text("a.b.c"), "malformed_token"),
]


@pytest.mark.parametrize(("token", "code"), INPUTS, ids=lambda value: repr(value)[:24])
def test_a_value_that_is_not_a_token_gets_its_code(
    better_auth: Publisher, token: Any, code: str
) -> None:
    verifier = Verifier(EdgeAuthSettings(better_auth_url=better_auth.url))
    with pytest.raises(EdgeAuthError) as rejected:
        asyncio.run(verifier.verify(token))
    assert (rejected.value.code, rejected.value.status) == (code, 401)
    with pytest.raises(EdgeAuthError) as rejected:
        verifier.verify_sync(token)
    assert rejected.value.code == code
    assert better_auth.fetches == 0
    assert verifier.verify_sync(better_auth.token()).id == "ada"


def test_a_token_of_a_class_derived_from_str_is_a_token(better_auth: Publisher) -> None:
    verifier = Verifier(EdgeAuthSettings(better_auth_url=better_auth.url))
    assert verifier.verify_sync(Text(better_auth.token())).id == "ada"


def test_a_replaced_surrogate_never_equals_the_text_of_a_cached_token(
    better_auth: Publisher,
) -> None:
    verifier = Verifier(EdgeAuthSettings(better_auth_url=better_auth.url))
    token = better_auth.token()
    assert verifier.verify_sync(token).id == "ada"
    for changed in (f"{token}\ud800", f"\udfff{token}", f"{token}\ufffd", f"{token}\0"):
        with pytest.raises(EdgeAuthError) as rejected:
            verifier.verify_sync(changed)
        assert rejected.value.code == "malformed_token"


def test_lone_surrogates_in_paths_and_handshakes_do_not_fail_the_app() -> None:
    user = User.for_test("ada", slug="\ufffd")
    assert not user.owns("\ud800")
    assert not user.owns("\ud800", "slug")
    assert handshake_token(["bearer", "\ud800"]) is not None


def test_every_spelling_of_a_uuid_is_read() -> None:
    spelled = "URN:UUID:0199F3A4-7C21-7E55-9B0D-000000000001"
    user = User.for_test("ada", uuid=spelled)
    assert str(user.uuid) == "0199f3a4-7c21-7e55-9b0d-000000000001"
    assert not user.owns(str(user.uuid)), "the claim is not canonical"
