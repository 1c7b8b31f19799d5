"""A key that was replaced by one of another algorithm or without a name; the rules are the core's
(tests/keys/replaced_by_another_kind.rs).
"""

import json

import pytest

from better_auth_edge.errors import EdgeAuthError
from better_auth_edge.key_cache import Fetch, KeyCache, Wait, Wanted
from better_auth_edge.keys import KeySet
from tests.apps import bearer, by_tokens, outcome
from tests.better_auth import JSON, Key, Publisher
from tests.test_key_cache import keys

HOPELESS: list[JSON] = [{"exp": 1}, {"iss": "https://evil.example"}, {"aud": "x"}]


def named(kid: str, algorithm: str = "EdDSA") -> Key:
    key = Key(algorithm)
    key.kid = kid
    return key


def unnamed(key: Key) -> JSON:
    return {name: value for name, value in key.jwk.items() if name != "kid"}


class Bench:
    """An API that knows these keys of a Better Auth."""

    def __init__(self, better_auth: Publisher, *keys: Key) -> None:
        self.better_auth = better_auth
        self.publish(*(key.jwk for key in keys))
        self.client = by_tokens(better_auth)
        assert self.verdict(keys[0]) == "200"

    def publish(self, *entries: JSON) -> None:
        self.better_auth.keys = list(entries)

    def verdict(self, key: Key, changes: JSON | None = None, **header: object) -> str:
        token = key.sign(self.better_auth.claims(**(changes or {})), **header)
        return outcome(self.client.get("/me", headers=bearer(token)))


@pytest.mark.parametrize(("before", "after"), [("EdDSA", "ES256"), ("RS256", "EdDSA")])
def test_a_key_of_another_algorithm_under_the_old_name_is_picked_up(
    better_auth: Publisher, before: str, after: str
) -> None:
    old, new = named("1", before), named("1", after)
    bench = Bench(better_auth, old)
    bench.publish(new.jwk)
    assert [bench.verdict(new) for _ in range(3)] == ["200"] * 3
    assert better_auth.fetches == 2
    assert bench.verdict(old) == "401 unsupported_algorithm"


def test_a_key_without_a_name_that_replaces_several_named_ones_is_picked_up(
    better_auth: Publisher,
) -> None:
    bench, new = Bench(better_auth, named("a"), named("b")), Key()
    bench.publish(unnamed(new))
    assert [bench.verdict(new, kid=...) for _ in range(3)] == ["200"] * 3
    assert better_auth.fetches == 2


def test_the_one_named_key_that_is_left_serves_a_token_without_a_name(
    better_auth: Publisher,
) -> None:
    left = named("b")
    bench = Bench(better_auth, named("a"), left)
    bench.publish(left.jwk)
    assert bench.verdict(left, kid=...) == "200"


def test_the_newer_set_gives_the_verdict(better_auth: Publisher) -> None:
    for published, verdict in (
        (named("1", "ES256"), "401 bad_signature"),
        (named("2"), "401 unknown_key"),
        (named("1"), "401 unsupported_algorithm"),
    ):
        bench, before = Bench(better_auth, named("1")), better_auth.fetches
        bench.publish(published.jwk)
        assert bench.verdict(named("1", "ES256")) == verdict
        assert better_auth.fetches == before + 1


def test_a_repeated_rejection_causes_one_fetch_and_an_implausible_token_none(
    better_auth: Publisher,
) -> None:
    ours, other = named("a"), named("a", "ES256")
    bench = Bench(better_auth, ours, named("b"))
    for changes in HOPELESS:
        assert bench.verdict(other, changes) == "401 unsupported_algorithm"
        assert bench.verdict(ours, changes, kid=...) == "401 unknown_key"
    assert better_auth.fetches == 1
    for _ in range(10):
        assert bench.verdict(other) == "401 unsupported_algorithm"
        assert bench.verdict(ours, kid=...) == "401 unknown_key"
        assert bench.verdict(ours) == "200"
    assert better_auth.fetches == 3, "one for each kind"


def test_rejections_of_many_keys_leave_a_permit_for_a_new_key(better_auth: Publisher) -> None:
    ours, other = [named(f"key-{number}") for number in range(10)], Key("ES256")
    bench = Bench(better_auth, *ours)
    for key in ours:
        assert bench.verdict(other, kid=key.kid) == "401 unsupported_algorithm"
    assert better_auth.fetches == 1 + 3
    new = Key()
    bench.publish(new.jwk)
    assert bench.verdict(new) == "200"


def test_a_failed_fetch_does_not_change_the_rejection(better_auth: Publisher) -> None:
    ours = named("a")
    bench = Bench(better_auth, ours, named("b"))
    better_auth.goes_down()
    for _ in range(5):
        assert bench.verdict(named("a", "ES256")) == "401 unsupported_algorithm"
        assert bench.verdict(ours, kid=...) == "401 unknown_key"
        assert bench.verdict(ours) == "200"
    assert better_auth.fetches == 2


class Timeline:
    """A cache that asked for two EdDSA keys at 0, and has known them since 1."""

    def __init__(self) -> None:
        self.cache = KeyCache()
        found = self.cache.lookup(0, Wanted("old", "EdDSA", 0, True))
        assert isinstance(found, Fetch)
        self.cache.report(found.attempt, keys("old", "new"), 1, 0)

    def ask(self, now: float, wanted: Wanted) -> object:
        try:
            return self.cache.lookup(now, wanted)
        except EdgeAuthError as error:
            return error.code


CASES = [("old", "ES256", "unsupported_algorithm"), (None, "EdDSA", "unknown_key")]


@pytest.mark.parametrize(("kid", "algorithm", "rejection"), CASES)
def test_a_rejection_waits_for_the_fetch_that_is_in_flight(
    kid: str | None, algorithm: str, rejection: str
) -> None:
    timeline = Timeline()
    found = timeline.ask(10, Wanted(kid, algorithm, 10, True))
    assert isinstance(found, Fetch)
    assert timeline.ask(10.1, Wanted(kid, algorithm, 10.1, True)) == Wait()
    assert timeline.ask(10.1, Wanted(kid, algorithm, 10.1, False)) == rejection
    timeline.cache.report(found.attempt, keys("old", "new"), 12, 0)
    for now, since in ((12, 10), (12, 11), (39.9, 39.9)):
        assert timeline.ask(now, Wanted(kid, algorithm, since, True)) == rejection
    assert isinstance(timeline.ask(40, Wanted(kid, algorithm, 40, True)), Fetch)


@pytest.mark.parametrize(("kid", "algorithm", "rejection"), CASES)
def test_a_token_that_came_before_the_set_is_held_against_it(
    kid: str | None, algorithm: str, rejection: str
) -> None:
    assert Timeline().ask(10, Wanted(kid, algorithm, 1, True)) == rejection


def test_a_key_whose_name_another_algorithm_has_taken_is_looked_for_once() -> None:
    timeline, wanted = Timeline(), Wanted("old", "EdDSA", 10, True)
    tried = keys("old").select("old", "EdDSA")
    found = timeline.cache.recheck(10, wanted, tried)
    assert isinstance(found, Fetch)
    other = KeySet.parse(json.dumps({"keys": [named("old", "ES256").jwk]}).encode())
    timeline.cache.report(found.attempt, other, 10.1, 0)
    with pytest.raises(EdgeAuthError, match="not one for EdDSA"):
        timeline.cache.recheck(10.1, wanted, tried)
