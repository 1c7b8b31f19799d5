"""Keys that a set lacks: how often a newer set may be fetched for them, and which were looked for
just now. The core has the same in Rust (`src/keys/cache/`).
"""

from collections import OrderedDict

BURST = 4.0
"""Permits of a full bucket."""
MAX_ABSENT = 64
"""Names; a flood of made-up ones pushes others out, which are then looked for again as if new."""
MAX_KID_LENGTH = 256
"""Better Auth's names have 32 characters."""
ONE = 1.0 - 1e-6
"""A whole permit, where sums of fractions may be rounded down."""


class Bucket:
    """A token bucket, whose tokens are called permits here. It holds a few, so that strangers who
    use up one do not use up the one that a rotation needs.
    """

    def __init__(self, refill: float) -> None:
        """`refill`: seconds in which one permit comes back."""
        self._refill = refill
        self._permits = BURST
        self._counted = 0.0

    def take(self, now: float) -> bool:
        """Takes a permit, if there is one."""
        self._permits, self._counted = self._level(now), now
        if self._permits < ONE:
            return False
        self._permits = max(self._permits - 1, 0.0)
        return True

    def take_all_but_one(self, now: float) -> bool:
        """The same, but never the last one."""
        return self._level(now) >= 1 + ONE and self.take(now)

    def put_back(self) -> None:
        """Puts back a permit that does not count."""
        self._permits = min(self._permits + 1, BURST)

    def next(self, now: float) -> float:
        """When there is a permit, or `now` where there is one."""
        return now + max(ONE - self._level(now), 0.0) * self._refill

    def _level(self, now: float) -> float:
        return min(self._permits + max(now - self._counted, 0.0) / self._refill, BURST)


class AbsentKeys:
    """Keys that were looked for a moment ago and are not there."""

    def __init__(self) -> None:
        self._asked: OrderedDict[tuple[str | None, str], float] = OrderedDict()

    def note(self, kid: str | None, algorithm: str, asked: float) -> None:
        """A set that was asked for at `asked` does not have the key."""
        if kid is not None and len(kid) > MAX_KID_LENGTH:
            return
        key = (kid, algorithm)
        self._asked[key] = max(asked, self._asked.get(key, asked))
        if len(self._asked) > MAX_ABSENT:
            self._asked.popitem(last=False)

    def contains(self, kid: str | None, algorithm: str, now: float, seconds: float) -> bool:
        """Whether the key was looked for no longer ago than so many seconds."""
        asked = self._asked.get((kid, algorithm))
        return asked is not None and 0 <= now - asked < seconds
