"""Fetches a JWK Set when the cache requires it, once for all concurrent requests."""

import asyncio
import logging
import random
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from functools import cache

import httpx

from better_auth_edge import content_coding
from better_auth_edge.errors import KeyFetchError
from better_auth_edge.key_cache import (
    FETCH_TIMEOUT,
    Attempt,
    Fetch,
    KeyCache,
    Settled,
    Use,
    Wait,
    Wanted,
)
from better_auth_edge.key_fetch_errors import fetch_error, status_error
from better_auth_edge.keys import MAX_SET_BYTES, KeySet, VerifyingKey
from better_auth_edge.version import USER_AGENT

logger = logging.getLogger(__name__)

REQUEST_HEADERS = {"User-Agent": USER_AGENT}
"""Firewalls reject requests without a `User-Agent`."""
WAIT = 0.02
"""Seconds between two checks for a fetch of another event loop."""
MAX_POLL_INTERVAL = 0.25
"""Seconds; the interval grows up to this."""


class KeySource:
    """A published JWK Set. It may be used from several event loops."""

    def __init__(self, url: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.url = url
        self.failure: KeyFetchError | None = None
        """Why the last fetch failed, if it did."""
        self._clock = clock
        self._cache = KeyCache()
        self._lock = threading.Lock()
        # Event loops know their tasks only weakly.
        self._fetching: dict[asyncio.Task[None], Attempt] = {}

    async def keys(self, kid: str | None, algorithm: str, *, plausible: bool) -> list[VerifyingKey]:
        """The keys to try for a token, at least one.

        Raises `EdgeAuthError`: `unknown_key`, `unsupported_algorithm`, or `keys_unavailable` if
        the set is not available.
        """
        wanted = Wanted(kid, algorithm, self._clock(), plausible)
        found = await self._found(lambda: self._cache.lookup(self._clock(), wanted))
        assert isinstance(found, Use)
        if found.refresh is not None:
            self._start(found.refresh)
        return found.keys

    async def newer_keys(
        self, kid: str | None, algorithm: str, *, since: float, tried: Sequence[VerifyingKey]
    ) -> list[VerifyingKey]:
        """Further keys for a plausible token that came in at `since`, by `now()`, and whose
        signature failed by the keys `tried`. None if no further keys are available. `EdgeAuthError`
        if a newer set has no key for it.
        """
        wanted = Wanted(kid, algorithm, since, True)
        found = await self._found(lambda: self._cache.recheck(self._clock(), wanted, tried))
        return found.keys if isinstance(found, Use) else []

    def now(self) -> float:
        """The time by the clock of the keys, in seconds."""
        return self._clock()

    async def _found(self, look: Callable[[], Use | Fetch | Wait | Settled]) -> Use | Settled:
        """Looks until there is nothing to wait for."""
        pause = WAIT
        while True:
            with self._lock:
                found = look()
            if isinstance(found, (Use, Settled)):
                return found
            if isinstance(found, Fetch):
                await _ended(self._start(found.attempt))
            elif not await self._wait_for_another(pause):
                pause = min(pause * 1.1, MAX_POLL_INTERVAL)

    def _start(self, attempt: Attempt) -> "asyncio.Task[None]":
        """Fetches in a task of its own, which a request that is given up does not take with it."""
        task = asyncio.get_running_loop().create_task(self._fetch(attempt))
        with self._lock:
            self._fetching[task] = attempt
        task.add_done_callback(self._forget)
        return task

    def _forget(self, task: "asyncio.Task[None]") -> None:
        with self._lock:
            attempt = self._fetching.pop(task, None)
            # One that was cancelled before it began has reported nothing.
            if attempt is not None:
                self._cache.abandon(attempt)

    async def _wait_for_another(self, pause: float) -> bool:
        """Waits until a fetch of this event loop has ended, or else for a moment. Gives up fetches
        whose event loops no longer run. Whether there is reason to look again at once.
        """
        with self._lock:
            fetching = list(self._fetching.items())
        for task, attempt in fetching:
            loop = task.get_loop()
            if loop is asyncio.get_running_loop():
                await _ended(task)
                return True
            if not loop.is_running():
                with self._lock:
                    self._fetching.pop(task, None)
                    self._cache.abandon(attempt)
                return True
        await asyncio.sleep(pause)
        return False

    async def _fetch(self, attempt: Attempt) -> None:
        keys, failure = None, None
        try:
            document = await asyncio.wait_for(download(self.url), FETCH_TIMEOUT)
            keys = KeySet.parse(document)
        except Exception as error:  # any error means no keys; the client sees keys_unavailable
            failure = fetch_error(self.url, error)
            logger.warning("no keys from %s", failure)
        self.failure = failure
        # A task that is cancelled, because its event loop ends, has no result: see _forget.
        with self._lock:
            now = self._clock()
            self._cache.report(attempt, keys, now, random.random())  # noqa: S311
            if failure is not None and failure.retry_after is not None:
                self._cache.hold_off(failure.retry_after, now)


async def _ended(task: "asyncio.Task[None]") -> None:
    """Waits for the end of a task. A request that waits can be cancelled without the task, and the
    task without the request.
    """
    await asyncio.wait({task})


async def download(url: str) -> bytes:
    """The document at a URL. Redirects are not followed; `ValueError` for any status but 200 and
    for more than a JWK Set may have, before or after it is decompressed.
    """
    # Uncompressed is asked for, and servers may send it compressed all the same.
    headers = {"Accept": "application/jwk-set+json, application/json"}
    headers["Accept-Encoding"] = "identity"
    # A client for each fetch: there is one in eight minutes, and none to close when the app ends.
    async with (
        httpx.AsyncClient(verify=_tls(), timeout=FETCH_TIMEOUT, headers=REQUEST_HEADERS) as client,
        client.stream("GET", url, headers=headers) as response,
    ):
        if response.status_code != 200:
            raise status_error(url, response)
        document = bytearray()
        async for chunk in response.aiter_raw():
            document += chunk
            if len(document) > MAX_SET_BYTES:
                raise ValueError(f"more than {MAX_SET_BYTES} bytes")
        codings = response.headers.get("content-encoding", "")
    return content_coding.decode(bytes(document), codings, MAX_SET_BYTES)


@cache
def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context()
