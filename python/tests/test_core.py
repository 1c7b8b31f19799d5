"""The same code for the same token as the core: what it says is recorded in tests/vectors."""

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from better_auth_edge import _core, signatures
from better_auth_edge.auth_mode import AuthMode
from better_auth_edge.driver import Driver
from better_auth_edge.errors import PROBLEMS
from tests.better_auth import JSON, Publisher, base64url_decode, public_jwk
from tests.verdicts import driver_of, verdict, verdicts

REPOSITORY = Path(__file__).parent.parent.parent
VECTORS = REPOSITORY / "tests/vectors"

NOW = 1_750_000_000
AUTH_SERVER = "https://app.example"


def test_every_token_of_the_cores_tests_gets_the_code_that_the_core_gives(
    better_auth: Publisher,
) -> None:
    jwk = public_jwk(Ed25519PrivateKey.from_private_bytes(bytes([1] * 32)))
    better_auth.keys = [{**jwk, "kid": "key-1", "alg": "EdDSA"}]
    recorded = [json.loads(line) for line in (VECTORS / "verdicts.jsonl").read_text().splitlines()]
    assert len(recorded) > 600
    tokens = [token for _, token in recorded]
    said = verdicts(lambda: driver_of(better_auth, AUTH_SERVER, NOW), tokens)
    differences = [
        (token, expected, here)
        for (expected, token), here in zip(recorded, said, strict=True)
        if here != expected
    ]
    assert differences == []


PUBLISHED = _core.algorithms(symmetric=False)
SECRETS = _core.algorithms(symmetric=True)


def driver_with(publisher: Publisher, jwk: JSON, algorithm: str) -> Driver | None:
    """Returns a driver for tokens of this key. None for an unusable secret."""
    keys: str | bytes = publisher.url
    algorithms = PUBLISHED
    if jwk.get("kty") == "oct":
        keys = base64url_decode(jwk["k"])
        algorithms = [algorithm if algorithm in SECRETS else "HS256"]
        if _core.secret_error(keys, algorithms):
            return None
    publisher.keys = [jwk]
    mode = AuthMode(
        "jwks",
        keys,
        algorithms,
        issuers=[AUTH_SERVER],
        audiences=[AUTH_SERVER],
        url_setting="JWKS_URL",
    )
    return Driver(mode, lambda: NOW)


def algorithm_of(token: str) -> str:
    header = base64url_decode(token.partition(".")[0])
    return _core.canonical_algorithm(json.loads(header)["alg"])


CODES = {
    "malformed": {"malformed_token", "opaque_token"},
    "unusable": {"unknown_key"},
    # the tokens have no `kid`, so a key of another algorithm is not a candidate
    "unfit": {"unsupported_algorithm", "unknown_key"},
    "bad signature": {"bad_signature"},
    # the verifier checks claims after the signature, and these have no "exp"
    "verified": {"missing_claim"},
}
"""By the words of tests/vectors/jose/make.py."""


def jose_cases() -> list[Any]:
    document = json.loads((VECTORS / "jose/cases.json").read_text())
    return [
        pytest.param(document["keys"][case["key"]], case["token"], case["expect"], id=case["name"])
        for case in document["cases"]
    ]


@pytest.mark.parametrize(("jwk", "token", "expected"), jose_cases())
def test_keys_and_signatures_of_every_algorithm(
    better_auth: Publisher, jwk: JSON, token: str, expected: str
) -> None:
    driver = driver_with(better_auth, jwk, "" if expected == "malformed" else algorithm_of(token))
    if driver is None:
        assert expected == "unusable"
    else:
        assert asyncio.run(verdict(driver, token)) in CODES[expected]


def rfc_examples(*kinds: str) -> list[Any]:
    """The examples with a key of these kinds of algorithms."""
    examples = []
    for name in ("rfc7515", "rfc7520", "rfc8037"):
        for example in json.loads((VECTORS / f"rfc/{name}.json").read_text()):
            if "jwk" in example and algorithm_of(example["token"]).startswith(kinds):
                examples.append(pytest.param(example, id=f"{name} {example['name']}"))
    return examples


@pytest.mark.parametrize("example", rfc_examples("RS", "PS", "ES"))
def test_the_rfcs_own_examples_verify_by_rsa_and_ecdsa(example: JSON) -> None:
    """By Python's own code. The core verifies those of EdDSA and HMAC (tests/jose/vectors.rs)."""
    signing_input, _, signature = example["token"].rpartition(".")
    algorithm = algorithm_of(example["token"])
    jwk, decoded = json.dumps(example["jwk"]), base64url_decode(signature)
    assert signatures.verify(jwk, algorithm, signing_input.encode(), decoded)
    assert not signatures.verify(jwk, algorithm, signing_input[:-1].encode(), decoded)


@pytest.mark.parametrize("example", rfc_examples("RS", "PS", "ES", "HS", "Ed"))
def test_the_rfcs_own_examples_pass_the_border(better_auth: Publisher, example: JSON) -> None:
    jwk = {name: value for name, value in example["jwk"].items() if name not in ("use", "key_ops")}
    token = example["token"]
    driver = driver_with(better_auth, jwk, algorithm_of(token))
    assert driver is not None
    is_claims_set = base64url_decode(token.split(".")[1]).startswith(b"{")
    expected = "missing_claim" if is_claims_set else "malformed_token"
    assert asyncio.run(verdict(driver, token)) == expected


def test_the_codes_are_those_of_the_documents() -> None:
    text = (REPOSITORY / "docs/errors.md").read_text()
    documented = {
        code: (int(status), title)
        for code, status, title in re.findall(r"^## (\w+)\n\n\*\*(\d+) · (.+)\*\*$", text, re.M)
    }
    assert len(documented) > 20
    assert {code: documented[code] for code in PROBLEMS} == PROBLEMS
