"""What goes wrong in the core or in what it calls: the process continues, and no token passes."""

import asyncio
import math
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from better_auth_edge import EdgeAuthError, EdgeAuthSettings, Verifier, _core, signatures
from tests.better_auth import Publisher
from tests.key_lookups import join_fetches


@pytest.fixture
def unraisable(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[BaseException]]:
    seen: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda said: seen.append(said.exc_value))
    yield seen
    join_fetches()  # whose threads report here too


def code_of(verify: Callable[[], object]) -> str:
    with pytest.raises(EdgeAuthError) as rejected:
        verify()
    return rejected.value.code


def test_a_panic_is_a_runtime_error_and_the_process_continues(better_auth: Publisher) -> None:
    verifier = Verifier(EdgeAuthSettings(better_auth_url=better_auth.url))
    assert verifier.verify_sync(better_auth.token()).id == "ada"
    for _ in range(3):
        with pytest.raises(RuntimeError, match="panicked"):
            _core.panics()
        assert verifier.verify_sync(better_auth.token()).id == "ada"


def raise_error(*_: object) -> Any:
    raise ZeroDivisionError


@pytest.mark.parametrize(
    ("clock", "is_reported"),
    [
        (raise_error, True),
        (lambda: math.nan, False),
        (lambda: math.inf, False),
        (lambda: None, True),
        (lambda: "now", True),
        (lambda: 10**400, True),
    ],
)
def test_without_a_time_every_token_has_expired(
    better_auth: Publisher,
    unraisable: list[BaseException],
    clock: Callable[[], Any],
    is_reported: bool,
) -> None:
    now: Any = better_auth.claims()["iat"]
    settings = EdgeAuthSettings(better_auth_url=better_auth.url)
    works = True
    verifier = Verifier(settings, clock=lambda: now if works else clock())
    cached, new = better_auth.token(), better_auth.token(jti="new")
    assert verifier.verify_sync(cached).id == "ada"
    works = False
    for token in (cached, new):
        assert code_of(lambda token=token: verifier.verify_sync(token)) == "expired"  # type: ignore[misc]
    assert bool(unraisable) == is_reported
    works = True
    assert verifier.verify_sync(new).id == "ada"


def test_a_clock_that_always_raises_lets_no_token_pass(
    better_auth: Publisher, unraisable: list[BaseException]
) -> None:
    settings = EdgeAuthSettings(better_auth_url=better_auth.url)
    verifier = Verifier(settings, clock=raise_error)
    with pytest.raises(EdgeAuthError):
        asyncio.run(asyncio.wait_for(verifier.verify(better_auth.token()), 5))
    assert unraisable


@pytest.mark.parametrize(
    "verify_signature", [raise_error, lambda *_: None, lambda *_: "yes", lambda *_: 1]
)
@pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
def test_a_signature_that_cannot_be_verified_is_bad(
    monkeypatch: pytest.MonkeyPatch,
    unraisable: list[BaseException],
    algorithm: str,
    verify_signature: Callable[..., Any],
) -> None:
    with Publisher(algorithm) as publisher:
        settings = EdgeAuthSettings(better_auth_url=publisher.url)
        works = Verifier(settings)
        monkeypatch.setattr(signatures, "verify", verify_signature)
        fails = Verifier(settings)
        token = publisher.token()
        assert code_of(lambda: fails.verify_sync(token)) == "bad_signature"
        assert works.verify_sync(token).id == "ada"
    assert unraisable
