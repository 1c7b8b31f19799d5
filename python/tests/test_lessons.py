"""What others had to publish a CVE or an advisory for, each as a test of its own."""

import hashlib
import hmac
import json
import time
from collections.abc import Callable

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from tests.apps import SECRET, bearer, by_secret, by_tokens, outcome
from tests.better_auth import JSON, Key, Publisher, base64url


def rejected(better_auth: Publisher, token: str) -> str:
    return outcome(by_tokens(better_auth).get("/me", headers=bearer(token)))


def compact(header: JSON, claims: JSON, sign: Callable[[bytes], bytes]) -> str:
    """A compact JWS as a forger writes one, past every check of a library."""
    signing_input = ".".join(base64url(json.dumps(part).encode()) for part in (header, claims))
    return f"{signing_input}.{base64url(sign(signing_input.encode()))}"


def pem(key: Key) -> bytes:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    encoded: bytes = key.private.public_key().public_bytes(serialization.Encoding.PEM, form)
    return encoded


@pytest.mark.parametrize("algorithm", ["EdDSA", "ES256", "RS256"])
@pytest.mark.parametrize("secret", [pem, lambda key: json.dumps(key.jwk).encode(), lambda _: b""])
def test_a_public_key_does_not_count_as_a_secret(
    algorithm: str, secret: Callable[[Key], bytes]
) -> None:
    """CVE-2026-48526 PyJWT, CVE-2022-29217 PyJWT, CVE-2024-37568 Authlib, CVE-2023-48223."""
    with Publisher(algorithm) as better_auth:
        header = {"alg": "HS256", "kid": better_auth.key.kid}
        key = secret(better_auth.key)
        token = compact(
            header, better_auth.claims(), lambda data: hmac.digest(key, data, hashlib.sha256)
        )
        assert rejected(better_auth, token) == "401 unsupported_algorithm"


@pytest.mark.parametrize("names", [["x"], [], ["b64"], ["exp"]])
def test_a_critical_extension_is_never_passed_over(
    better_auth: Publisher, names: list[str]
) -> None:
    """CVE-2026-32597 PyJWT, CVE-2025-59420 Authlib."""
    token = better_auth.key.sign(better_auth.claims(), crit=names, x=1, b64=True, exp=1)
    assert rejected(better_auth, token) == "401 malformed_token"


def test_an_unknown_kid_neither_floods_the_source_nor_empties_the_cache(
    better_auth: Publisher,
) -> None:
    """CVE-2026-48524 PyJWKClient; jose and Authlib's relatives fetch once per request too."""
    client, known = by_tokens(better_auth), bearer(better_auth.token())
    assert outcome(client.get("/me", headers=known)) == "200"
    better_auth.goes_down()
    for _ in range(20):
        client.get("/me", headers=bearer(Key().sign(better_auth.claims())))
    assert better_auth.fetches == 2
    assert outcome(client.get("/me", headers=known)) == "200"


@pytest.mark.parametrize("segment", [0, 1, 2])
def test_a_huge_segment_is_not_decoded(better_auth: Publisher, segment: int) -> None:
    """CVE-2025-61920 Authlib: a header of hundreds of megabytes."""
    segments = better_auth.token().split(".")
    segments[segment] = "A" * 5_000_000
    assert rejected(better_auth, ".".join(segments)) == "401 token_too_large"


@pytest.mark.parametrize("form", ["compressed", "encrypted"])
def test_nothing_is_inflated(better_auth: Publisher, form: str) -> None:
    """CVE-2025-62706 Authlib and CVE-2024-28176 jose: JWE with zip."""
    header = {"zip": "DEF"} if form == "compressed" else {"enc": "A128GCM", "alg": "dir"}
    assert rejected(better_auth, better_auth.key.sign(better_auth.claims(), **header)) == (
        "401 malformed_token"
    )
    assert rejected(better_auth, "a.b.c.d.e") == "401 malformed_token"


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "nOnE", ""])
@pytest.mark.parametrize("signature", ["", "AA"])
def test_an_unsigned_token_is_rejected(better_auth: Publisher, alg: str, signature: str) -> None:
    """CVE-2015-9235 and all that followed."""
    header = base64url(json.dumps({"alg": alg}).encode())
    claims = base64url(json.dumps(better_auth.claims()).encode())
    assert rejected(better_auth, f"{header}.{claims}.{signature}") in (
        "401 malformed_token",
        "401 unsupported_algorithm",
    )


@pytest.mark.parametrize("member", ["jwk", "jku", "x5u", "x5c"])
def test_a_token_does_not_say_which_key_to_trust(better_auth: Publisher, member: str) -> None:
    """CVE-2018-0114 node-jose: a key in the header may be the attacker's."""
    attacker = Key()
    with Publisher() as elsewhere:
        elsewhere.keys = [attacker.jwk]
        said = {"jwk": attacker.jwk, "jku": elsewhere.url, "x5u": elsewhere.url, "x5c": ["AA"]}
        claims = better_auth.claims()
        token = attacker.sign(claims, **{member: said[member]}, kid=better_auth.key.kid)
        assert rejected(better_auth, token) == "401 bad_signature"
        assert elsewhere.fetches == 0


