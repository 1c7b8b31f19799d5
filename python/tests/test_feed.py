"""The feed of an edge that says whose sessions have ended."""

import asyncio
import base64
import hashlib
import struct
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit

import pytest

from better_auth_edge import ConfigurationError, EdgeAuthError, EdgeAuthSettings, Verifier
from tests.apps import bearer, by_tokens, outcome
from tests.better_auth import Publisher, respond

TOKEN = "the token of the feed, 32 characters or more".replace(" ", "-")
FAR = 4_000_000_000


class Feed(Publisher):
    """An edge that publishes a feed. The cursor is the number of entries that a reader has."""

    def __init__(self) -> None:
        super().__init__()
        self.entries: list[str] = []
        self.status = 200
        self.handler = self._send_page

    def _send_page(self, request: BaseHTTPRequestHandler) -> None:
        after = int(parse_qs(urlsplit(request.path).query).get("after", ["0"])[0])
        is_known = request.headers["authorization"] == f"Bearer {TOKEN}"
        entries = list(self.entries)
        page = "".join([f"{len(entries)} 0\n", *(f"{one}\n" for one in entries[after:])])
        headers = {"x-revocation-shards": "1"}
        respond(request, self.status if is_known else 401, page.encode(), headers)

    def end_session(self, issuer: str, sid: str) -> None:
        self.entries.append(f"{key(issuer, 's', sid)} {FAR} *")

    def end_user(self, issuer: str, sub: str, not_before: float) -> None:
        self.entries.append(f"{key(issuer, 'u', sub)} {FAR} {not_before:.3f}")


def key(issuer: str, kind: str, id: str) -> str:
    text = struct.pack(">I", len(issuer)) + f"{issuer}{kind}{id}".encode()
    return base64.urlsafe_b64encode(hashlib.sha256(text).digest()[:16]).rstrip(b"=").decode()


@pytest.fixture
def feed() -> Iterator[Feed]:
    with Feed() as feed:
        yield feed


class Clock:
    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now


def verifier(better_auth: Publisher, feed: Feed, clock: Clock, **settings: object) -> Verifier:
    own = {"edge_revocations_url": feed.url, "edge_revocations_token": TOKEN}
    return Verifier(
        EdgeAuthSettings(better_auth_url=better_auth.url, **{**own, **settings}), clock=clock
    )


def code(verifier: Verifier, token: str) -> str:
    try:
        verifier.verify_sync(token)
    except EdgeAuthError as error:
        return error.code
    return "accepted"


def test_a_token_whose_session_has_ended_is_rejected_after_the_lag(
    better_auth: Publisher, feed: Feed
) -> None:
    clock = Clock()
    verify = verifier(better_auth, feed, clock)
    token, other = better_auth.token(sid="first"), better_auth.token(sid="second")
    assert [code(verify, token) for _ in range(3)] == ["accepted"] * 3
    feed.end_session(better_auth.url, "first")
    clock.now += 2.1
    assert code(verify, token) == "session_revoked"
    assert code(verify, other) == "accepted"


def test_requests_within_the_lag_do_not_read_the_feed(better_auth: Publisher, feed: Feed) -> None:
    verify = verifier(better_auth, feed, Clock())
    token = better_auth.token(sid="first")
    assert {code(verify, token) for _ in range(100)} == {"accepted"}
    assert feed.fetches == 1


def test_the_sessions_of_a_user_end_and_a_later_one_is_accepted(
    better_auth: Publisher, feed: Feed
) -> None:
    clock = Clock()
    verify = verifier(better_auth, feed, clock)
    old = better_auth.token(session_iat=clock.now - 60.5)
    feed.end_user(better_auth.url, "ada", clock.now - 60)
    assert code(verify, old) == "session_revoked"
    assert code(verify, better_auth.token(session_iat=clock.now - 59.5)) == "accepted"
    assert code(verify, better_auth.token(session_iat=1, sub="grace")) == "accepted"


