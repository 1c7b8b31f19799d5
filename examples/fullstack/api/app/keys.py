"""Better Auth's public keys: a cache of the JWK Set (RFC 7517) that it publishes.

Better Auth creates a new key when it signs and never publishes one beforehand, so the first
token of a rotation arrives with an unknown `kid`: that has to fetch at once. Strangers can make
up as many unknown `kid`s as they like: that must not become as many fetches.
"""

import asyncio
import json
import logging
import math
import time
from collections.abc import Callable
from contextlib import suppress

import httpx
from jwt import PyJWK, PyJWTError

TTL = 10 * 60
"""Seconds for which a set is used without asking again."""
COOLDOWN = 30
"""Seconds between two attempts for an unknown `kid`, and after an attempt that failed."""
FETCH_TIMEOUT = 5
"""Seconds for a whole fetch, from connecting to the last byte."""
MAX_BYTES = 256_000

logger = logging.getLogger(__name__)


class KeysUnavailableError(Exception):
    """Whether a key exists cannot be known at present. `retry_after` is in seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("the key set cannot be had")
        self.retry_after = retry_after


class KeySet:
    """The keys behind `url`. `clock` counts seconds and never goes back."""

    def __init__(
        self, url: str, client: httpx.AsyncClient, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._url = url
        self._client = client
        self._clock = clock
        self._lock = asyncio.Lock()
        self._keys: dict[str, PyJWK] = {}
        self._fresh_until = -math.inf
        self._next_attempt = -math.inf
        self._last_attempt_failed = False

    async def find(self, kid: str) -> PyJWK | None:
        """The key named `kid`; None when the newest set that may be had is without it.

        A key that is known is used for as long as the source is down. Raises `KeysUnavailableError`
        for any other key then.
        """
        key = self._keys.get(kid)
        if key is not None and (self._is_fresh() or self._lock.locked()):
            return key  # locked: another request is renewing the set, no need to wait for it
        async with self._lock:
            # Whoever waited for the lock looks at what the fetch before brought.
            if not (self._is_fresh() and kid in self._keys) and self._may_attempt():
                await self._fetch()
            key = self._keys.get(kid)
            if key is None and self._last_attempt_failed:
                wait = math.ceil(self._next_attempt - self._clock())
                raise KeysUnavailableError(retry_after=max(1, wait))
            return key

    def _is_fresh(self) -> bool:
        return self._clock() < self._fresh_until

    def _may_attempt(self) -> bool:
        return self._clock() >= self._next_attempt

    async def _fetch(self) -> None:
        now = self._clock()
        for_unknown_kid = self._is_fresh()
        # Claimed before the attempt: neither failing nor being cancelled gives it back.
        self._next_attempt = now + COOLDOWN
        self._last_attempt_failed = True
        try:
            self._keys = await asyncio.wait_for(self._download(), FETCH_TIMEOUT)
        except (httpx.HTTPError, asyncio.TimeoutError, ValueError, RecursionError) as error:
            logger.warning("no keys from %s: %r", self._url, error)
            return
        self._last_attempt_failed = False
        self._fresh_until = now + TTL
        if not for_unknown_kid:
            # A set that had to be loaded anyway leaves the first unknown `kid` its attempt.
            self._next_attempt = now

    async def _download(self) -> dict[str, PyJWK]:
        # Redirects are not followed. Uncompressed, so that the cap counts what is parsed.
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        async with self._client.stream("GET", self._url, headers=headers) as response:
            if response.status_code != 200:
                raise ValueError(f"status {response.status_code}")
            body = bytearray()
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > MAX_BYTES:
                    raise ValueError(f"more than {MAX_BYTES} bytes")
        return usable_keys(json.loads(body))


def usable_keys(document: object) -> dict[str, PyJWK]:
    """The Ed25519 verification keys of a JWK Set by `kid`; other entries are left out.

    An empty set is a set. Raises `ValueError` for what is no set at all.
    """
    entries = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise ValueError("not a JWK Set")
    keys: dict[str, PyJWK] = {}
    for entry in entries:
        if not isinstance(entry, dict):
            continue
        kid = entry.get("kid")
        fits = (
            entry.get("kty") == "OKP"
            and entry.get("crv") == "Ed25519"
            and entry.get("alg") in (None, "EdDSA")  # servers before 2025 leave it out
            and entry.get("use") in (None, "sig")
            and "d" not in entry
        )
        if isinstance(kid, str) and fits:
            with suppress(PyJWTError):
                keys[kid] = PyJWK(entry, "EdDSA")
    return keys
