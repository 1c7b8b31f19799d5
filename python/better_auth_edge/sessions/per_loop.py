"""Clients that belong to an event loop, as connections of asyncio do."""

import asyncio
import weakref
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

C = TypeVar("C")


class PerLoop(Generic[C]):
    """One client for each event loop that has opened one."""

    def __init__(self, make: Callable[[], C], close: Callable[[C], Awaitable[object]]) -> None:
        self._make = make
        self._close = close
        self._clients: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, C] = (
            weakref.WeakKeyDictionary()
        )

    def current(self) -> C | None:
        """Returns the client of the running event loop, or None."""
        return self._clients.get(asyncio.get_running_loop())

    async def open(self) -> None:
        """Makes a client for the running event loop, unless it has one."""
        loop = asyncio.get_running_loop()
        if loop not in self._clients:
            self._clients[loop] = self._make()

    async def close(self) -> None:
        """Closes the client of the running event loop, if it has one."""
        client = self._clients.pop(asyncio.get_running_loop(), None)
        if client is not None:
            await self._close(client)
