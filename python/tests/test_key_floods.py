"""Attacks on the key cache: clients that disconnect, floods of made-up keys, and tokens sent while
the auth server does not respond.
"""

import asyncio
import threading

import httpx
import pytest

from tests.apps import bearer, by_tokens
from tests.better_auth import Publisher
from tests.key_lookups import Gate, Lookups, in_one_loop, join_fetches


def test_a_fetch_outlives_the_event_loop_that_caused_it(better_auth: Publisher) -> None:
    lookups, gate, key = Lookups(better_auth), Gate(better_auth), better_auth.key
    loop = asyncio.new_event_loop()

    async def begin() -> "asyncio.Task[str]":
        task = asyncio.ensure_future(lookups.lookup(key))
        await asyncio.to_thread(gate.asked.wait, 10)
        return task

    try:
        task = loop.run_until_complete(begin())
        gate.opened.set()
        assert lookups.found(key) == ["found"]
        # The stopped loop continues.
        assert loop.run_until_complete(lookups.lookup(key)) == "found"
        assert loop.run_until_complete(task) == "found"
    finally:
        loop.close()
    assert lookups.found(key) == ["found"]
    assert better_auth.fetches == 1


def test_a_fetch_outlives_every_request_that_is_canceled(
    better_auth: Publisher,
) -> None:
    lookups, gate, key = Lookups(better_auth), Gate(better_auth), better_auth.key

    async def test() -> None:
        for _ in range(20):
            canceled = asyncio.create_task(lookups.lookup(key))
            await asyncio.sleep(0.005)
            canceled.cancel()
            with pytest.raises(asyncio.CancelledError):
                await canceled
        gate.opened.set()
        assert await asyncio.wait_for(lookups.lookup(key), 2) == "found"

    in_one_loop(test)
    assert better_auth.fetches == 1
    join_fetches()
    assert all(thread.name != "better-auth-edge" for thread in threading.enumerate())


def test_a_waiting_request_fetches_again_when_a_fetch_is_abandoned(
    better_auth: Publisher,
) -> None:
    lookups, gate, key = Lookups(better_auth), Gate(better_auth), better_auth.key

    async def test() -> None:
        waiting = asyncio.create_task(lookups.lookup(key))
        await asyncio.to_thread(gate.asked.wait, 10)
        lookups.driver.abandon_fetch()
        gate.opened.set()
        assert await waiting == "found"

    in_one_loop(test)


def test_requests_that_fastapi_cancels_do_not_cancel_the_fetch(
    better_auth: Publisher,
) -> None:
    gate = Gate(better_auth)
    app, token = by_tokens(better_auth).app, better_auth.token()

    async def test() -> None:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
            for _ in range(5):
                canceled = asyncio.create_task(client.get("/me", headers=bearer(token)))
                await asyncio.to_thread(gate.asked.wait, 10)
                canceled.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await canceled
            waiting = asyncio.create_task(client.get("/me", headers=bearer(token)))
            await asyncio.sleep(0.02)
            gate.opened.set()
            assert (await waiting).status_code == 200

    in_one_loop(test)
    assert better_auth.fetches == 1


def test_during_a_flood_of_made_up_keys_a_new_key_is_found_within_31_seconds(
    better_auth: Publisher,
) -> None:
    lookups = Lookups(better_auth)
    assert lookups.found(better_auth.key) == ["found"]
    for number in range(50):
        lookups.now += 0.1
        lookups.found(f"made-up-{number}")
    better_auth.rotate()
    for number in range(50, 1_000):
        lookups.now += 0.1
        lookups.found(f"made-up-{number}")
        (verdict,) = lookups.found(better_auth.key)
        if verdict == "found":
            break
        assert verdict == "keys_unavailable"
    assert lookups.now < 31
    assert better_auth.fetches <= 6


def test_an_implausible_token_does_not_wait_for_a_source_that_hangs(
    better_auth: Publisher,
) -> None:
    lookups, key = Lookups(better_auth), better_auth.key
    assert lookups.found(key) == ["found"]
    gate, lookups.now = Gate(better_auth), 700.0

    async def test() -> None:
        waiting = asyncio.create_task(lookups.lookup("new"))
        await asyncio.to_thread(gate.asked.wait, 10)
        for wanted, plausible, expected in (
            ("made-up", False, "unknown_key"),
            (key, False, "issuer_mismatch"),
            (key, True, "found"),
        ):
            verdict = lookups.lookup(wanted, plausible=plausible)
            assert await asyncio.wait_for(verdict, 0.5) == expected
        gate.opened.set()
        await waiting

    in_one_loop(test)
