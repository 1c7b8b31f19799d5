"""One verifier for many threads and event loops: one fetch, and no deadlock."""

import asyncio
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi.testclient import TestClient

from better_auth_edge import EdgeAuth, EdgeAuthSettings, User, Verifier
from tests.apps import app_for, bearer
from tests.better_auth import Publisher
from tests.key_lookups import Gate

THREADS = 32


@pytest.fixture
def often_switched() -> Iterator[None]:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(interval)


def verifier_of(better_auth: Publisher) -> Verifier:
    return Verifier(EdgeAuthSettings(better_auth_url=better_auth.url))


def test_threads_share_one_fetch(better_auth: Publisher) -> None:
    verifier, gate = verifier_of(better_auth), Gate(better_auth)
    tokens = [better_auth.token(jti=str(number)) for number in range(THREADS)]
    with ThreadPoolExecutor(THREADS) as threads:
        users = [threads.submit(verifier.verify_sync, token) for token in tokens]
        assert gate.asked.wait(10)
        gate.opened.set()
        assert [user.result(10).id for user in users] == ["ada"] * THREADS
    assert better_auth.fetches == 1


def test_event_loops_and_threads_share_one_fetch(better_auth: Publisher) -> None:
    verifier, gate, token = verifier_of(better_auth), Gate(better_auth), better_auth.token()

    async def several() -> list[User]:
        in_thread = asyncio.to_thread(verifier.verify_sync, token)
        return list(await asyncio.gather(*[verifier.verify(token) for _ in range(2)], in_thread))

    with ThreadPoolExecutor(8) as threads:
        users = [threads.submit(asyncio.run, several()) for _ in range(4)]
        users_sync = [threads.submit(verifier.verify_sync, token) for _ in range(4)]
        assert gate.asked.wait(10)
        gate.opened.set()
        assert [user.id for one in users for user in one.result(10)] == ["ada"] * 12
        assert [one.result(10).id for one in users_sync] == ["ada"] * 4
    assert better_auth.fetches == 1


def test_the_event_loop_runs_while_a_verification_waits_for_keys(better_auth: Publisher) -> None:
    verifier, gate = verifier_of(better_auth), Gate(better_auth)

    async def test() -> None:
        waiting = asyncio.create_task(verifier.verify(better_auth.token()))
        start, turns = time.monotonic(), 0
        while time.monotonic() - start < 0.2:
            await asyncio.sleep(0)
            turns += 1
        assert not waiting.done()
        assert turns > 100
        gate.opened.set()
        assert (await waiting).id == "ada"

    asyncio.run(asyncio.wait_for(test(), 20))


@pytest.mark.usefixtures("often_switched")
def test_a_clock_that_lets_other_threads_run_causes_no_deadlock(better_auth: Publisher) -> None:
    def clock() -> float:
        time.sleep(0)
        return time.time()

    verifier = Verifier(EdgeAuthSettings(better_auth_url=better_auth.url), clock=clock)
    tokens = [better_auth.token(jti=str(number)) for number in range(200)]

    def verify_all() -> None:
        for token in tokens:
            verifier.verify_sync(token)

    threads = [threading.Thread(target=verify_all, daemon=True) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert not any(thread.is_alive() for thread in threads)


@pytest.mark.usefixtures("often_switched")
def test_threads_that_read_the_claims_of_one_token_get_dictionaries_of_their_own(
    better_auth: Publisher,
) -> None:
    verifier, token = verifier_of(better_auth), better_auth.token(list=[0])

    def change(number: int) -> None:
        for _ in range(200):
            claims = verifier.verify_sync(token).claims
            assert claims["list"] == [0]
            claims["list"].append(number)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(change, range(8)))


def test_routes_in_the_thread_pool_and_in_the_loop_share_one_fetch(better_auth: Publisher) -> None:
    app = app_for(EdgeAuth(EdgeAuthSettings(better_auth_url=better_auth.url)))
    gate, headers = Gate(better_auth), bearer(better_auth.token())

    def get(path: str) -> int:
        with TestClient(app) as client:
            return client.get(path, headers=headers).status_code

    with ThreadPoolExecutor(8) as threads:
        statuses = [threads.submit(get, path) for path in ["/me", "/sync"] * 4]
        assert gate.asked.wait(10)
        gate.opened.set()
        assert [status.result(10) for status in statuses] == [200] * 8
    assert better_auth.fetches == 1
