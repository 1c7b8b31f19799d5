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
    """A published JWK Set, which several event loops may use."""

    def __init__(self, url: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.url = url
        self.failure: KeyFetchError | None = None
        """The error of the last fetch, if it failed."""
        self._clock = clock
        self._cache = KeyCache()
        self._lock = threading.Lock()
        # Event loops reference their tasks only weakly.
        self._fetching: dict[asyncio.Task[None], Attempt] = {}

    async def keys(self, kid: str | None, algorithm: str, *, plausible: bool) -> list[VerifyingKey]:
        """Returns the keys to try for a token, at least one.

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
        """Returns further keys for a plausible token whose signature failed by the keys `tried`, or
        an empty list. `since` is the time by `now()` when the token arrived.

        Raises `EdgeAuthError` if a newer set has no key for the token.
        """
        wanted = Wanted(kid, algorithm, since, True)
        found = await self._found(lambda: self._cache.recheck(self._clock(), wanted, tried))
        return found.keys if isinstance(found, Use) else []

    def now(self) -> float:
        """Returns the time by the clock of the keys, in seconds."""
        return self._clock()

    async def _found(self, look: Callable[[], Use | Fetch | Wait | Settled]) -> Use | Settled:
        """Repeats `look` until it returns a result, and fetches or waits in between."""
        interval = WAIT
        while True:
            with self._lock:
                found = look()
            if isinstance(found, (Use, Settled)):
                return found
            if isinstance(found, Fetch):
                await _ended(self._start(found.attempt))
            elif not await self._wait_for_another(interval):
                interval = min(interval * 1.1, MAX_POLL_INTERVAL)

    def _start(self, attempt: Attempt) -> "asyncio.Task[None]":
        """Fetches in a separate task, which continues when the request is canceled."""
        task = asyncio.get_running_loop().create_task(self._fetch(attempt))
        with self._lock:
            self._fetching[task] = attempt
        task.add_done_callback(self._forget)
        return task

    def _forget(self, task: "asyncio.Task[None]") -> None:
        with self._lock:
            attempt = self._fetching.pop(task, None)
            # A task that was canceled before it began has reported nothing.
            if attempt is not None:
                self._cache.abandon(attempt)

    async def _wait_for_another(self, interval: float) -> bool:
        """Waits until a fetch of this event loop has ended, or for `interval` seconds. Abandons the
        fetches of event loops that no longer run. Returns whether to look again at once.
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
        await asyncio.sleep(interval)
        return False

    async def _fetch(self, attempt: Attempt) -> None:
        keys, failure = None, None
        try:
            document = await asyncio.wait_for(download(self.url), FETCH_TIMEOUT)
            keys = KeySet.parse(document)
        except Exception as error:  # any error means no keys; the client gets keys_unavailable
            failure = fetch_error(self.url, error)
            logger.warning("no keys from %s", failure)
        self.failure = failure
        # A task that is canceled because its event loop ends has no result: see _forget.
        with self._lock:
            now = self._clock()
            self._cache.report(attempt, keys, now, random.random())  # noqa: S311
            if failure is not None and failure.retry_after is not None:
                self._cache.hold_off(failure.retry_after, now)


async def _ended(task: "asyncio.Task[None]") -> None:
    """Waits for the end of a task. Canceling the waiting request does not cancel the task, and
    canceling the task does not cancel the request.
    """
    await asyncio.wait({task})


async def download(url: str) -> bytes:
    """Returns the document at a URL. Does not follow redirects. Raises `ValueError` for any status
    but 200, and for a document that exceeds the limit of a JWK Set, compressed or not.
    """
    # Servers may send the document compressed although the request asks for `identity`.
    headers = {"Accept": "application/jwk-set+json, application/json"}
    headers["Accept-Encoding"] = "identity"
    # A new client for each fetch, about every eight minutes: the app has no client to close.
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
