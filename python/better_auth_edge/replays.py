"""Assertions that have been used, for as long as they would be good."""

from collections import OrderedDict

from better_auth_edge.claims import invalid

CAPACITY = 250_000
"""More than one process answers in the minute that an assertion lives. Beyond it the oldest are
forgotten, so that memory is bounded whatever happens."""


class Replays:
    """The ids of one process; each is believed once. Times are in seconds."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._until: OrderedDict[str, float] = OrderedDict()

    def use(self, jti: str, until: float, now: float) -> None:
        """Marks an id as used until then; `EdgeAuthError` `invalid_claim` if it was before."""
        while self._until:
            oldest, end = next(iter(self._until.items()))
            if end > now and len(self._until) < self._capacity:
                break
            del self._until[oldest]
        if self._until.get(jti, now) > now:
            raise invalid("the assertion has been used before")
        self._until[jti] = until

    def __len__(self) -> int:
        return len(self._until)
