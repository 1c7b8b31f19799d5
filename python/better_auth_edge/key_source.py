"""The keys behind a URL: fetches when the cache says so, once for all who wait."""

import asyncio
import logging
import random
import ssl
import threading
import time
from collections.abc import Callable
from functools import cache

import httpx

from better_auth_edge.key_cache import FETCH_TIMEOUT, Attempt, Fetch, KeyCache, Use, Wanted
from better_auth_edge.keys import MAX_SET_BYTES, KeySet, VerifyingKey

logger = logging.getLogger(__name__)

WAIT = 0.02
"""Seconds after which to look again for a fetch that another event loop carries out."""


class KeySource:
    """A published JWK Set. It may be used from several event loops."""

    def __init__(self, url: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.url = url
        self._clock = clock
        self._cache = KeyCache()
        self._lock = threading.Lock()
        self._fetching: asyncio.Task[None] | None = None

    async def keys(self, kid: str | None, algorithm: str, *, plausible: bool) -> list[VerifyingKey]:
        """The keys to try for a token, at least one.

        Raises `EdgeAuthError`: `unknown_key`, `unsupported_algorithm`, or `keys_unavailable` where
        the set cannot be had.
        """
        wanted = Wanted(kid, algorithm, self._clock(), plausible)
        while True:
            with self._lock:
                found = self._cache.lookup(self._clock(), wanted)
            if isinstance(found, Use):
                if found.refresh is not None:
                    self._start(found.refresh)
                return found.keys
            if isinstance(found, Fetch):
                # Shielded: a request that is given up must not take the fetch from the others.
                await asyncio.shield(self._start(found.attempt))
            else:
                await self._wait_for_another()

    def _start(self, attempt: Attempt) -> "asyncio.Task[None]":
        self._fetching = asyncio.get_running_loop().create_task(self._fetch(attempt))
        return self._fetching

    async def _wait_for_another(self) -> None:
        task = self._fetching
        if task is not None and not task.done() and task.get_loop() is asyncio.get_running_loop():
            await asyncio.shield(task)
        else:
            await asyncio.sleep(WAIT)

    async def _fetch(self, attempt: Attempt) -> None:
        keys = None
        try:
            document = await asyncio.wait_for(download(self.url), FETCH_TIMEOUT)
            keys = KeySet.parse(document)
        except Exception as error:  # whatever it is: no keys, and nothing of it concerns the caller
            logger.warning("no keys from %s: %r", self.url, error)
        finally:
            with self._lock:
                self._cache.report(attempt, keys, self._clock(), random.random())  # noqa: S311


async def download(url: str) -> bytes:
    """The document at a URL. Redirects are not followed; `ValueError` for any status but 200 and
    for more than a JWK Set may have.
    """
    # Uncompressed, so that the cap counts what is parsed.
    headers = {"Accept": "application/jwk-set+json, application/json"}
    headers["Accept-Encoding"] = "identity"
    # A client for each fetch: there is one in eight minutes, and none to close when the app ends.
    async with (
        httpx.AsyncClient(verify=_tls(), timeout=FETCH_TIMEOUT) as client,
        client.stream("GET", url, headers=headers) as response,
    ):
        if response.status_code != 200:
            raise ValueError(f"status {response.status_code}")
        document = bytearray()
        async for chunk in response.aiter_raw():
            document += chunk
            if len(document) > MAX_SET_BYTES:
                raise ValueError(f"more than {MAX_SET_BYTES} bytes")
    return bytes(document)


@cache
def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context()
