"""Strangers against the key set: clients that hang up, floods of made-up keys, and tokens that
are to wait while the auth server hangs.
"""

import asyncio

import httpx
import pytest

from better_auth_edge.errors import EdgeAuthError
from better_auth_edge.key_source import KeySource
from tests.apps import bearer, by_tokens
from tests.better_auth import Publisher
from tests.test_key_source import Gate, found, in_one_loop, lookup


def test_a_loop_that_stands_still_during_a_fetch_is_not_waited_for(better_auth: Publisher) -> None:
    source, gate = KeySource(better_auth.url), Gate(better_auth)
    kid = better_auth.key.kid
    loop = asyncio.new_event_loop()

    async def begin() -> None:
        asyncio.ensure_future(lookup(source, kid))  # noqa: RUF006 (it is the test's matter)
        await asyncio.to_thread(gate.asked.wait, 10)

    try:
        loop.run_until_complete(begin())
        gate.opened.set()
        assert found(source, kid) == ["found"]
        assert better_auth.fetches == 2
        # it goes on, and what it reports late does no harm
        assert loop.run_until_complete(lookup(source, kid)) == "found"
    finally:
        loop.run_until_complete(asyncio.gather(*asyncio.all_tasks(loop)))
        loop.close()
    assert found(source, kid) == ["found"]


def test_every_request_that_is_given_up_leaves_the_fetch_to_the_next(
    better_auth: Publisher,
) -> None:
    source, gate = KeySource(better_auth.url), Gate(better_auth)
    kid = better_auth.key.kid

    async def test() -> None:
        for _ in range(20):
            given_up = asyncio.create_task(lookup(source, kid))
            await asyncio.sleep(0.005)
            given_up.cancel()
            with pytest.raises(asyncio.CancelledError):
                await given_up
        gate.opened.set()
        assert await asyncio.wait_for(lookup(source, kid), 2) == "found"
        assert not source._fetching

    in_one_loop(test)
    assert better_auth.fetches == 1


def test_a_fetch_that_is_cancelled_is_taken_over_by_a_request_that_waits(
    better_auth: Publisher,
) -> None:
    source, gate = KeySource(better_auth.url), Gate(better_auth)
    kid = better_auth.key.kid

    async def test() -> None:
        waiting = asyncio.create_task(lookup(source, kid))
        await asyncio.to_thread(gate.asked.wait, 10)
        (fetch,) = source._fetching
        fetch.cancel()
        gate.opened.set()
        assert await waiting == "found"

    in_one_loop(test)
    assert better_auth.fetches == 2


def test_requests_that_fastapi_gives_up_do_not_take_the_fetch_with_them(
    better_auth: Publisher,
) -> None:
    gate = Gate(better_auth)
    app, token = by_tokens(better_auth).app, better_auth.token()

    async def test() -> None:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
            for _ in range(5):
                given_up = asyncio.create_task(client.get("/me", headers=bearer(token)))
                await asyncio.to_thread(gate.asked.wait, 10)
                given_up.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await given_up
            waiting = asyncio.create_task(client.get("/me", headers=bearer(token)))
            await asyncio.sleep(0.02)
            gate.opened.set()
            assert (await waiting).status_code == 200

    in_one_loop(test)
    assert better_auth.fetches == 1


def test_a_flood_of_made_up_keys_never_signs_the_users_of_a_new_key_out(
    better_auth: Publisher,
) -> None:
    now = 0.0
    source, old = KeySource(better_auth.url, clock=lambda: now), better_auth.key.kid
    assert found(source, old) == ["found"]
    for number in range(50):
        now += 0.1
        found(source, f"made-up-{number}")
    better_auth.rotate()
    new = better_auth.key.kid
    for number in range(50, 1_000):
        now += 0.1
        found(source, f"made-up-{number}")
        (verdict,) = found(source, new)
        if verdict == "found":
            break
        assert verdict == "keys_unavailable"
    assert now < 31
    assert better_auth.fetches <= 6


def test_tokens_that_could_not_be_accepted_wait_for_nothing_while_the_source_hangs(
    better_auth: Publisher,
) -> None:
    now = 0.0
    source, kid = KeySource(better_auth.url, clock=lambda: now), better_auth.key.kid
    assert found(source, kid) == ["found"]
    gate, now = Gate(better_auth), 700.0

    async def test() -> None:
        waiting = asyncio.create_task(lookup(source, "new"))
        await asyncio.to_thread(gate.asked.wait, 10)
        with pytest.raises(EdgeAuthError, match="no usable key"):
            await asyncio.wait_for(source.keys("made-up", "EdDSA", plausible=False), 0.5)
        await asyncio.wait_for(source.keys(kid, "EdDSA", plausible=False), 0.5)
        await asyncio.wait_for(source.keys(kid, "EdDSA", plausible=True), 0.5)
        gate.opened.set()
        await waiting

    in_one_loop(test)
