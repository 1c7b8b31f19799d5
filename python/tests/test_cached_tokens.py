"""A verified token is cached, and its key and its times count on every hit."""

import pytest

from better_auth_edge import EdgeAuthError, EdgeAuthSettings, Verifier, signatures
from tests.better_auth import Key, Publisher

START = 1_750_000_000.0


class Cached:
    """A verifier by a clock that a test sets, with one token in its cache."""

    def __init__(self, publisher: Publisher, **claims: object) -> None:
        self.now = START
        settings = EdgeAuthSettings(better_auth_url=publisher.url)
        self.verifier = Verifier(settings, clock=lambda: self.now)
        times = {"iat": START, "exp": START + 10_000}
        self.token = publisher.token(**{**times, **claims})
        assert self.verdict() == self.verdict() == "ok"

    def verdict(self, now: float = 0) -> str:
        self.now = START + now
        try:
            self.verifier.verify_sync(self.token)
        except EdgeAuthError as error:
            return error.code
        return "ok"


def test_a_cached_token_expires(better_auth: Publisher) -> None:
    cached = Cached(better_auth, exp=START + 100)
    assert [cached.verdict(now) for now in (99, 104.9, 105, 106)] == ["ok", "ok", *["expired"] * 2]
    assert cached.verdict(104) == "ok", "the clock was set back"
    assert better_auth.fetches == 1


def test_a_cached_token_is_not_valid_before_its_time(better_auth: Publisher) -> None:
    cached = Cached(better_auth, nbf=START)
    assert cached.verdict(-4.9) == "ok"
    assert cached.verdict(-6) == "not_yet_valid"
    assert cached.verdict(0) == "ok"


def test_a_cached_token_was_not_issued_in_the_future(better_auth: Publisher) -> None:
    cached = Cached(better_auth)
    new = better_auth.token(iat=START, exp=START + 10_000, jti="new")
    cached.now = START - 1_000
    with pytest.raises(EdgeAuthError) as rejected:
        cached.verifier.verify_sync(new)
    assert cached.verdict(-1_000) == rejected.value.code


@pytest.mark.parametrize("other", [True, False])
def test_a_cached_token_ends_with_its_key(better_auth: Publisher, other: bool) -> None:
    cached = Cached(better_auth)
    better_auth.keys = [Key().jwk] if other else []
    assert cached.verdict(479) == "ok"
    assert cached.verdict(600) == "unknown_key"
    assert better_auth.fetches == 2
    assert cached.verdict(601) in ("unknown_key", "keys_unavailable")


def test_a_cached_token_ends_when_its_key_is_replaced_under_its_name(
    better_auth: Publisher,
) -> None:
    cached, new = Cached(better_auth), Key()
    new.kid = better_auth.key.kid
    better_auth.keys = [new.jwk]
    assert cached.verdict(600) == "bad_signature"


def test_a_cached_token_ends_when_its_keys_are_too_old(better_auth: Publisher) -> None:
    cached = Cached(better_auth, exp=START + 1e6)
    better_auth.goes_down()
    assert cached.verdict(86_399) == "ok"
    assert cached.verdict(86_500) == "keys_unavailable"
    better_auth.comes_back()
    assert cached.verdict(86_600) == "ok"


def test_a_signature_is_verified_once_and_a_rejected_token_is_not_cached(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls, verify = list[bytes](), signatures.verify

    def counted(jwk: str, algorithm: str, message: bytes, signature: bytes) -> bool:
        calls.append(signature)
        return verify(jwk, algorithm, message, signature)

    monkeypatch.setattr(signatures, "verify", counted)
    with Publisher("ES256") as publisher:
        cached = Cached(publisher)
        assert len(calls) == 1
        for _ in range(10):
            assert cached.verdict() == "ok"
        assert len(calls) == 1
        forged = cached.token[:-8] + ("A" * 8)
        for number in range(1, 4):
            with pytest.raises(EdgeAuthError, match="bad_signature"):
                cached.verifier.verify_sync(forged)
            assert len(calls) > number
        assert cached.verdict() == "ok"
