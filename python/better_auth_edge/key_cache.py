"""Decides when to fetch a JWK Set: a pure state machine from the time and a token's key to an
action. It does no I/O. The Rust core has the same state machine.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from better_auth_edge.errors import EdgeAuthError
from better_auth_edge.key_misses import AbsentKeys, Bucket
from better_auth_edge.keys import KeySet, NoKeyError, VerifyingKey

FRESH = 600.0
"""Seconds for which a set is used without a fetch."""
REFRESH_AHEAD = 480.0
"""Seconds; a set of this age is refreshed in the background while it is used."""
STALE = 86_400.0
"""Seconds; up to this age a set is used while fetches fail."""
MISS_COOLDOWN = 30.0
"""Seconds until one more fetch for an unknown key is allowed. A few are allowed at once. A fetch
that finds the key does not count."""
AGAIN_AFTER = 1.0
"""Seconds until a fetch looks again for a key that the last fetch did not find."""
ABSENT_FOR = 5.0
"""Seconds for which a key counts as unknown after a fetch without it. A client that guesses the
next `kid` can delay its users by this time."""
FETCH_TIMEOUT = 5.0
"""Seconds until a fetch times out."""
MAX_BACKOFF = 30.0
"""Seconds; the maximum back-off after failures. It starts at one second and doubles."""
GRACE = 0.5
"""Seconds after the timeout of a fetch until waiting requests treat it as lost."""


@dataclass(frozen=True)
class Wanted:
    """The key that a token needs."""

    kid: str | None
    algorithm: str
    since: float
    """The time when the token arrived."""
    plausible: bool
    """Whether the app would accept the token if its signature is valid. Only such a token causes a
    fetch: tokens of other issuers must not use up the fetch that a new key requires."""


@dataclass(frozen=True)
class Attempt:
    """Permission to fetch once. While it is open, no other attempt starts."""

    number: int
    asked: float


@dataclass(frozen=True)
class Use:
    """Verify with these keys, and perform the attempt in the background if there is one."""

    keys: list[VerifyingKey]
    refresh: Attempt | None = None


@dataclass(frozen=True)
class Fetch:
    """Perform this attempt, report it, and call `lookup` again."""

    attempt: Attempt


@dataclass(frozen=True)
class Wait:
    """Another request performs an attempt. Call `lookup` again when it has ended."""


@dataclass(frozen=True)
class Settled:
    """No newer key is available, so the signature is invalid."""


@dataclass(frozen=True)
class _Known:
    keys: KeySet
    asked: float
    """When the fetch began. The set can lack later changes."""
    came: float
    """When the fetch ended."""
    attempt: int


@dataclass(frozen=True)
class _InFlight:
    attempt: Attempt
    looks_for: Wanted | None
    """The key that it looks for, if it took a permit."""
    is_known: bool = False
    """Whether the set has such a key, which the auth server may have replaced."""


class KeyCache:
    """The known keys, and when to fetch others. Times are seconds of a monotonic clock."""

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
        """Returns the next step for a token. Raises `EdgeAuthError` if the set has no key for it.

        - An unknown `kid` causes a fetch even if the set is fresh, because Better Auth publishes a
          new key when it first signs with it. Such a fetch takes a permit. Without a permit, a key
          that no fetch has looked for yet is `keys_unavailable`.
        - A set that was requested after the token arrived is recent enough to reject the token.
        - Known keys are used during an attempt, and while fetches fail, until they are too old.
        - An implausible token causes no fetch and waits for none if a set is known.
        - If the set has keys with that `kid` but none for the algorithm, the auth server may have
          replaced them: see `recheck`.
        """
        self._abandon_lost(now)
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
            keys, rejection = known.keys.select(wanted.kid, wanted.algorithm), None
        except EdgeAuthError as error:
            keys, rejection = [], error
        failed_lately = self._failures > 0 and now - self._retry_at < MAX_BACKOFF
        if age >= FRESH and wanted.plausible and not backing_off:
            if busy and not keys:
                return Wait()
            if not busy and not (keys and failed_lately):
                return Fetch(self._attempt(now))
        if keys:
            quiet = busy or backing_off or age < REFRESH_AHEAD or not wanted.plausible
            return Use(keys, None if quiet else self._attempt(now))
        assert rejection is not None
        if not isinstance(rejection, NoKeyError):
            again = self._fetch_again(now, wanted, known)
            if again is None:
                raise rejection
            return again
        if known.asked >= wanted.since:
            self._absent.note(wanted.kid, wanted.algorithm, known.asked)
            raise rejection
        if not wanted.plausible:
            raise rejection
        return self._look_for(wanted, now, rejection)

    def recheck(
        self, now: float, wanted: Wanted, tried: Sequence[VerifyingKey]
    ) -> Use | Fetch | Wait | Settled:
        """Returns the next step for a token that none of the keys `tried` verifies, because the
        auth server may have replaced a key under the same `kid`. Raises `EdgeAuthError` if a newer
        set has no key for it.

        Any client can send such tokens. So a token causes a fetch only if it is plausible, the set
        arrived before it, no fetch within the cool-down has confirmed the key, and more than one
        permit is left: the last one is for new keys.
        """
        self._abandon_lost(now)
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
        """Reports the result of an attempt. A failure keeps the known keys. `jitter`, from 0 to 1,
        spreads the back-off after it.
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
        """Extends the back-off by the server's `Retry-After`, in seconds, after a failure."""
        if self._failures > 0:
            self._retry_at = max(self._retry_at, now + seconds)

    def abandon(self, attempt: Attempt) -> None:
        """Ends an attempt without a result. The next request can fetch at once."""
        ended = self._end(attempt)
        if ended is not None and ended.looks_for is not None:
            self._permits.put_back()

    def _look_for(self, wanted: Wanted, now: float, rejection: EdgeAuthError) -> Fetch | Wait:
        """Returns the next step for a plausible token whose key is not in the set."""
        if self._in_flight is not None:
            return Wait()
        next_fetch = max(self._retry_at, self._permits.next(now))
        if self._failures > 0 and now < self._retry_at:
            raise self._unavailable(now, next_fetch, NO_NEWER_SET)
        just_now = self._absent.contains(wanted.kid, wanted.algorithm, now, AGAIN_AFTER)
        if not just_now and self._permits.take(now):
            return Fetch(self._attempt(now, wanted))
        if self._absent.contains(wanted.kid, wanted.algorithm, now, ABSENT_FOR):
            raise rejection
        raise self._unavailable(now, next_fetch, NO_NEWER_SET if self._failures > 0 else NOT_YET)

    def _fetch_again(self, now: float, wanted: Wanted, known: _Known) -> Fetch | Wait | None:
        """Returns the step that finds out whether the keys were replaced, or None."""
        if not wanted.plausible or known.came >= wanted.since:
            return None
        if self._in_flight is not None:
            return Wait()
        backing_off = self._failures > 0 and now < self._retry_at
        lately = self._confirmed.contains(wanted.kid, wanted.algorithm, now, MISS_COOLDOWN)
        if backing_off or lately or not self._permits.take_all_but_one(now):
            return None
        return Fetch(self._attempt(now, wanted, is_known=True))

    def _abandon_lost(self, now: float) -> None:
        """Abandons an attempt that has not reported within the timeout of a fetch."""
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
        """Ends the attempt, if it is the open one."""
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
