"""The same code for the same token as the core: what it says is recorded in tests/vectors."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from better_auth_edge.claims import Expectations
from better_auth_edge.errors import PROBLEMS, EdgeAuthError
from better_auth_edge.jws import Jws, decode_base64url
from better_auth_edge.keys import (
    SECRET_ALGORITHMS,
    KeySet,
    Secret,
    VerifyingKey,
    canonical_algorithm,
)
from better_auth_edge.verifier import Verifier
from tests.better_auth import public_jwk
from tests.verdicts import verdicts

REPOSITORY = Path(__file__).parent.parent.parent
VECTORS = REPOSITORY / "tests/vectors"

NOW = 1_750_000_000
AUTH_SERVER = "https://app.example"


class StaticKeys:
    """The one key of the core's tests."""

    def __init__(self, keys: KeySet) -> None:
        self._keys = keys

    async def keys(self, kid: str | None, algorithm: str, *, plausible: bool) -> Any:
        return self._keys.select(kid, algorithm)


def the_core_tests_verifier() -> Verifier:
    jwk = {**public_jwk(Ed25519PrivateKey.from_private_bytes(bytes([1] * 32))), "kid": "key-1"}
    keys = KeySet.parse(json.dumps({"keys": [{**jwk, "alg": "EdDSA"}]}).encode())
    algorithms = ("EdDSA", "ES256", "ES512", "PS256", "RS256")
    expectations = Expectations([AUTH_SERVER], [AUTH_SERVER])
    return Verifier(StaticKeys(keys), algorithms, expectations, clock=lambda: NOW)  # type: ignore[arg-type]


def test_every_token_of_the_cores_tests_gets_the_code_that_the_core_gives() -> None:
    verifier = the_core_tests_verifier()
    recorded = [json.loads(line) for line in (VECTORS / "verdicts.jsonl").read_text().splitlines()]
    assert len(recorded) > 600
    said = verdicts(verifier, [token for _, token in recorded])
    differences = [
        (token, expected, here)
        for (expected, token), here in zip(recorded, said, strict=True)
        if here != expected
    ]
    assert differences == []


def usable(jwk: dict[str, Any], algorithm: str) -> VerifyingKey | Secret | None:
    """The key of a JWK; a secret as one for that algorithm."""
    try:
        if jwk.get("kty") != "oct":
            return VerifyingKey.from_jwk(jwk)
        secret = decode_base64url(jwk["k"]) if jwk["k"] else b""
        return Secret(secret, (algorithm if algorithm in SECRET_ALGORITHMS else "HS256",))
    except ValueError:
        return None


def outcome(jwk: dict[str, Any], token: str) -> str:
    """In the words of tests/vectors/jose/make.py."""
    try:
        jws = Jws.parse(token)
    except EdgeAuthError:
        return "malformed"
    algorithm = canonical_algorithm(jws.algorithm)
    key = usable(jwk, algorithm)
    if key is None:
        return "unusable"
    if algorithm not in key.algorithms:
        return "unfit"
    verified = key.verifies(algorithm, jws.signing_input, jws.signature)
    return "verified" if verified else "bad signature"


def jose_cases() -> list[Any]:
    document = json.loads((VECTORS / "jose/cases.json").read_text())
    return [
        pytest.param(document["keys"][case["key"]], case["token"], case["expect"], id=case["name"])
        for case in document["cases"]
    ]


@pytest.mark.parametrize(("jwk", "token", "expected"), jose_cases())
def test_keys_and_signatures_of_every_algorithm(
    jwk: dict[str, Any], token: str, expected: str
) -> None:
    assert outcome(jwk, token) == expected


def rfc_examples() -> list[Any]:
    examples = []
    for name in ("rfc7515", "rfc7520", "rfc8037"):
        for example in json.loads((VECTORS / f"rfc/{name}.json").read_text()):
            if "jwk" in example:
                examples.append(pytest.param(example, id=f"{name} {example['name']}"))
    return examples


@pytest.mark.parametrize("example", rfc_examples())
def test_the_rfcs_own_examples_verify(example: dict[str, Any]) -> None:
    signing_input, _, signature = example["token"].rpartition(".")
    header = json.loads(decode_base64url(signing_input.partition(".")[0]))
    jwk = {name: value for name, value in example["jwk"].items() if name not in ("use", "key_ops")}
    algorithm = canonical_algorithm(header["alg"])
    key = usable(jwk, algorithm)
    assert key is not None
    assert key.verifies(algorithm, signing_input.encode(), decode_base64url(signature))


def test_the_codes_are_those_of_the_documents() -> None:
    text = (REPOSITORY / "docs/errors.md").read_text()
    documented = {
        code: (int(status), title)
        for code, status, title in re.findall(r"^## (\w+)\n\n\*\*(\d+) · (.+)\*\*$", text, re.M)
    }
    assert len(documented) > 20
    assert {code: documented[code] for code in PROBLEMS} == PROBLEMS
