"""Looks up keys in a `KeySource` whose publisher can be made to wait."""

import asyncio
import json
import threading
from collections.abc import Callable, Coroutine
from http.server import BaseHTTPRequestHandler
from typing import Any

from better_auth_edge.errors import EdgeAuthError
from better_auth_edge.key_source import KeySource
from tests.better_auth import Publisher, respond


def found(source: KeySource, *kids: str) -> list[str]:
    """Looks up each key in turn, in one event loop. Returns "found" or the error code of each."""

    async def find() -> list[str]:
        return [await lookup(source, kid) for kid in kids]

    return asyncio.run(find())


async def lookup(source: KeySource, kid: str) -> str:
    try:
        await source.keys(kid, "EdDSA", plausible=True)
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
