"""Drives the core: it says what it requires, and the driver fetches, waits and runs its tasks."""

import asyncio
import logging
import os
import threading
import time
import weakref
from collections.abc import Iterable

from better_auth_edge._core import Operation, Request, Task, Verified, Verifier
from better_auth_edge.errors import KeyFetchError
from better_auth_edge.key_fetch import Response, fetch

logger = logging.getLogger(__name__)


class Driver:
    """Verifies tokens by the core, for any number of event loops and threads. One of them fetches
    the keys, and the others wait for it.
    """

    def __init__(self, core: Verifier) -> None:
        self._core = core
        self._lock = threading.Lock()
        # Event loops reference their tasks only weakly.
        self._fetching: set[asyncio.Task[None]] = set()
        self._exception: Exception | None = None
        _drivers.add(self)

    async def verify(self, token: str) -> Verified:
        """Returns a verified token. Raises `EdgeAuthError`."""
        result = self._core.verify(token)
        if isinstance(result, Verified):
            return result
        verified = await self._drive(result)
        assert verified is not None
        return verified

    def verify_sync(self, token: str) -> Verified:
        """The same for code that may block, such as a thread's."""
        result = self._core.verify(token)
        if isinstance(result, Verified):
            return result
        try:
            step = result.step()
            while isinstance(step, float):
                self._start_threads(result.take_tasks())
                time.sleep(step)
                step = result.step()
        finally:
            self._start_threads(result.take_tasks())
            result.close()
        assert isinstance(step, Verified)
        return step

    def failure(self) -> KeyFetchError | None:
        """Returns the error of the last fetch, if it failed."""
        failure = self._core.failure()
        if not isinstance(failure, KeyFetchError):
            return None
        failure.__cause__ = self._exception
        return failure

    async def _drive(self, operation: Operation) -> Verified | None:
        try:
            step = operation.step()
            while not (step is None or isinstance(step, Verified)):
                self._start_tasks(operation.take_tasks())
                if isinstance(step, Request):
                    step = operation.step(await self._response(step))
                else:
                    await self._pause(step)
                    step = operation.step()
            return step
        finally:
            self._start_tasks(operation.take_tasks())
            operation.close()

    async def _response(self, request: Request) -> Response | str:
        try:
            response = await fetch(request)
        except Exception as error:  # any error means no keys; the client gets keys_unavailable
            self._exception = error
            is_told = isinstance(error, (TimeoutError, ValueError))
            return str(error) if is_told else f"{type(error).__name__}: {error}"
        self._exception = None
        return response

    def _start_tasks(self, tasks: Iterable[Task]) -> None:
        """Runs tasks in this event loop. They continue when the request is canceled."""
        for task in tasks:
            running = asyncio.get_running_loop().create_task(self._carry_out(task))
            with self._lock:
                self._fetching.add(running)
            running.add_done_callback(self._forget)
            # A task that was canceled before it began has reported nothing.
            running.add_done_callback(lambda _, task=task: task.abandon())  # type: ignore[misc]

    def _start_threads(self, tasks: Iterable[Task]) -> None:
        for task in tasks:
            run = lambda task=task: asyncio.run(self._carry_out(task))  # noqa: E731
            threading.Thread(target=run, name="better-auth-edge-keys", daemon=True).start()

    def _forget(self, running: "asyncio.Task[None]") -> None:
        with self._lock:
            self._fetching.discard(running)

    async def _carry_out(self, task: Task) -> None:
        await self._drive(task.begin())
        failure = self.failure()
        if failure is not None:
            logger.warning("no keys from %s", failure)

    async def _pause(self, seconds: float) -> None:
        """Waits, but no longer than until a fetch of this event loop has ended."""
        loop, this = asyncio.get_running_loop(), asyncio.current_task()
        with self._lock:
            fetching = [task for task in self._fetching if task is not this]
        own = [task for task in fetching if task.get_loop() is loop]
        for task in fetching:
            if not task.get_loop().is_running():
                self._forget(task)
                self._core.abandon_fetch()
        if own:
            await asyncio.wait(own, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        else:
            await asyncio.sleep(seconds)

    def _abandon(self) -> None:
        self._lock = threading.Lock()
        self._fetching = set()
        self._core.abandon_fetch()


_drivers: "weakref.WeakSet[Driver]" = weakref.WeakSet()


def _after_fork() -> None:
    """A child process has none of the threads and event loops that fetch."""
    for driver in list(_drivers):
        driver._abandon()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
