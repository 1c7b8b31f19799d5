"""Verifications leave no memory behind, whichever way they end."""

import asyncio
import gc
import sys
import threading
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from better_auth_edge import EdgeAuthError, EdgeAuthSettings, Verifier
from better_auth_edge._core import Pending, Request, Task, Verified
from better_auth_edge.auth_mode import AuthMode
from tests.better_auth import Key, Publisher
from tests.key_lookups import Gate

COUNT = 5_000
NEW = 1_500
"""More than the cache of verified tokens holds."""
STATUS = Path("/proc/self/statm")


def resident() -> int:
    """Bytes of memory that the process uses."""
    return int(STATUS.read_text().split()[1]) * 4_096


def growth(work: Callable[[], None]) -> tuple[int, int]:
    """Does the work. Returns by how many bytes Python and the process have grown."""
    gc.collect()
    before, resident_before = tracemalloc.get_traced_memory()[0], resident()
    work()
    gc.collect()
    return tracemalloc.get_traced_memory()[0] - before, resident() - resident_before


MAX_PYTHON = 100_000
MAX_PROCESS = 4_000_000
"""Bytes. A leak of 400 bytes each would exceed it."""

needs_proc = pytest.mark.skipif(not STATUS.exists(), reason="the system has no /proc")


MAX_ROUNDS = 4
"""A leak grows in each round. What Python makes once, for a log line that comes late, does not."""


def assert_no_growth(work: Callable[[], None]) -> None:
    work()
    tracemalloc.start()
    try:
        work()
        rounds = list[tuple[int, int]]()
        while len(rounds) < MAX_ROUNDS:
            python, process = growth(work)
            if python < MAX_PYTHON and process < MAX_PROCESS:
                return
            rounds.append((python, process))
    finally:
        tracemalloc.stop()
    pytest.fail(f"each round took more memory, in bytes of Python and of the process: {rounds}")


@needs_proc
def test_verified_and_rejected_tokens_leave_nothing(better_auth: Publisher) -> None:
    verifier = Verifier(EdgeAuthSettings(better_auth_url=better_auth.url))
    claims = {"org": {"roles": ["a", "b"]}, "text": "x" * 200}
    tokens = [better_auth.token(**claims, jti=str(number)) for number in range(NEW)]
    forger = Key()
    forger.kid = better_auth.key.kid
    rejected: list[Any] = [
        *("", "x", "a.b.c", "x" * 100_000, None, tokens[0][:-4]),
        *(forger.sign(better_auth.claims()), better_auth.token(exp=1), Key().sign({})),
    ]

    def work() -> None:
        for token in tokens:  # each is new again, because the cache holds fewer
            assert verifier.verify_sync(token).claims["text"]
        for _ in range(COUNT):
            verifier.verify_sync(tokens[-1])
        for _ in range(COUNT // 10):
            for token in rejected:
                with pytest.raises(EdgeAuthError):
                    verifier.verify_sync(token)

    assert_no_growth(work)


@needs_proc
def test_verifications_that_are_canceled_leave_nothing(better_auth: Publisher) -> None:
    gate = Gate(better_auth)
    verifier = Verifier(EdgeAuthSettings(better_auth_url=better_auth.url))
    token = better_auth.token(text="x" * 1_000)

    async def cancel_all() -> None:
        for _ in range(20):
            tasks = [asyncio.create_task(verifier.verify(token)) for _ in range(50)]
            await asyncio.sleep(0)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    try:
        assert_no_growth(lambda: asyncio.run(cancel_all()))
    finally:
        gate.opened.set()


@needs_proc
def test_verifications_and_tasks_that_are_dropped_leave_nothing(better_auth: Publisher) -> None:
    mode = AuthMode.from_settings(EdgeAuthSettings(better_auth_url=better_auth.url))
    token, tasks = better_auth.token(text="x" * 1_000), list[Task]()
    core = mode.verifier(lambda: better_auth.claims()["iat"], tasks.append)

    def work() -> None:
        for number in range(COUNT):
            result = core.verify(token)
            assert isinstance(result, Pending)
            if number % 2:
                result = result.poll()
                assert isinstance(result, Pending)
            tasks.clear()

    assert_no_growth(work)


def end_without_keys(result: Verified | Pending, tasks: list[Task]) -> str:
    try:
        while isinstance(result, Pending):
            result = result.poll()
            for task in tasks:
                task.begin()
                task.step(0)
                task.step(0, (500, [], b"x" * 1_000))
            tasks.clear()
    except EdgeAuthError as error:
        return error.code
    return "ok"


@needs_proc
def test_tasks_that_fail_or_end_half_way_leave_nothing(better_auth: Publisher) -> None:
    mode = AuthMode.from_settings(EdgeAuthSettings(better_auth_url=better_auth.url))
    token, tasks, now = better_auth.token(exp=9e9), list[Task](), 1.75e9
    core = mode.verifier(lambda: now, tasks.append)

    def run(task: Task, is_to_end: bool) -> None:
        task.begin()
        assert isinstance(task.step(now), Request)
        if is_to_end:
            assert task.step(now, "x" * 1_000) is None

    def work() -> None:
        nonlocal now
        for _ in range(1_000):
            now += 61
            result = core.verify(token)
            assert isinstance(result, Pending)
            thread = threading.Thread(target=run, args=(tasks.pop(), now % 2 == 0))
            thread.start()
            thread.join()
            assert end_without_keys(result, tasks) == "keys_unavailable"

    assert_no_growth(work)


def test_a_user_and_its_claims_are_freed_with_the_last_reference(better_auth: Publisher) -> None:
    verifier = Verifier(EdgeAuthSettings(better_auth_url=better_auth.url))
    token = better_auth.token(list=[[1]])
    gc.collect()
    gc.disable()
    try:
        user = verifier.verify_sync(token)
        inner = user.claims["list"]
        held = sys.getrefcount(inner)
        del user
        assert sys.getrefcount(inner) == held - 1
    finally:
        gc.enable()
