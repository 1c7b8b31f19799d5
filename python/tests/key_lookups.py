"""Looks up keys over real HTTP: verifies a new token for each lookup, by a clock that a test sets."""

import asyncio
import itertools
import json
import threading
from collections.abc import Callable, Coroutine
from http.server import BaseHTTPRequestHandler
from types import SimpleNamespace
from typing import Any

import pytest

from better_auth_edge import EdgeAuthError, EdgeAuthSettings, Verifier, driver
from better_auth_edge._core import Request
from better_auth_edge.key_fetch import Response, fetch
from tests.better_auth import Key, Publisher, respond

START = 1_750_000_000.0
"""When the clock starts, in seconds since 1970."""
FORGER = Key()


class Lookups:
    """A verifier of a publisher's tokens. `now` counts from `START`."""

    def __init__(self, publisher: Publisher) -> None:
        self.now = 0.0
        settings = EdgeAuthSettings(better_auth_url=publisher.url)
        self.verifier = Verifier(settings, clock=lambda: START + self.now)
        self.driver = self.verifier._driver
        self._publisher = publisher
        self._numbers = itertools.count()

    def found(self, *keys: Key | str) -> list[str]:
        """Looks up each key in turn, in one event loop. Returns "found" or the code of each."""

        async def find() -> list[str]:
            return [await self.lookup(key) for key in keys]

        return asyncio.run(find())

    def found_sync(self, key: Key | str) -> str:
        return self._result(lambda: self.verifier.verify_sync(self.token(key)))

    async def lookup(self, key: Key | str, *, plausible: bool = True) -> str:
        try:
            await self.verifier.verify(self.token(key, plausible=plausible))
        except EdgeAuthError as error:
            return error.code
        return "found"

    def token(self, key: Key | str, *, plausible: bool = True) -> str:
        """A token that never expires. A text is the `kid` of a token that a forger has signed."""
        issuer = self._publisher.url if plausible else "https://evil.example"
        claims = {
            "iss": issuer,
            "aud": self._publisher.url,
            "sub": "ada",
            "exp": START + 1e9,
            "jti": str(next(self._numbers)),
        }
        return FORGER.sign(claims, kid=key) if isinstance(key, str) else key.sign(claims)

    @staticmethod
    def _result(verify: Callable[[], object]) -> str:
        try:
            verify()
        except EdgeAuthError as error:
            return error.code
        return "found"


class Gate:
    """Makes a publisher respond only when `opened` is set."""

    def __init__(self, publisher: Publisher) -> None:
        self.opened, self.asked = threading.Event(), threading.Event()
        document = json.dumps({"keys": publisher.keys}).encode()

        def handle(request: BaseHTTPRequestHandler) -> None:
            self.asked.set()
            self.opened.wait(10)
            respond(request, 200, document)

        publisher.handler = handle


def in_one_loop(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(asyncio.wait_for(test(), 20))


def shorten_timeout(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Makes fetches time out earlier than the core demands."""

    async def fetch_briefly(request: Request) -> Response:
        names = ("url", "headers", "max_bytes")
        brief: Any = SimpleNamespace(timeout=seconds, **{n: getattr(request, n) for n in names})
        return await fetch(brief)

    monkeypatch.setattr(driver, "fetch", fetch_briefly)
