"""A key that was replaced under its old name, over real HTTP; the rules are the core's
(tests/keys/replaced.rs).
"""

from tests.apps import bearer, by_tokens, outcome
from tests.better_auth import JSON, Key, Publisher


def unnamed(key: Key) -> JSON:
    return {name: value for name, value in key.jwk.items() if name != "kid"}


def test_a_key_that_was_replaced_under_its_old_name_is_picked_up(better_auth: Publisher) -> None:
    client, old = by_tokens(better_auth), bearer(better_auth.token())
    assert outcome(client.get("/me", headers=old)) == "200"
    new = Key()
    new.kid = better_auth.key.kid
    better_auth.key, better_auth.keys = new, [new.jwk]
    for _ in range(2):
        assert outcome(client.get("/me", headers=bearer(better_auth.token()))) == "200"
    assert better_auth.fetches == 2
    for _ in range(3):
        assert outcome(client.get("/me", headers=old)) == "401 bad_signature"
    assert better_auth.fetches == 3


def test_a_signature_that_stays_bad_costs_one_fetch(better_auth: Publisher) -> None:
    client, good = by_tokens(better_auth), bearer(better_auth.token())
    assert outcome(client.get("/me", headers=good)) == "200"
    forger = Key()
    forger.kid = better_auth.key.kid
    for changes in ({"exp": 1}, {"iss": "https://evil.example"}, {"aud": "x"}, {"nonce": "n"}):
        forged = bearer(forger.sign(better_auth.claims(**changes)))
        assert outcome(client.get("/me", headers=forged)) == "401 bad_signature"
    assert better_auth.fetches == 1
    for _ in range(20):
        forged = bearer(forger.sign(better_auth.claims()))
        assert outcome(client.get("/me", headers=forged)) == "401 bad_signature"
        assert outcome(client.get("/me", headers=good)) == "200"
    assert better_auth.fetches == 2


def test_keys_without_names_are_each_tried_four_at_most(better_auth: Publisher) -> None:
    unnamed_keys = [Key() for _ in range(5)]
    better_auth.keys = [unnamed(key) for key in unnamed_keys]
    client = by_tokens(better_auth)
    for number, key in enumerate(unnamed_keys):
        token = bearer(key.sign(better_auth.claims(), kid=...))
        expected = "200" if number < 4 else "401 bad_signature"
        assert outcome(client.get("/me", headers=token)) == expected
    assert better_auth.fetches == 2


def test_a_token_without_a_name_is_not_tried_by_several_named_keys(better_auth: Publisher) -> None:
    better_auth.keys.append(Key().jwk)
    client = by_tokens(better_auth)
    token = better_auth.key.sign(better_auth.claims(), kid=...)
    assert outcome(client.get("/me", headers=bearer(token))) == "401 unknown_key"


def test_an_unnamed_key_that_was_replaced_is_picked_up(better_auth: Publisher) -> None:
    better_auth.keys = [unnamed(better_auth.key)]
    client = by_tokens(better_auth)
    assert (
        outcome(
            client.get("/me", headers=bearer(better_auth.key.sign(better_auth.claims(), kid=...)))
        )
        == "200"
    )
    better_auth.key = Key()
    better_auth.keys = [unnamed(better_auth.key)]
    assert (
        outcome(
            client.get("/me", headers=bearer(better_auth.key.sign(better_auth.claims(), kid=...)))
        )
        == "200"
    )
