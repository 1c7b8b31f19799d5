"""The ids (`jti`) of used assertions, stored until the assertions expire."""

from collections import OrderedDict

from better_auth_edge.claims import invalid

CAPACITY = 250_000
"""More requests than one process handles in the lifetime of an assertion, 60 s. It bounds memory:
beyond it, the oldest ids are dropped."""


class ReplayCache:
    """Accepts each id once in this process. Times are in seconds."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._until: OrderedDict[str, float] = OrderedDict()

    def use(self, jti: str, until: float, now: float) -> None:
        """Marks an id as used until then. Raises `EdgeAuthError` `invalid_claim` if it is already
        marked.
        """
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