def test_an_entry_of_another_issuer_says_nothing(better_auth: Publisher, feed: Feed) -> None:
    feed.end_session("https://other.example", "first")
    feed.end_user("https://other.example", "ada", FAR)
    assert code(verifier(better_auth, feed, Clock()), better_auth.token(sid="first")) == "accepted"


def test_without_the_feed_no_token_is_accepted_unless_the_operator_allows_it(
    better_auth: Publisher, feed: Feed
) -> None:
    feed.status = 500
    token = better_auth.token(sid="first")
    assert code(verifier(better_auth, feed, Clock()), token) == "revocations_unavailable"
    allowing = verifier(better_auth, feed, Clock(), revocation_on_failure="allow")
    assert code(allowing, token) == "accepted"


def test_a_feed_that_fails_serves_until_its_failure_age(better_auth: Publisher, feed: Feed) -> None:
    clock = Clock()
    verify = verifier(better_auth, feed, clock)
    token = better_auth.token(sid="first")
    assert code(verify, token) == "accepted"
    feed.status = 500
    clock.now += 20
    assert code(verify, token) == "accepted"
    clock.now += 20
    assert code(verify, token) == "revocations_unavailable"
    feed.status = 200
    clock.now += 2
    assert code(verify, token) == "accepted"


def test_tasks_of_one_event_loop_share_one_read(better_auth: Publisher, feed: Feed) -> None:
    verify = verifier(better_auth, feed, Clock())
    tokens = [better_auth.token(sid=str(number)) for number in range(50)]

    async def all_of_them() -> None:
        await asyncio.gather(*(verify.verify(token) for token in tokens))

    asyncio.run(all_of_them())
    assert feed.fetches == 1


def test_an_app_answers_401_and_503(better_auth: Publisher, feed: Feed) -> None:
    settings = {"edge_revocations_url": feed.url, "edge_revocations_token": TOKEN}
    feed.end_session(better_auth.url, "first")
    with by_tokens(better_auth, **settings) as client:
        ended, open_ = (bearer(better_auth.token(sid=sid)) for sid in ("first", "second"))
        assert outcome(client.get("/me", headers=ended)) == "401 session_revoked"
        assert outcome(client.get("/me", headers=open_)) == "200"
    feed.status = 500
    with by_tokens(better_auth, **settings) as client:
        assert outcome(client.get("/me", headers=open_)) == "503 revocations_unavailable"


def test_a_token_that_outlives_the_memory_of_the_edge_is_rejected(
    better_auth: Publisher, feed: Feed
) -> None:
    verify = verifier(better_auth, feed, Clock())
    long = better_auth.token(exp=int(time.time()) + 100_000)
    assert code(verify, long) == "invalid_claim"
    longer = verifier(better_auth, feed, Clock(), revocation_retention=200_000)
    assert code(longer, long) == "accepted"


def test_wrong_settings_are_named() -> None:
    with pytest.raises(ConfigurationError) as raised:
        Verifier(
            EdgeAuthSettings(
                better_auth_url="https://app.example.com",
                edge_revocations_url="http://edge.example.com",
                edge_revocations_token="short",  # noqa: S106
                revocation_lag=0.1,
                revocation_shards=1.5,
            )
        )
    names = sorted(error.split(":")[0] for error in raised.value.errors)
    assert names == [
        "edge_revocations_token",
        "edge_revocations_url",
        "revocation_lag",
        "revocation_shards",
    ]


def test_the_edge_checks_its_own_assertions() -> None:
    with pytest.raises(ConfigurationError, match="edge_revocations_url"):
        Verifier(
            EdgeAuthSettings(
                edge_jwks_url="https://edge.example.com",
                edge_audience="https://api.example.com",
                edge_revocations_url="https://edge.example.com",
                edge_revocations_token=TOKEN,
            )
        )
