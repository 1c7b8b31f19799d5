"""How long a server asks to be left alone; the rules are the core's (src/host/retry_after.rs)."""

import email.utils
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler

import httpx
import pytest

from better_auth_edge.errors import EdgeAuthError
from better_auth_edge.key_cache import Fetch, KeyCache, Use, Wanted
from better_auth_edge.key_source import KeySource
from better_auth_edge.retry_after import retry_after
from tests.apps import bearer, by_tokens, outcome
from tests.better_auth import Publisher, respond
from tests.key_lookups import found
from tests.test_key_cache import keys

NOW = 784_111_777.0
"""Sun, 06 Nov 1994 08:49:37 GMT."""


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7),
        (" 7 ", 7),
        ("0", 1),
        ("300", 300),
        ("301", 300),
        ("9" * 20, 300),
        ("9" * 5_000, 300),
        ("0" * 20 + "7", 7),
        ("", None),
        ("-1", None),
        ("+1", None),
        ("1.5", None),
        ("soon", None),
        ("5, 10", None),
        ("\u0667", None),
        ("Sun, 06 Nov 1994 08:49:47 GMT", 10),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 1),
        ("Sat, 05 Nov 1994 08:49:37 GMT", 1),
        ("Mon, 07 Nov 1994 08:49:37 GMT", 300),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 300),
        ("Sunday, 06-Nov-94 08:49:47 GMT", None),
        ("Sun Nov  6 08:49:47 1994", None),
        ("Sun, 06 Nov 1994 08:49:47", None),
        ("Sun, 06 Nov 1994 08:49:47:00 GMT", None),
        ("Sun, 06 Nox 1994 08:49:47 GMT", None),
        ("Sun, 06 Nov 0000 08:49:47 GMT", None),
    ],
)
def test_a_server_that_is_busy_says_for_how_long(value: str, seconds: int | None) -> None:
    assert retry_after(429, {"retry-after": value}, NOW) == seconds
    assert retry_after(503, {"x-retry-after": value}, NOW) == seconds


def test_the_standards_header_comes_first_and_other_statuses_say_nothing() -> None:
    both = httpx.Headers({"X-Retry-After": "9", "Retry-After": "3"})
    assert retry_after(429, both, NOW) == 3
    assert retry_after(429, {"x-retry-after": "9", "retry-after": "soon"}, NOW) == 9
    assert retry_after(429, {}, NOW) is None
    for status in (301, 401, 403, 404, 500, 502):
        assert retry_after(status, both, NOW) is None


@pytest.mark.parametrize(
    ("then", "date"),
    [
        (1_709_164_800, "Thu, 29 Feb 2024 00:00:00 GMT"),
        (1_709_251_200, "Fri, 01 Mar 2024 00:00:00 GMT"),
        (1_798_761_599, "Thu, 31 Dec 2026 23:59:59 GMT"),
    ],
)
def test_a_date_is_as_many_seconds_as_are_left(then: int, date: str) -> None:
    assert retry_after(503, {"retry-after": date}, then - 20.0) == 20
    assert retry_after(503, {"retry-after": date}, then - 19.5) == 20


def busy(status: int, name: str, value: str) -> Callable[[BaseHTTPRequestHandler], None]:
    return lambda request: respond(request, status, b"", {name: value})


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("name", ["Retry-After", "X-Retry-After"])
def test_a_server_that_asks_to_be_left_alone_is(
    better_auth: Publisher, status: int, name: str
) -> None:
    now = 0.0
    source, kid = KeySource(better_auth.url, clock=lambda: now), better_auth.key.kid
    better_auth.handler = busy(status, name, "120")
    assert found(source, kid) == ["keys_unavailable"]
    better_auth.comes_back()
    now = 119.9
    assert found(source, kid) == ["keys_unavailable"]
    assert better_auth.fetches == 1
    now = 120.0
    assert found(source, kid) == ["found"]


def test_the_503_says_when_the_server_wants_to_be_asked_again(better_auth: Publisher) -> None:
    token = bearer(better_auth.token())
    for value, expected in (
        ("200", range(198, 201)),
        ("86400", range(298, 301)),
        (email.utils.formatdate(time.time() + 100, usegmt=True), range(97, 101)),
    ):
        client = by_tokens(better_auth)
        better_auth.handler = busy(429, "Retry-After", value)
        before = better_auth.fetches
        for _ in range(3):
            response = client.get("/me", headers=token)
            assert outcome(response) == "503 keys_unavailable"
            assert int(response.headers["retry-after"]) in expected
        assert better_auth.fetches == before + 1


def test_known_keys_keep_serving_meanwhile(better_auth: Publisher) -> None:
    now = 0.0
    source, kid = KeySource(better_auth.url, clock=lambda: now), better_auth.key.kid
    assert found(source, kid) == ["found"]
    better_auth.handler = busy(503, "Retry-After", "60")
    for later in (600.0, 610.0, 659.0):
        now = later
        assert found(source, kid, "new") == ["found", "keys_unavailable"]
    assert better_auth.fetches == 2
    better_auth.comes_back()
    now = 661.0
    assert found(source, "new") == ["unknown_key"]
    assert better_auth.fetches == 3


def test_a_failure_that_says_nothing_is_backed_off_from_as_before(better_auth: Publisher) -> None:
    now = 0.0
    source, kid = KeySource(better_auth.url, clock=lambda: now), better_auth.key.kid
    better_auth.handler = busy(500, "Retry-After", "120")
    assert found(source, kid) == ["keys_unavailable"]
    better_auth.comes_back()
    now = 1.0
    assert found(source, kid) == ["found"]


def test_a_pause_never_shortens_the_back_off_and_ends_with_a_success() -> None:
    cache, wanted = KeyCache(), Wanted("old", "EdDSA", 0, True)
    now = 0.0
    for _ in range(6):
        found = cache.lookup(now, wanted)
        assert isinstance(found, Fetch)
        cache.report(found.attempt, None, now, 1)
        cache.hold_off(1, now)
        now += 32
    with pytest.raises(EdgeAuthError) as rejected:
        cache.lookup(now - 31, wanted)
    assert rejected.value.retry_after == 29
    found = cache.lookup(now, wanted)
    assert isinstance(found, Fetch)
    cache.report(found.attempt, keys("old"), now, 1)
    cache.hold_off(100, now)
    assert isinstance(cache.lookup(now + 1, wanted), Use)
    assert isinstance(cache.lookup(now + 2, Wanted("new", "EdDSA", now + 2, True)), Fetch)