@pytest.mark.parametrize("kid", ["../../dev/null", "' or '1'='1", "http://evil.example", "\x00"])
def test_a_kid_is_a_name_and_nothing_else(better_auth: Publisher, kid: str) -> None:
    token = better_auth.key.sign(better_auth.claims(), kid=kid)
    assert rejected(better_auth, token) == "401 unknown_key"


@pytest.mark.parametrize("claim", ["exp", "nbf", "iat"])
@pytest.mark.parametrize("value", ["9999999999", "now", True, [9999999999], {}])
def test_a_time_of_the_wrong_type_does_not_count_as_absent(
    better_auth: Publisher, claim: str, value: object
) -> None:
    """CVE-2026-25537 jsonwebtoken."""
    token = better_auth.token(**{claim: value})
    assert rejected(better_auth, token) == "401 invalid_claim"


@pytest.mark.parametrize("value", [["https://x", None], "", [], {"a": 1}, None, 7])
def test_an_issuer_or_audience_of_another_type_matches_nothing(
    better_auth: Publisher, value: object
) -> None:
    """CVE-2024-53861 PyJWT 2.10.0: a part of the issuer was enough."""
    for claim in ("iss", "aud"):
        assert rejected(better_auth, better_auth.token(**{claim: value})).startswith("401 ")
    for part in (better_auth.url[:-1], better_auth.url[1:], "http://", f"{better_auth.url}/"):
        assert rejected(better_auth, better_auth.token(iss=part)) == "401 issuer_mismatch"
        assert rejected(better_auth, better_auth.token(aud=part)) == "401 audience_mismatch"


def test_a_missing_user_is_an_error_and_does_not_match_all_users(better_auth: Publisher) -> None:
    """agno#8889: without `sub` no filter was set."""
    for sub in (..., None):
        assert rejected(better_auth, better_auth.token(sub=sub)) == "401 missing_claim"
    assert rejected(better_auth, better_auth.token(sub="")) == "401 invalid_claim"


@pytest.mark.parametrize("pair", [(0, 0), (0, 1), (1, 0)])
def test_a_signature_of_zeros_is_rejected(pair: tuple[int, int]) -> None:
    """CVE-2022-21449, the psychic signatures; and DER where JOSE wants two numbers."""
    with Publisher("ES256") as better_auth:
        raw = b"".join(number.to_bytes(32, "big") for number in pair)
        signing_input = better_auth.token().rpartition(".")[0]
        for signature in (raw, encode_dss_signature(*pair), b"\0"):
            token = f"{signing_input}.{base64url(signature)}"
            assert rejected(better_auth, token) == "401 bad_signature"


@pytest.mark.parametrize(
    "x",
    [
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0200000000000000000000000000000000000000000000000000000000000000",
    ],
)
def test_a_weak_point_is_not_a_key(better_auth: Publisher, x: str) -> None:
    """Of small order, not canonical, or not on the curve: OpenSSL takes the first two."""
    better_auth.keys = [{**better_auth.key.jwk, "x": base64url(bytes.fromhex(x))}]
    assert rejected(better_auth, better_auth.token()) == "401 unknown_key"


def test_a_key_of_another_type_under_the_same_kid_is_not_tried(better_auth: Publisher) -> None:
    rsa = Key("RS256")
    rsa.kid = better_auth.key.kid
    better_auth.keys = [rsa.jwk]
    assert rejected(better_auth, better_auth.token()) == "401 unsupported_algorithm"


@pytest.mark.parametrize(
    "marker", ["nonce", "at_hash", "events", "cnf", "client_id", "auth_time", "azp", "acr"]
)
def test_another_kind_of_token_by_the_same_key_is_rejected(
    better_auth: Publisher, marker: str
) -> None:
    """RFC 8725, section 3.12: an id_token has the session token's key and no `typ` either."""
    assert rejected(better_auth, better_auth.token(**{marker: "x"})) == "401 wrong_token_type"


def test_a_secret_accepts_no_published_key_and_no_other_hash() -> None:
    now = time.time()
    claims = {
        "iss": "http://auth.example",
        "aud": "http://auth.example",
        "sub": "a",
        "exp": now + 9,
    }
    for alg in ("HS384", "HS512"):
        token = jwt.encode(claims, SECRET * 2, algorithm=alg)
        assert outcome(by_secret().get("/me", headers=bearer(token))) == (
            "401 unsupported_algorithm"
        )
    short = compact(
        {"alg": "HS256"}, claims, lambda data: hmac.digest(SECRET.encode(), data, "sha256")[:16]
    )
    assert outcome(by_secret().get("/me", headers=bearer(short))) == "401 bad_signature"
