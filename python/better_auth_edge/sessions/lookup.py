"""Finds the users of sessions in a store: within a time limit, and never without an answer."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from better_auth_edge._core import impersonator, user_of
from better_auth_edge.errors import EdgeAuthError
from better_auth_edge.sessions.cache import SessionCache
from better_auth_edge.sessions.claims import claims_of, ended
from better_auth_edge.sessions.rules import SessionRules
from better_auth_edge.sessions.stored import SessionStore, SessionStoreError, StoredSession
from better_auth_edge.user import User
from better_auth_edge.user_model import UserModel

logger = logging.getLogger(__name__)

U = TypeVar("U", bound=User)

TIME_LIMIT = 5.0
"""Seconds for one look-up."""
RETRY_AFTER = 5
"""Seconds."""
MOST_TRIED = 4
"""Sessions of one request that are looked up. More than one means that another host of the same
site has planted cookies."""
LOG_INTERVAL = 10.0
"""Seconds between two messages about a store that is down."""


class SessionUsers(Generic[U]):
    """Returns the users of sessions."""

    def __init__(
        self,
        store: SessionStore,
        rules: SessionRules,
        users: UserModel[U],
        clock: Callable[[], float],
    ) -> None:
        self.store = store
        self._rules = rules
        self._users = users
        self._clock = clock
        self._cache = SessionCache(rules.max_age)
        self._last_message = float("-inf")

    async def user_of(self, tokens: Sequence[str]) -> U:
        """Returns the user of the first session that has not ended. Raises `EdgeAuthError`:
        `missing_token` if all have ended or the user is banned, `keys_unavailable` if the store
        does not answer, `misconfigured` if it does not have the form of a store.
        """
        rejection = None
        for token in tokens[:MOST_TRIED]:
            try:
                return self._user(await self._stored(token))
            except EdgeAuthError as error:
                if error.status != 401:
                    raise
                rejection = rejection or error
        raise rejection or ended()

    def _user(self, stored: StoredSession | None) -> U:
        if stored is None:
            raise ended()
        try:
            claims = claims_of(stored, self._clock())
        except SessionStoreError as error:
            raise self._misconfigured(error) from None
        return self._users.read(self._name(claims), claims, impersonator(claims), "session")

    def _name(self, claims: dict[str, object]) -> str:
        try:
            return user_of(claims, list(self._rules.user_claims))
        except EdgeAuthError as error:
            if error.code != "missing_claim":
                raise
        names = '" or "'.join(self._rules.user_claims)
        detail = f'the session\'s user has no "{names}", which USER_CLAIM names'
        raise EdgeAuthError("missing_claim", detail)

    async def _stored(self, token: str) -> StoredSession | None:
        now = self._clock()
        cached = self._cache.find(token, now)
        if cached is not None:
            return cached
        stored = await self._look_up(token)
        if stored is not None:
            self._cache.add(token, stored, now)
        return stored

    async def _look_up(self, token: str) -> StoredSession | None:
        """Not by `asyncio.wait_for`, which waits until a driver has handled its cancellation."""
        look_up = asyncio.ensure_future(self.store.session(token))
        try:
            await asyncio.wait({look_up}, timeout=TIME_LIMIT)
        finally:
            if not look_up.done():
                look_up.add_done_callback(_ignore)
                look_up.cancel()
        if not look_up.done() or look_up.cancelled():
            raise self._unavailable(f"no answer within {TIME_LIMIT:g} s")
        error = look_up.exception()
        if error is None:
            return look_up.result()
        if isinstance(error, SessionStoreError):
            raise self._misconfigured(error)
        if not isinstance(error, Exception):
            raise error
        raise self._unavailable(_described(error, token))

    def _unavailable(self, why: str) -> EdgeAuthError:
        now = time.monotonic()
        if now - self._last_message >= LOG_INTERVAL:
            self._last_message = now
            logger.warning("the session store is unavailable: %s", why)
        detail = "the session store is unavailable; the log of the server has the reason"
        return EdgeAuthError("keys_unavailable", detail, retry_after=RETRY_AFTER)

    def _misconfigured(self, error: SessionStoreError) -> EdgeAuthError:
        logger.error("misconfigured: the session store: %s", error)
        return EdgeAuthError("misconfigured", "the session store is misconfigured; see the log")


def _described(error: Exception, token: str) -> str:
    """Says what went wrong, without the token, which errors of SQLAlchemy and of drivers can
    contain.
    """
    cause = getattr(error, "orig", None) or error
    lines = [line.strip() for line in str(cause).splitlines()]
    text = next((line for line in lines if line), "")
    return f"{type(cause).__name__}: {text[:300]}" if token not in text else type(cause).__name__


def _ignore(look_up: "asyncio.Future[StoredSession | None]") -> None:
    """Marks the exception of an abandoned look-up as seen."""
    if not look_up.cancelled():
        look_up.exception()
