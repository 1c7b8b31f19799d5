"""When to fetch a JWK Set: a state machine that is told the time and what a token asks for, and
answers what to do. It never waits and never talks to anybody; it is the core's, in Python.
"""

from dataclasses import dataclass, replace

from better_auth_edge.errors import EdgeAuthError
from better_auth_edge.keys import KeySet, NoKeyError, VerifyingKey

FRESH = 600.0
"""Seconds; younger than this, a set is used without asking again."""
REFRESH_AHEAD = 480.0
"""Seconds; from this age on it is refreshed in the background while it is used."""
STALE = 86_400.0
"""Seconds; up to this age it is used while the source fails."""
MISS_COOLDOWN = 30.0
"""Seconds; an unknown `kid` causes one fetch in this time, whether it succeeds or not, unless it
finds the key."""
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
    """Somebody else's attempt is under way: look again when it has ended."""


@dataclass(frozen=True)
class _Known:
    keys: KeySet
    asked: float
    """When its fetch began: what happened later, it may not know."""
    attempt: int


@dataclass(frozen=True)
class _Miss:
    """The last fetch that was made for an unknown `kid`."""

    attempt: int
    wanted: Wanted
    since: float
    reported: bool = False


class KeyCache:
    """The keys that are known, and when to ask for others. Times are seconds of a clock that never
    goes back.
    """

    def __init__(self) -> None:
        self._known: _Known | None = None
        self._attempts = 0
        self._in_flight: Attempt | None = None
        self._miss: _Miss | None = None
        self._failures = 0
        self._retry_at = 0.0

    def lookup(self, now: float, wanted: Wanted) -> Use | Fetch | Wait:
        """What to do for somebody who wants a key. `EdgeAuthError` where there is none for them.

        An unknown `kid` is looked for once even when the set is fresh: Better Auth publishes a new
        key at the moment it signs with it. A set that was asked for after the token came in is
        recent enough to refuse it without looking again. While the source keeps failing, keys that
        are not too old are used, and nobody who could use them waits for it.
        """
        busy = self._in_flight is not None and (now - self._in_flight.asked < FETCH_TIMEOUT + GRACE)
        backing_off = self._failures > 0 and now < self._retry_at
        known = self._known
        if known is None or now - known.asked >= STALE:
            if busy:
                return Wait()
            if backing_off:
                raise self._unavailable(now, self._retry_at)
            return Fetch(self._attempt(now))
        age = now - known.asked
        try:
            keys, refusal = known.keys.select(wanted.kid, wanted.algorithm), None
        except EdgeAuthError as error:
            keys, refusal = [], error
        failed_lately = self._failures > 0 and now - self._retry_at < MAX_BACKOFF
        if age >= FRESH and not backing_off and not (failed_lately and keys):
            return Wait() if busy else Fetch(self._attempt(now))
        if keys:
            quiet = busy or backing_off or age < REFRESH_AHEAD
            return Use(keys, None if quiet else self._attempt(now))
        assert refusal is not None
        if not isinstance(refusal, NoKeyError) or known.asked >= wanted.since:
            raise refusal
        if busy:
            return Wait()
        if wanted.plausible and self._may_look_for_missing(now):
            attempt = self._attempt(now)
            self._miss = _Miss(attempt.number, wanted, now)
            return Fetch(attempt)
        if self._failures > 0:
            next_miss = now if self._miss is None else self._miss.since + MISS_COOLDOWN
            raise self._unavailable(now, max(self._retry_at, next_miss))
        raise refusal

    def report(self, attempt: Attempt, fetched: KeySet | None, now: float, jitter: float) -> None:
        """What came of an attempt. `jitter`, from 0 up to 1, spreads the pause after a failure. A
        failure leaves the known keys in place.
        """
        number = attempt.number
        if self._in_flight is not None and self._in_flight.number == number:
            self._in_flight = None
        if self._miss is not None and self._miss.attempt == number:
            self._miss = replace(self._miss, reported=True)
        if self._known is not None and self._known.attempt > number:
            return  # a later attempt has already succeeded
        if fetched is None:
            self._failures += 1
            pause = min(2.0 ** (min(self._failures, 16) - 1), MAX_BACKOFF)
            self._retry_at = now + pause * (0.5 + 0.5 * jitter)
            return
        self._failures = 0
        self._known = _Known(fetched, attempt.asked, number)
        if self._miss is not None and self._miss.attempt == number:
            wanted = self._miss.wanted
            try:
                # Only the auth server can make a new key, so strangers cannot cause many such.
                fetched.select(wanted.kid, wanted.algorithm)
                self._miss = None
            except EdgeAuthError:
                pass

    def _may_look_for_missing(self, now: float) -> bool:
        # Asked only when nothing is under way: what was not reported has vanished.
        miss = self._miss
        return miss is None or now - miss.since >= MISS_COOLDOWN or not miss.reported

    def _attempt(self, now: float) -> Attempt:
        self._attempts += 1
        self._in_flight = Attempt(self._attempts, now)
        return self._in_flight

    @staticmethod
    def _unavailable(now: float, until: float) -> EdgeAuthError:
        detail = "the JWK Set could not be fetched, and no known key fits the token"
        wait = max(1, -int(-(until - now) // 1))
        return EdgeAuthError("keys_unavailable", detail, retry_after=wait)
