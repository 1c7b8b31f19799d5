"""Drives the core: waits for what it waits for, and runs its background tasks in threads."""

import asyncio
import logging
import os
import threading
import time
import weakref
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from better_auth_edge._core import Pending, Request, Task, Verified
from better_auth_edge.auth_mode import AuthMode
from better_auth_edge.errors import KeyFetchError
from better_auth_edge.key_fetch import Response, UnusableResponseError, fetch

T = TypeVar("T")

logger = logging.getLogger(__name__)


class Driver:
    """Verifies tokens by the core, for any number of event loops and threads. Fetches the keys once
    for all of them, in a thread of its own: a fetch outlives the request and the event loop that
    caused it.
    """

    def __init__(self, mode: AuthMode, clock: Callable[[], float]) -> None:
        self._core = mode.verifier(clock, self._start)
        self.begin: Callable[[object], Verified | Pending] = self._core.verify
        """Verifies a token, unless that has to wait for keys. Raises `EdgeAuthError`."""
        self._clock = clock
        self._keys = mode.keys
        self._exception: Exception | None = None
        _drivers.add(self)

    async def wait(self, result: Verified | Pending) -> Verified:
        """Waits for the end of a verification. Raises `EdgeAuthError`."""
        while not isinstance(result, Verified):
            await asyncio.sleep(result.delay)
            result = result.poll()
        return result

    def wait_sync(self, result: Verified | Pending) -> Verified:
        """The same for code that may block."""
        while not isinstance(result, Verified):
            time.sleep(result.delay)
            result = result.poll()
        return result

    def failure(self) -> KeyFetchError | None:
        """Returns the error of the last fetch, if it failed."""
        failure = self._core.failure()
        if failure is None:
            return None
        url, reason, status, retry_after = failure
        error = KeyFetchError(url, reason, status, retry_after=retry_after)
        error.__cause__ = self._exception
        return error

    def abandon_fetch(self) -> None:
        """Abandons the fetch in flight, if its thread is gone."""
        self._core.abandon_fetch()

    def _start(self, task: Task) -> None:
        threading.Thread(
            target=self._run, args=(task,), name="better-auth-edge", daemon=True
        ).start()

    def _run(self, task: Task) -> None:
        try:
            self._take_steps(task)
        except Exception:
            logger.exception("the fetch of the keys ended early")

    def _take_steps(self, task: Task) -> None:
        task.begin()
        step = task.step(self._clock())
        while step is not None:
            if isinstance(step, Request):
                response = self._fetch(step)
                step = task.step(self._clock(), response)
            else:
                time.sleep(step)
                step = task.step(self._clock())
        failure = self.failure()
        if failure is not None:
            logger.warning("no keys from %s", failure)

    def _note(self, request: Request, error: Exception | None) -> None:
        """Remembers why the keys could not be fetched. The feed's failures are the core's."""
        if request.url == self._keys:
            self._exception = error

    def _fetch(self, request: Request) -> Response | tuple[int, str] | str:
        try:
            response = _run(fetch(request))
        except Exception as error:  # any error means no keys; the client gets keys_unavailable
            self._note(request, error)
            if isinstance(error, UnusableResponseError):
                return 200, str(error)
            is_told = isinstance(error, TimeoutError)
            return str(error) if is_told else f"{type(error).__name__}: {error}"
        self._note(request, None)
        return response


def _run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Like `asyncio.run`, which would also wait for a name server that does not respond."""
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(coroutine)
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


_drivers: "weakref.WeakSet[Driver]" = weakref.WeakSet()


def _after_fork() -> None:
    """A child process has none of its parent's threads."""
    for driver in list(_drivers):
        driver.abandon_fetch()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
