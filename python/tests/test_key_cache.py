"""When to fetch, on a clock that is set by hand; the rules are the core's (tests/keys.rs)."""

import json

import pytest

from better_auth_edge.errors import EdgeAuthError
from better_auth_edge.key_cache import Attempt, Fetch, KeyCache, Use, Wait, Wanted
from better_auth_edge.keys import KeySet
from tests.better_auth import Key

PUBLIC = {kid: Key().jwk | {"kid": kid} for kid in ("old", "new")}


def keys(*kids: str) -> KeySet:
    return KeySet.parse(json.dumps({"keys": [PUBLIC[kid] for kid in kids]}).encode())


class Timeline:
    """A cache, and the attempts that it has permitted."""

    def __init__(self, *known: str) -> None:
        self.cache = KeyCache()
        self.open: list[Attempt] = []
        self.retry_after: int | None = None
        if known:
            assert self.ask(0, "old") == "fetch"
            self.succeed(0, *known)

    def ask(
        self, now: float, kid: str, *, plausible: bool = True, since: float | None = None
    ) -> str:
        wanted = Wanted(kid, "EdDSA", now if since is None else since, plausible)
        try:
            found = self.cache.lookup(now, wanted)
        except EdgeAuthError as error:
            self.retry_after = error.retry_after
            return error.code
        match found:
            case Fetch(attempt):
                self.open.append(attempt)
                return "fetch"
            case Use(_, None):
                return "use"
            case Use(_, attempt):
                assert attempt is not None
                self.open.append(attempt)
                return "use and refresh"
            case Wait():
                return "wait"

    def succeed(self, now: float, *kids: str) -> None:
        self.cache.report(self.open.pop(0), keys(*kids), now, 0)

    def fail(self, now: float, jitter: float = 1) -> None:
        self.cache.report(self.open.pop(0), None, now, jitter)


def test_the_first_asks_and_the_others_wait() -> None:
    timeline = Timeline()
    assert [timeline.ask(0, "old") for _ in range(3)] == ["fetch", "wait", "wait"]
    timeline.succeed(1, "old")
    assert timeline.ask(1, "old") == "use"


def test_a_set_is_used_then_refreshed_ahead_then_waited_for() -> None:
    timeline = Timeline("old")
    assert timeline.ask(479, "old") == "use"
    assert timeline.ask(480, "old") == "use and refresh"
    assert timeline.ask(481, "old") == "use"
    timeline.succeed(481, "old")
    assert timeline.ask(959, "old") == "use"
    assert timeline.ask(1_080, "old") == "fetch"


def test_an_unknown_key_is_fetched_for_at_once_and_then_not_for_30_seconds() -> None:
    timeline = Timeline("old")
    assert timeline.ask(1, "new") == "fetch"
    assert timeline.ask(1, "newer") == "wait"
    timeline.succeed(2, "old")
    assert timeline.ask(2, "new") == "unknown_key"
    assert timeline.ask(30.9, "newer") == "unknown_key"
    assert timeline.ask(31, "newer") == "fetch"


def test_a_fetch_that_found_the_key_leaves_the_next_its_own() -> None:
    timeline = Timeline("old")
    assert timeline.ask(1, "new") == "fetch"
    timeline.succeed(1, "old", "new")
    assert timeline.ask(1, "new") == "use"
    assert timeline.ask(2, "newer") == "fetch"


def test_a_failed_attempt_counts_too() -> None:
    timeline = Timeline("old")
    assert timeline.ask(1, "new") == "fetch"
    timeline.fail(1)
    assert timeline.ask(5, "new") == "keys_unavailable"
    assert timeline.retry_after == 26
    assert timeline.ask(5, "old") == "use"


def test_a_hopeless_token_causes_no_fetch() -> None:
    timeline = Timeline("old")
    assert timeline.ask(1, "new", plausible=False) == "unknown_key"
    assert timeline.ask(1, "new") == "fetch"


def test_a_set_that_was_asked_for_after_the_token_came_refuses_it() -> None:
    timeline = Timeline("old")
    assert timeline.ask(100, "new", since=0) == "unknown_key"


def test_an_empty_set_is_a_set_and_changes_nothing_about_the_cool_down() -> None:
    timeline = Timeline("old")
    assert timeline.ask(1, "new") == "fetch"
    timeline.succeed(1)
    assert timeline.ask(2, "old") == "unknown_key"
    assert timeline.ask(2, "new") == "unknown_key"


def test_old_keys_serve_for_a_day_while_the_source_is_down_and_nobody_waits() -> None:
    timeline = Timeline("old")
    assert timeline.ask(600, "old") == "fetch"
    timeline.fail(605)
    assert timeline.ask(605, "old") == "use"
    assert timeline.ask(607, "old") == "use and refresh"
    timeline.fail(612)
    assert timeline.ask(86_399, "old") in ("use", "fetch")
    timeline.open.clear()
    timeline = Timeline("old")
    assert timeline.ask(86_400, "old") == "fetch"
    timeline.fail(86_405)
    assert timeline.ask(86_405, "old") == "keys_unavailable"


@pytest.mark.parametrize("jitter", [0, 0.5, 1])
def test_the_pause_after_failures_doubles_up_to_30_seconds(jitter: float) -> None:
    timeline, now = Timeline(), 0.0
    for pause in (1, 2, 4, 8, 16, 30, 30):
        assert timeline.ask(now, "old") == "fetch"
        timeline.fail(now, jitter)
        pause_ = pause * (0.5 + 0.5 * jitter)
        assert timeline.ask(now + pause_ - 0.01, "old") == "keys_unavailable"
        assert timeline.retry_after == 1
        now += pause_


def test_an_attempt_that_never_ends_gives_way_after_its_time() -> None:
    timeline = Timeline()
    assert timeline.ask(0, "old") == "fetch"
    assert timeline.ask(5.4, "old") == "wait"
    assert timeline.ask(5.5, "old") == "fetch"
    timeline.open.reverse()
    timeline.succeed(6, "new")
    timeline.succeed(7, "old")
    assert timeline.ask(8, "new") == "use"
