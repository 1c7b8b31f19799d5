"""A bounded cache of sessions. Off by default: a sign-out takes effect when an entry expires."""

import threading
from collections import OrderedDict

from better_auth_edge.sessions.stored import StoredSession

MOST_ENTRIES = 10_000


class SessionCache:
    """Sessions by their token. Any thread may use it."""

    def __init__(self, max_age: float) -> None:
        """`max_age` is in seconds."""
        self._max_age = max_age
        self._entries: OrderedDict[str, tuple[float, StoredSession]] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, token: str, now: float) -> StoredSession | None:
        """Returns the session if it was read at most `max_age` seconds before `now`."""
        if self._max_age <= 0:
            return None
        with self._lock:
            read, stored = self._entries.get(token, (float("inf"), None))
            if stored is None or not 0 <= now - read < self._max_age:
                return None
            return stored

    def add(self, token: str, stored: StoredSession, read: float) -> None:
        """Adds a session. `read` is when the look-up began."""
        if self._max_age <= 0:
            return
        with self._lock:
            self._entries[token] = (read, stored)
            self._entries.move_to_end(token)
            while len(self._entries) > MOST_ENTRIES:
                self._entries.popitem(last=False)
