"""The JWK Set over real HTTP: how often it is fetched, and which responses are accepted."""

import asyncio
import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from tests.apps import bearer, by_tokens, outcome
from tests.better_auth import JSON, Key, Publisher, respond
from tests.key_lookups import Gate, Lookups, in_one_loop, shorten_timeout


def test_one_fetch_serves_many_requests_of_many_loops(better_auth: Publisher) -> None:
    client = by_tokens(better_auth)
    for _ in range(3):
        assert outcome(client.get("/me", headers=bearer(better_auth.token()))) == "200"
    assert better_auth.paths == ["/api/auth/jwks"]


def test_a_rotated_key_is_accepted_at_once(better_auth: Publisher) -> None:
    client, old = by_tokens(better_auth), bearer(better_auth.token())
    assert outcome(client.get("/me", headers=old)) == "200"
    better_auth.rotate()
    assert outcome(client.get("/me", headers=bearer(better_auth.token()))) == "200"
    assert outcome(client.get("/me", headers=old)) == "200"
    assert better_auth.fetches == 2


def test_made_up_keys_cause_a_few_fetches_and_are_then_unavailable(better_auth: Publisher) -> None:
    client = by_tokens(better_auth)
    assert outcome(client.get("/me", headers=bearer(better_auth.token()))) == "200"
    for number in range(20):
        token = Key().sign(better_auth.claims())
        response = client.get("/me", headers=bearer(token))
        expected = "401 unknown_key" if number < 4 else "503 keys_unavailable"
        assert outcome(response) == expected
    assert int(response.headers["retry-after"]) in range(25, 31)
    assert better_auth.fetches == 5


def test_a_token_with_wrong_claims_causes_no_fetch(better_auth: Publisher) -> None:
    client = by_tokens(better_auth)
    assert outcome(client.get("/me", headers=bearer(better_auth.token()))) == "200"
    for changes in ({"exp": 1}, {"iss": "https://evil.example"}, {"aud": "x"}, {"nonce": "n"}):
        token = Key().sign(better_auth.claims(**changes))
        assert outcome(client.get("/me", headers=bearer(token))) == "401 unknown_key"
    assert better_auth.fetches == 1


def test_known_keys_are_used_while_the_source_fails_and_unknown_keys_are_unavailable(
    better_auth: Publisher,
) -> None:
    client, known = by_tokens(better_auth), bearer(better_auth.token())
    assert outcome(client.get("/me", headers=known)) == "200"
    better_auth.goes_down()
    better_auth.rotate()
    response = client.get("/me", headers=bearer(better_auth.token()))
    assert outcome(response) == "503 keys_unavailable"
    assert int(response.headers["retry-after"]) in range(1, 31)
    assert outcome(client.get("/me", headers=known)) == "200"


def test_without_any_keys_failures_are_followed_by_a_back_off(better_auth: Publisher) -> None:
    better_auth.goes_down()
    client = by_tokens(better_auth)
    for _ in range(5):
        response = client.get("/me", headers=bearer(better_auth.token()))
        assert outcome(response) == "503 keys_unavailable"
    assert better_auth.fetches == 1


def test_requests_at_the_same_time_share_one_fetch(better_auth: Publisher) -> None:
    lookups, gate = Lookups(better_auth), Gate(better_auth)

    async def test() -> None:
        waiting = [asyncio.create_task(lookups.lookup(better_auth.key)) for _ in range(20)]
        await asyncio.to_thread(gate.asked.wait, 10)
        gate.opened.set()
        assert await asyncio.gather(*waiting) == ["found"] * 20

    in_one_loop(test)
    assert better_auth.fetches == 1


def test_event_loops_at_the_same_time_share_one_fetch(better_auth: Publisher) -> None:
    lookups, gate = Lookups(better_auth), Gate(better_auth)
    with ThreadPoolExecutor(4) as threads:
        waiting = [threads.submit(lookups.found, better_auth.key) for _ in range(4)]
        assert gate.asked.wait(10)
        gate.opened.set()
        assert [one.result(10) for one in waiting] == [["found"]] * 4
    assert better_auth.fetches == 1


def test_a_canceled_request_does_not_cancel_the_fetch_of_the_others(
    better_auth: Publisher,
) -> None:
    lookups, gate = Lookups(better_auth), Gate(better_auth)

    async def test() -> None:
        first = asyncio.create_task(lookups.lookup(better_auth.key))
        await asyncio.to_thread(gate.asked.wait, 10)
        second = asyncio.create_task(lookups.lookup(better_auth.key))
        await asyncio.sleep(0)
        first.cancel()
        gate.opened.set()
        assert await second == "found"

    in_one_loop(test)
    assert better_auth.fetches == 1


