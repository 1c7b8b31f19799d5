"""A key that was replaced by one of another algorithm or without a name; the rules are the core's
(tests/keys/replaced_by_another_kind.rs).
"""

import pytest

from tests.apps import bearer, by_tokens, outcome
from tests.better_auth import JSON, Key, Publisher

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
