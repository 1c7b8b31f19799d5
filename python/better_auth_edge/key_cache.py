"""Decides when to fetch a JWK Set: a pure state machine from the time and a token's key to an
action. It does no I/O. The Rust core has the same state machine.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from better_auth_edge.errors import EdgeAuthError
from better_auth_edge.key_misses import AbsentKeys, Bucket
from better_auth_edge.keys import KeySet, NoKeyError, VerifyingKey

FRESH = 600.0
"""Seconds; younger than this, a set is used without asking again."""
REFRESH_AHEAD = 480.0
"""Seconds; from this age on it is refreshed in the background while it is used."""
STALE = 86_400.0
"""Seconds; up to this age it is used while the source fails."""
MISS_COOLDOWN = 30.0
"""Seconds in which one more fetch for an unknown `kid` is permitted, whether it succeeds or not,
unless it finds the key; a few may come at once."""
AGAIN_AFTER = 1.0
"""Seconds after which a key that was looked for and not found is looked for again, if there is a
permit."""
ABSENT_FOR = 5.0
"""Seconds for which a key counts as unknown after a fetch without it. A client that guesses the
name of the next key can keep its users out for this time."""
FETCH_TIMEOUT = 5.0
"""Seconds; a fetch that takes longer is given up."""
MAX_BACKOFF = 30.0
"""Seconds; the longest pause after failures, which doubles from one second."""
GRACE = 0.5
"""Seconds that a request that waits allows another's fetch beyond its timeout."""


@dataclass(frozen=True)
class Wanted:
    """What a token asks for."""

    kid: str | None
    algorithm: str
    since: float
    """When it came in."""
    plausible: bool
    """Whether it would be accepted if its signature held. Only then is it worth a fetch: a token of
    another issuer must not use up the one that a new key of ours needs."""


@dataclass(frozen=True)
class Attempt:
    """Permission to fetch once; the slot was taken when it was given."""

    number: int
    asked: float


@dataclass(frozen=True)
class Use:
    """Verify with these keys, and carry the attempt out in the background if there is one."""

    keys: list[VerifyingKey]
    refresh: Attempt | None = None


@dataclass(frozen=True)
class Fetch:
    """Carry this attempt out, report it, and look again."""

    attempt: Attempt


@dataclass(frozen=True)
class Wait:
    """Another request's attempt is under way: look again when it has ended."""


@dataclass(frozen=True)
class Settled:
    """No newer key is available now: the signature is bad."""


@dataclass(frozen=True)
class _Known:
    keys: KeySet
    asked: float
    """When its fetch began: what happened later, it may not know."""
    came: float
    """When it was here."""
    attempt: int


@dataclass(frozen=True)
class _InFlight:
    attempt: Attempt
    looks_for: Wanted | None
    """What it was permitted for, where it needed a permit."""
    is_known: bool = False
    """Whether the set has such a key, which may have been replaced."""