def test_an_event_loop_that_ends_during_a_fetch_does_not_block_the_next_fetch(
    better_auth: Publisher,
) -> None:
    lookups, gate = Lookups(better_auth), Gate(better_auth)

    async def given_up() -> None:
        asyncio.get_running_loop().create_task(lookups.lookup(better_auth.key))
        await asyncio.to_thread(gate.asked.wait, 10)

    in_one_loop(given_up)
    gate.opened.set()
    assert lookups.found(better_auth.key) == ["found"]


def test_a_known_key_does_not_wait_for_a_slow_source(better_auth: Publisher) -> None:
    lookups, key = Lookups(better_auth), better_auth.key
    assert lookups.found(key) == ["found"]
    gate, lookups.now = Gate(better_auth), 500.0

    async def test() -> None:
        assert await lookups.lookup(key) == "found"
        await asyncio.to_thread(gate.asked.wait, 10)
        assert await lookups.lookup(key) == "found"
        gate.opened.set()

    in_one_loop(test)
    assert better_auth.fetches == 2


def test_a_withdrawn_key_is_unknown_when_the_set_expires(better_auth: Publisher) -> None:
    lookups, key = Lookups(better_auth), better_auth.key
    assert lookups.found(key) == ["found"]
    better_auth.keys, lookups.now = [], 600.0
    assert lookups.found(key) == ["unknown_key"]


Response = Callable[[BaseHTTPRequestHandler], None]


def of(status: int, body: bytes, **headers: str) -> Response:
    return lambda request: respond(request, status, body, headers)


def a_set_of(key: Key) -> bytes:
    return json.dumps({"keys": [key.jwk]}).encode()


OTHER = Key()


@pytest.mark.parametrize(
    "response",
    [
        pytest.param(of(500, a_set_of(OTHER)), id="another status"),
        pytest.param(of(203, a_set_of(OTHER)), id="a status of success that is not 200"),
        pytest.param(of(200, b""), id="nothing"),
        pytest.param(of(200, b"<html>"), id="a page"),
        pytest.param(of(200, b"[]"), id="a list"),
        pytest.param(of(200, b'{"keys":{}}'), id="an object for keys"),
        pytest.param(of(200, b'{"keys":null}'), id="no keys"),
        pytest.param(of(200, b'{"keys":[],"keys":[]}'), id="keys twice"),
        pytest.param(of(200, b"\xef\xbb\xbf" + a_set_of(OTHER)), id="a byte order mark"),
        pytest.param(of(200, b"[" * 100_000), id="many brackets"),
        pytest.param(of(200, a_set_of(OTHER) + b" " * 262_144), id="256 kB and more"),
        pytest.param(of(200, b"\x1f\x8b", **{"Content-Encoding": "gzip"}), id="compressed"),
    ],
)
def test_a_response_without_a_set_leaves_the_old_keys(
    better_auth: Publisher, response: Response
) -> None:
    lookups, key = Lookups(better_auth), better_auth.key
    assert lookups.found(key) == ["found"]
    better_auth.handler, lookups.now = response, 700.0
    assert lookups.found(key, OTHER) == ["found", "keys_unavailable"]


def test_a_response_that_does_not_end_times_out(
    better_auth: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    lookups, key, given_up = Lookups(better_auth), better_auth.key, threading.Event()
    assert lookups.found(key) == ["found"]

    def half(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        request.wfile.write(b'{"keys":')
        request.wfile.flush()
        given_up.wait(10)

    better_auth.handler, lookups.now = half, 700.0
    shorten_timeout(monkeypatch, 0.2)
    assert lookups.found(key, OTHER) == ["found", "keys_unavailable"]
    given_up.set()


def test_a_redirect_is_not_followed(better_auth: Publisher) -> None:
    with Publisher() as elsewhere:
        better_auth.handler = of(302, b"", Location=elsewhere.url)
        assert Lookups(better_auth).found(elsewhere.key) == ["keys_unavailable"]
        assert elsewhere.fetches == 0


def test_the_log_contains_the_reason_and_no_part_of_the_token(
    better_auth: Publisher, caplog: pytest.LogCaptureFixture
) -> None:
    better_auth.goes_down()
    token = better_auth.token()
    by_tokens(better_auth).get("/me", headers=bearer(token))
    assert "the server answered 500, not 200" in caplog.text
    assert token.split(".")[1] not in caplog.text


def test_unusable_entries_do_not_affect_the_others(better_auth: Publisher) -> None:
    good, entries = better_auth.key.jwk, list[Any]()
    unusable: list[JSON] = [{"d": "AQ"}, {"use": "enc"}, {"kid": 7}, {"x": "AAAA"}, {"kty": "oct"}]
    entries += [7, None, {}, *({**good, **change} for change in unusable)]
    better_auth.keys = [*entries, good]
    assert Lookups(better_auth).found(better_auth.key) == ["found"]
