"""What goes wrong in the core or in what it calls: the process continues, and no token passes."""

import asyncio
import math
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from better_auth_edge import EdgeAuthError, EdgeAuthSettings, Verifier, _core, signatures
from tests.better_auth import Publisher


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


def raise_exit(*_: object) -> Any:
    raise SystemExit


@pytest.mark.parametrize("now", [math.nan, math.inf])
def test_without_a_time_every_token_has_expired(better_auth: Publisher, now: float) -> None:
    works = True
    verifier = Verifier(
        EdgeAuthSettings(better_auth_url=better_auth.url),
        clock=lambda: time.time() if works else now,
    )
    cached, new = better_auth.token(), better_auth.token(jti="new")
    assert verifier.verify_sync(cached).id == "ada"
    works = False
    for token in (cached, new):
        assert code_of(partial(verifier.verify_sync, token)) == "expired"
    works = True
    assert verifier.verify_sync(new).id == "ada"


@pytest.mark.parametrize(
    ("clock", "error"),
    [
        (raise_error, ZeroDivisionError),
        (lambda: None, TypeError),
        (lambda: "now", TypeError),
        (lambda: 10**400, OverflowError),
    ],
)
def test_the_exception_of_a_clock_reaches_the_caller(
    better_auth: Publisher, clock: Callable[[], Any], error: type[BaseException]
) -> None:
    works = True
    verifier = Verifier(
        EdgeAuthSettings(better_auth_url=better_auth.url),
        clock=lambda: time.time() if works else clock(),
    )
    cached, new = better_auth.token(), better_auth.token(jti="new")
    assert verifier.verify_sync(cached).id == "ada"
    works = False
    for token in (cached, new):
        with pytest.raises(error):
            verifier.verify_sync(token)
        with pytest.raises(error):
            asyncio.run(verifier.verify(token))
    works = True
    assert verifier.verify_sync(new).id == "ada"


@pytest.mark.parametrize(
    ("verify_signature", "error"),
    [
        (raise_error, ZeroDivisionError),
        (raise_exit, SystemExit),
        (lambda *_: None, TypeError),
        (lambda *_: "yes", TypeError),
        (lambda *_: 1, TypeError),
    ],
)
@pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
def test_the_exception_of_a_verification_reaches_the_caller(
    monkeypatch: pytest.MonkeyPatch,
    algorithm: str,
    verify_signature: Callable[..., Any],
    error: type[BaseException],
) -> None:
    """A signal handler can raise it too. It never becomes a verdict about a token."""
    with Publisher(algorithm) as publisher:
        settings = EdgeAuthSettings(better_auth_url=publisher.url)
        works = Verifier(settings)
        monkeypatch.setattr(signatures, "verify", verify_signature)
        fails = Verifier(settings)
        token = publisher.token()
        for _ in range(2):
            with pytest.raises(error):
                fails.verify_sync(token)
        assert works.verify_sync(token).id == "ada"


def test_a_signal_that_arrives_while_a_thread_starts_reaches_the_caller(
    better_auth: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = threading.Thread.start

    def interrupted(thread: threading.Thread) -> None:
        start(thread)
        if thread.name == "better-auth-edge":
            raise KeyboardInterrupt

    monkeypatch.setattr(threading.Thread, "start", interrupted)
    verifier = Verifier(EdgeAuthSettings(better_auth_url=better_auth.url))
    with pytest.raises(KeyboardInterrupt):
        verifier.verify_sync(better_auth.token())
    assert verifier.verify_sync(better_auth.token()).id == "ada"


def test_without_threads_there_are_no_keys_and_no_endless_wait(
    better_auth: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, start, seen = time.time(), threading.Thread.start, list[Any]()

    def cannot_start(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    verifier = Verifier(EdgeAuthSettings(better_auth_url=better_auth.url), clock=lambda: now)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", cannot_start)
        patch.setattr(sys, "unraisablehook", lambda said: seen.append(said.exc_value))
        with pytest.raises(EdgeAuthError, match="keys_unavailable") as rejected:
            verifier.verify_sync(better_auth.token())
    assert "no thread could be started" in str(rejected.value.__cause__)
    assert str(seen) == """[RuntimeError("can't start new thread")]"""
    assert threading.Thread.start is start
    now += 2
    assert verifier.verify_sync(better_auth.token()).id == "ada"