class KeyCache:
    """The keys that are known, and when to ask for others. Times are seconds of a clock that never
    goes back.
    """

    def __init__(self) -> None:
        self._known: _Known | None = None
        self._attempts = 0
        self._in_flight: _InFlight | None = None
        self._permits = Bucket(MISS_COOLDOWN)
        self._absent = AbsentKeys()
        # Keys that were fetched again, and were still the same.
        self._confirmed = AbsentKeys()
        self._failures = 0
        self._retry_at = 0.0

    def lookup(self, now: float, wanted: Wanted) -> Use | Fetch | Wait:
        """What to do for a token that needs a key. `EdgeAuthError` if the set has no key for it.

        An unknown `kid` is looked for at once even when the set is fresh: Better Auth publishes a
        new key at the moment it signs with it. Such fetches need a permit; without one, a `kid`
        that was not looked for yet is `keys_unavailable`. A set that was asked for after the token
        came in is recent enough to refuse it. Known keys that are not too old are used while an
        attempt is under way, and while the source keeps failing. A token that would be refused
        anyway causes no fetch and waits for none, where a set is known. Keys of that name of which
        none is for the token may have been replaced: see `recheck`.
        """
        self._give_up_vanished(now)
        busy, known = self._in_flight is not None, self._known
        backing_off = self._failures > 0 and now < self._retry_at
        if known is None or now - known.asked >= STALE:
            if busy:
                return Wait()
            if backing_off:
                raise self._unavailable(now, self._retry_at, NO_SET)
            return Fetch(self._attempt(now))
        age = now - known.asked
        try:
            keys, refusal = known.keys.select(wanted.kid, wanted.algorithm), None
        except EdgeAuthError as error:
            keys, refusal = [], error
        failed_lately = self._failures > 0 and now - self._retry_at < MAX_BACKOFF
        if age >= FRESH and wanted.plausible and not backing_off:
            if busy and not keys:
                return Wait()
            if not busy and not (keys and failed_lately):
                return Fetch(self._attempt(now))
        if keys:
            quiet = busy or backing_off or age < REFRESH_AHEAD or not wanted.plausible
            return Use(keys, None if quiet else self._attempt(now))
        assert refusal is not None
        if not isinstance(refusal, NoKeyError):
            again = self._fetch_again(now, wanted, known)
            if again is None:
                raise refusal
            return again
        if known.asked >= wanted.since:
            self._absent.note(wanted.kid, wanted.algorithm, known.asked)
            raise refusal
        if not wanted.plausible:
            raise refusal
        return self._look_for(wanted, now, refusal)

    def recheck(
        self, now: float, wanted: Wanted, tried: Sequence[VerifyingKey]
    ) -> Use | Fetch | Wait | Settled:
        """What to do for a token whose signature failed by the keys `tried`: its key may have been
        replaced under the same name. `EdgeAuthError` where a newer set has no key for it.

        A stranger can send any number of such tokens. So a plausible token causes a fetch only
        where the set was here before the token came in, where no fetch has confirmed that key
        within the cool-down, and where there is a permit to spare: the last one stays for a key of
        a new name. A token that came in while the set was fetched is not worth a second fetch.
        """
        self._give_up_vanished(now)
        known = self._known
        if known is None or now - known.asked >= STALE:
            return Settled()
        try:
            keys = known.keys.select(wanted.kid, wanted.algorithm)
        except EdgeAuthError:
            again = self._fetch_again(now, wanted, known)
            if again is None:
                raise
            return again
        untried = [key for key in keys if key not in tried]
        if untried:
            return Use(untried)
        return self._fetch_again(now, wanted, known) or Settled()

    def report(self, attempt: Attempt, fetched: KeySet | None, now: float, jitter: float) -> None:
        """What came of an attempt. `jitter`, from 0 up to 1, spreads the pause after a failure. A
        failure leaves the known keys in place.
        """
        ended = self._end(attempt)
        if self._known is not None and self._known.attempt > attempt.number:
            return  # a later attempt has already succeeded
        if fetched is None:
            self._failures += 1
            pause = min(2.0 ** (min(self._failures, 16) - 1), MAX_BACKOFF)
            self._retry_at = now + pause * (0.5 + 0.5 * jitter)
            return
        self._failures = 0
        before, self._known = self._known, _Known(fetched, attempt.asked, now, attempt.number)
        if ended is None or ended.looks_for is None:
            return
        wanted = ended.looks_for
        keys = _selected(fetched, wanted)
        if ended.is_known:
            # One that has changed is not remembered: it may change again.
            earlier = [] if before is None else _selected(before.keys, wanted)
            if all(key in earlier for key in keys):
                self._confirmed.note(wanted.kid, wanted.algorithm, attempt.asked)
        elif keys:
            # Only the auth server can make a new key, so strangers cannot cause many such.
            self._permits.put_back()
        else:
            self._absent.note(wanted.kid, wanted.algorithm, attempt.asked)

    def hold_off(self, seconds: float, now: float) -> None:
        """The source has asked to be left alone for so many seconds, with the failure that was
        reported last.
        """
        if self._failures > 0:
            self._retry_at = max(self._retry_at, now + seconds)

    def abandon(self, attempt: Attempt) -> None:
        """Gives up an attempt that ends without a report. Any request may take over at once."""
        ended = self._end(attempt)
        if ended is not None and ended.looks_for is not None:
            self._permits.put_back()

    def _look_for(self, wanted: Wanted, now: float, refusal: EdgeAuthError) -> Fetch | Wait:
        """What to do for a plausible token whose key is not in the set."""
        if self._in_flight is not None:
            return Wait()
        next_fetch = max(self._retry_at, self._permits.next(now))
        if self._failures > 0 and now < self._retry_at:
            raise self._unavailable(now, next_fetch, NO_NEWER_SET)
        just_now = self._absent.contains(wanted.kid, wanted.algorithm, now, AGAIN_AFTER)
        if not just_now and self._permits.take(now):
            return Fetch(self._attempt(now, wanted))
        if self._absent.contains(wanted.kid, wanted.algorithm, now, ABSENT_FOR):
            raise refusal
        raise self._unavailable(now, next_fetch, NO_NEWER_SET if self._failures > 0 else NOT_YET)

    def _fetch_again(self, now: float, wanted: Wanted, known: _Known) -> Fetch | Wait | None:
        """How to ask whether the keys of that name were replaced; `None` where it is settled."""
        if not wanted.plausible or known.came >= wanted.since:
            return None
        if self._in_flight is not None:
            return Wait()
        backing_off = self._failures > 0 and now < self._retry_at
        lately = self._confirmed.contains(wanted.kid, wanted.algorithm, now, MISS_COOLDOWN)
        if backing_off or lately or not self._permits.take_all_but_one(now):
            return None
        return Fetch(self._attempt(now, wanted, is_known=True))

    def _give_up_vanished(self, now: float) -> None:
        """An attempt that nothing was heard of for longer than a fetch may take has vanished."""
        in_flight = self._in_flight
        if in_flight is not None and now - in_flight.attempt.asked >= FETCH_TIMEOUT + GRACE:
            self.abandon(in_flight.attempt)

    def _attempt(
        self, now: float, looks_for: Wanted | None = None, *, is_known: bool = False
    ) -> Attempt:
        self._attempts += 1
        attempt = Attempt(self._attempts, now)
        self._in_flight = _InFlight(attempt, looks_for, is_known)
        return attempt

    def _end(self, attempt: Attempt) -> _InFlight | None:
        """Ends that attempt, if it is the one under way."""
        in_flight = self._in_flight
        if in_flight is None or in_flight.attempt.number != attempt.number:
            return None
        self._in_flight = None
        return in_flight

    @staticmethod
    def _unavailable(now: float, until: float, detail: str) -> EdgeAuthError:
        wait = max(1, -int(-(until - now) // 1))
        return EdgeAuthError("keys_unavailable", detail, retry_after=wait)


def _selected(keys: KeySet, wanted: Wanted) -> list[VerifyingKey]:
    try:
        return keys.select(wanted.kid, wanted.algorithm)
    except EdgeAuthError:
        return []


NO_SET = "the JWK Set could not be fetched"
NO_NEWER_SET = "no known key fits the token, and a newer JWK Set could not be fetched"
NOT_YET = (
    "no known key fits the token, and the JWK Set was fetched too often for unknown keys to be "
    "fetched again now"
)
