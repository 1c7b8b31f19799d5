"""Opens and closes the pools of a session store together with the app."""

from typing import Any, Protocol, runtime_checkable

from starlette.types import Message, Send

ENDS = ("lifespan.shutdown.complete", "lifespan.shutdown.failed")


@runtime_checkable
class Pool(Protocol):
    """Connections that belong to the running event loop."""

    async def open(self) -> None: ...
    async def close(self) -> None: ...


def pool_of(store: Any) -> Pool | None:
    """Returns the store if it has pools that this package opens and closes."""
    from better_auth_edge.sessions.database import DatabaseSessions
    from better_auth_edge.sessions.redis import RedisUrlSessions

    return store if isinstance(store, (DatabaseSessions, RedisUrlSessions)) else None


async def send_in_lifespan(pool: Pool, send: Send, message: Message) -> None:
    """Opens the pool before the server learns that the app has started, and closes it before the
    server learns that the app has stopped.
    """
    if message["type"] == "lifespan.startup.complete":
        await pool.open()
    elif message["type"] in ENDS:
        await pool.close()
    await send(message)
