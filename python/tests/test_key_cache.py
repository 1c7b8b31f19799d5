"""When to fetch, on a clock that is set by hand; the rules are the core's (tests/keys/)."""

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

    def abandon(self) -> None:
        self.cache.abandon(self.open.pop(0))

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


def test_unknown_keys_are_fetched_for_at_once_a_few_times_and_then_once_in_30_seconds() -> None:
    timeline = Timeline("old")
    for number in range(4):
        now, kid = 1 + number / 2, f"unknown-{number}"
        assert timeline.ask(now, kid) == "fetch"
        assert timeline.ask(now + 0.1, "another") == "wait"
        timeline.succeed(now + 0.2, "old")
        assert timeline.ask(now + 0.2, kid) == "unknown_key", "it was looked for"
    assert timeline.ask(3, "another") == "keys_unavailable"
    assert timeline.retry_after == 28
    assert timeline.ask(3, "old") == "use"
    assert timeline.ask(30.9, "another") == "keys_unavailable"
    assert timeline.ask(31, "another") == "fetch"
    timeline.succeed(31, "old")
    assert timeline.ask(60.9, "more") == "keys_unavailable"
    assert timeline.retry_after == 1
    assert timeline.ask(61, "more") == "fetch"


def test_ten_thousand_unknown_keys_cost_no_more_than_the_permits() -> None:
    timeline, fetches = Timeline("old"), 0
    for number in range(10_000):
        now = 1 + number / 100
        action = timeline.ask(now, f"unknown-{number}")
        if action == "fetch":
            fetches += 1
            timeline.succeed(now, "old")
        else:
            assert action == "keys_unavailable", "the client did not cause any of them"
    assert fetches == 7, "four, and one more each 30 s"


def test_permits_that_are_not_used_add_up_to_four() -> None:
    timeline, fetches = Timeline("old"), 0
    for start in (1, 400):
        for number in range(10):
            now = start + number / 100
            if timeline.ask(now, f"unknown-{now}") == "fetch":
                fetches += 1
                timeline.succeed(now, "old")
    assert fetches == 8


def test_a_key_that_was_looked_for_is_not_looked_for_again_for_a_second() -> None:
    timeline = Timeline("old")
    assert timeline.ask(1, "new") == "fetch"
    timeline.succeed(1.1, "old")
    assert timeline.ask(1.9, "new") == "unknown_key"
    assert timeline.ask(2, "new") == "fetch"


def test_who_guesses_the_name_of_the_next_key_keeps_its_users_out_for_five_seconds_at_most() -> (
    None
):
    timeline = Timeline("old")
    for number, kid in enumerate(["new", "a", "b", "c"]):
        now = 1 + number / 10
        assert timeline.ask(now, kid) == "fetch"
        timeline.succeed(now, "old")
    assert timeline.ask(5.9, "new") == "unknown_key"
    assert timeline.ask(6, "new") == "keys_unavailable"


def test_names_that_are_remembered_as_absent_are_few_and_short() -> None:
    timeline, long = Timeline("old"), "x" * 3_000
    for now, kid in ((1, "first"), (1.1, long), (1.2, long)):
        assert timeline.ask(now, kid) == "fetch"
        timeline.succeed(now, "old")
        assert timeline.ask(now, kid) == "unknown_key"
    assert timeline.ask(1.3, "first") == "unknown_key"
    for number in range(64):
        assert timeline.ask(1.3, f"other-{number}", since=1.2) == "unknown_key"
    assert timeline.ask(1.3, "other-0") == "unknown_key"
    assert timeline.ask(1.3, "first") == "fetch"


def test_known_keys_are_used_while_an_attempt_is_under_way() -> None:
    timeline = Timeline("old")
    assert timeline.ask(86_399, "old") == "fetch"
    assert timeline.ask(86_399.1, "old") == "use"
    assert timeline.ask(86_399.1, "new") == "wait"
    assert timeline.ask(86_400, "old") == "wait"


@pytest.mark.parametrize("start", [0, 600])
def test_an_attempt_that_is_given_up_is_taken_over_at_once(start: float) -> None:
    timeline = Timeline("old") if start else Timeline()
    assert timeline.ask(start, "old") == "fetch"
    timeline.abandon()
    assert timeline.ask(start + 0.1, "old") == "fetch"


def test_an_attempt_that_is_given_up_late_does_not_end_the_one_that_took_over() -> None:
    timeline = Timeline()
    assert timeline.ask(0, "old") == "fetch"
    assert timeline.ask(5.5, "old") == "fetch"
    timeline.abandon()
    assert timeline.ask(5.6, "old") == "wait"


def test_a_search_that_is_given_up_is_not_counted() -> None:
    timeline = Timeline("old")
    for number in range(20):
        assert timeline.ask(1 + number, "new") == "fetch"
        timeline.abandon()


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
    for now, wait in ((1, 1), (2, 2), (4, 4)):
        assert timeline.ask(now, "new") == "keys_unavailable"
        assert timeline.retry_after == wait
        assert timeline.ask(now + wait, "new") == "fetch"
        timeline.fail(now + wait)
    assert timeline.ask(16, "new") == "keys_unavailable"
    assert timeline.retry_after == 15
    assert timeline.ask(16, "old") == "use"


def test_a_implausible_token_causes_no_fetch() -> None:
    timeline = Timeline("old")
    assert timeline.ask(1, "new", plausible=False) == "unknown_key"
    assert timeline.ask(1, "new") == "fetch"
    assert timeline.ask(1, "newer", plausible=False) == "unknown_key", "and it does not wait"
    timeline.succeed(1, "old")
    for now in (480, 600, 86_399):
        assert timeline.ask(now, "old", plausible=False) == "use"
        assert timeline.ask(now, "new", plausible=False) == "unknown_key"
    assert timeline.ask(90_000, "old", plausible=False) == "fetch", "no set will do"


def test_a_set_that_was_fetched_after_the_token_arrived_rejects_it() -> None:
    timeline = Timeline("old")
    assert timeline.ask(100, "new", since=0) == "unknown_key"


def test_an_empty_set_is_a_set_and_changes_nothing_about_the_cool_down() -> None:
    timeline = Timeline("old")
    assert timeline.ask(1, "new") == "fetch"
    timeline.succeed(1)
    assert timeline.ask(1.5, "new") == "unknown_key"
    for number in range(3):
        assert timeline.ask(2 + number / 10, f"unknown-{number}") == "fetch"
        timeline.succeed(2 + number / 10)
    assert timeline.ask(2.5, "old") == "keys_unavailable"


def test_old_keys_serve_for_a_day_without_waiting_while_the_source_is_down() -> None:
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
