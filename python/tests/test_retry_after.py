"""How long a server asks to be left alone; the rules are the core's (src/host/retry_after.rs)."""

import email.utils
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler

import pytest

from tests.apps import bearer, by_tokens, outcome
from tests.better_auth import Publisher, respond
from tests.key_lookups import Lookups


def busy(status: int, name: str, value: str) -> Callable[[BaseHTTPRequestHandler], None]:
    return lambda request: respond(request, status, b"", {name: value})


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("name", ["Retry-After", "X-Retry-After"])
def test_a_server_that_asks_to_be_left_alone_is(
    better_auth: Publisher, status: int, name: str
) -> None:
    lookups, key = Lookups(better_auth), better_auth.key
    better_auth.handler = busy(status, name, "120")
    assert lookups.found(key) == ["keys_unavailable"]
    better_auth.comes_back()
    lookups.now = 119.9
    assert lookups.found(key) == ["keys_unavailable"]
    assert better_auth.fetches == 1
    lookups.now = 120.0
    assert lookups.found(key) == ["found"]


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
    lookups, key = Lookups(better_auth), better_auth.key
    assert lookups.found(key) == ["found"]
    better_auth.handler = busy(503, "Retry-After", "60")
    for later in (600.0, 610.0, 659.0):
        lookups.now = later
        assert lookups.found(key, "new") == ["found", "keys_unavailable"]
    assert better_auth.fetches == 2
    better_auth.comes_back()
    lookups.now = 661.0
    assert lookups.found("new") == ["unknown_key"]
    assert better_auth.fetches == 3


def test_a_failure_that_says_nothing_is_backed_off_from_as_before(better_auth: Publisher) -> None:
    lookups, key = Lookups(better_auth), better_auth.key
    better_auth.handler = busy(500, "Retry-After", "120")
    assert lookups.found(key) == ["keys_unavailable"]
    better_auth.comes_back()
    lookups.now = 1.0
    assert lookups.found(key) == ["found"]
