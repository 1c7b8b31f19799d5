"""Limits the fetches for keys that a set lacks, and records which keys were recently not found. The
Rust core does the same (`src/keys/cache/`).
"""

from collections import OrderedDict

BURST = 4.0
"""Permits of a full bucket."""
MAX_ABSENT = 64
"""The most keys. A flood of made-up keys evicts others, which then count as new again."""
MAX_KID_LENGTH = 256
"""Characters. A `kid` of Better Auth has 32."""
ONE = 1.0 - 1e-6
"""One permit, with a tolerance because sums of fractions may be rounded down."""


class Bucket:
    """A token bucket, whose tokens are called permits here. It contains several, so that a client
    that uses up one does not use up the one that a rotation requires.
    """

    def __init__(self, refill: float) -> None:
        """`refill`: seconds until one permit is added."""
        self._refill = refill
        self._permits = BURST
        self._counted = 0.0

    def take(self, now: float) -> bool:
        """Takes a permit, if one is left."""
        self._permits, self._counted = self._level(now), now
        if self._permits < ONE:
            return False
        self._permits = max(self._permits - 1, 0.0)
        return True

    def take_all_but_one(self, now: float) -> bool:
        """Takes a permit, but never the last one."""
        return self._level(now) >= 1 + ONE and self.take(now)

    def put_back(self) -> None:
        """Puts back a permit that does not count."""
        self._permits = min(self._permits + 1, BURST)

    def next(self, now: float) -> float:
        """Returns the time of the next permit, or `now` if one is left."""
        return now + max(ONE - self._level(now), 0.0) * self._refill

    def _level(self, now: float) -> float:
        return min(self._permits + max(now - self._counted, 0.0) / self._refill, BURST)


class AbsentKeys:
    """Keys that recent fetches did not find."""

    def __init__(self) -> None:
        self._asked: OrderedDict[tuple[str | None, str], float] = OrderedDict()

    def note(self, kid: str | None, algorithm: str, asked: float) -> None:
        """Records that a set that was requested at `asked` does not contain the key."""
        if kid is not None and len(kid) > MAX_KID_LENGTH:
            return
        key = (kid, algorithm)
        self._asked[key] = max(asked, self._asked.get(key, asked))
        if len(self._asked) > MAX_ABSENT:
            self._asked.popitem(last=False)

    def contains(self, kid: str | None, algorithm: str, now: float, seconds: float) -> bool:
        """Whether a fetch in the last `seconds` did not find the key."""
        asked = self._asked.get((kid, algorithm))
        return asked is not None and 0 <= now - asked < seconds
