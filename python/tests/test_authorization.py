"""The header `Authorization`: the same results as the core, and never None by mistake."""

import json
from pathlib import Path
from typing import Any

import pytest

from better_auth_edge._core import without_identity
from better_auth_edge.authorization import bearer_token, presents_credential
from better_auth_edge.errors import EdgeAuthError
from tests.apps import by_assertions, by_secret, by_tokens, outcome
from tests.better_auth import Edge, Publisher

VECTORS = Path(__file__).parents[2] / "tests/vectors/authorization.json"
CASES: list[dict[str, Any]] = json.loads(VECTORS.read_text())["cases"]


def ids(case: dict[str, Any]) -> str:
    return repr(case["values"])


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_every_value_gets_the_result_of_the_core(case: dict[str, Any]) -> None:
    headers = [(b"Authorization", value.encode("latin-1")) for value in case["values"]]
    try:
        said = {"token": bearer_token([(b"x-other", b"Bearer a"), *headers])}
    except EdgeAuthError as error:
        said = {"code": error.code}
    assert said == {name: value for name, value in case.items() if name != "values"}
    assert presents_credential(headers) == (said != {"token": None})


def test_a_server_may_have_lists_and_iterators_for_headers() -> None:
    """ASGI says "iterables of two-item iterables"; Mangum has lists."""
    for make in (tuple, list):
        headers: list[Any] = [
            make((b"Authorization", b"Bearer a.b.c")),
            make((b"x-edge-user", b"bob")),
        ]
        assert bearer_token(iter(headers)) == "a.b.c"
        assert without_identity(iter(headers), [b"authorization"]) == []
        assert without_identity(headers, []) == headers[:1]


@pytest.mark.parametrize("case", [case for case in CASES if "code" in case], ids=ids)
def test_a_malformed_credential_is_never_anonymous(
    better_auth: Publisher, edge: Edge, case: dict[str, Any]
) -> None:
    values = [value.strip(" \t") for value in case["values"]]
    headers = [(b"authorization", value.encode("latin-1")) for value in values]
    for client in (by_tokens(better_auth), by_secret()):
        response = client.get("/perhaps", headers=headers)
        assert outcome(response).split(" ")[1] == case["code"]
    # Behind the edge no such thing counts, and none of it is a request without a credential.
    assert outcome(by_assertions(edge).get("/perhaps", headers=headers)) == "401 wrong_token_type"


def test_a_bare_token_is_not_anonymous(better_auth: Publisher) -> None:
    client, token = by_tokens(better_auth), better_auth.token()
    for value in (token, f"Bearer\t{token}", f"Bearer:{token}", f"JWT {token}", f"Token {token}"):
        response = client.get("/perhaps", headers={"Authorization": value})
        assert outcome(response) == "401 missing_token"
        assert token not in response.text


def test_a_server_may_pass_headers_as_bytearrays() -> None:
    headers: list[Any] = [(bytearray(b"Authorization"), bytearray(b"Bearer a"))]
    assert bearer_token(headers) == "a"
    edge: Any = (bytearray(b"x-edge-user"), bytearray(b"eve"))
    assert without_identity([edge, *headers], []) == headers
