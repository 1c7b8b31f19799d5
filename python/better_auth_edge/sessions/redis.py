"""Sessions in Redis, as Better Auth's secondary storage."""

import hmac
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from better_auth_edge.errors import ConfigurationError
from better_auth_edge.sessions.claims import seconds
from better_auth_edge.sessions.per_loop import PerLoop
from better_auth_edge.sessions.stored import (
    MORE_SESSION_FIELDS,
    SESSION_FIELDS,
    USER_FIELDS,
    StoredSession,
    selected,
)

if TYPE_CHECKING:
    from redis.asyncio import Redis

INSTALL = "pip install 'better-auth-edge[redis]'"


class RedisSessions:
    """Looks sessions up by a client of the app: `redis.asyncio.Redis`, or a client of a cluster.

        auth = EdgeAuth(EdgeAuthSettings(), session_store=RedisSessions(client))

    Use it only if Better Auth stores each session in its secondary storage, as it does by default
    when `secondaryStorage` is set.
    """

    def __init__(
        self, client: "Redis", *, prefix: str = "", user_fields: Sequence[str] = ()
    ) -> None:
        """`prefix` is what Better Auth's storage puts before each key. `user_fields` are more
        fields of the user that become claims.
        """
        self._client = client
        self._prefix = prefix
        self._user_fields = tuple(dict.fromkeys(("id", *USER_FIELDS, *user_fields)))

    async def session(self, token: str) -> StoredSession | None:
        """Returns the session with this token, or None. Raises what the client raises."""
        record = _object(await self._client.get(self._prefix + token))
        session, user = record.get("session"), record.get("user")
        # Better Auth stores other values too. A client may know their keys.
        if not isinstance(session, Mapping) or not isinstance(user, Mapping):
            return None
        if not _is_same(session.get("token"), token) or session.get("userId") != user.get("id"):
            return None
        if await self._is_revoked(session):
            return None
        return StoredSession(
            selected(session, (*SESSION_FIELDS, *MORE_SESSION_FIELDS)),
            selected(user, self._user_fields),
        )

    async def _is_revoked(self, session: Mapping[str, Any]) -> bool:
        """Whether Better Auth has ended all sessions of the user since this one began: it does not
        know all their keys.
        """
        key = f"{self._prefix}revoked-sessions-before-{session.get('userId')}"
        before = seconds(_text(await self._client.get(key)))
        created = seconds(session.get("createdAt"))
        return before is not None and (created is None or created < before)


class RedisUrlSessions:
    """Looks sessions up in the Redis at a URL. Inside of an app whose lifespan it shares, it has
    one client. Elsewhere nothing would close it, so that each look-up has a client of its own.
    """

    def __init__(self, url: str, *, prefix: str, user_fields: Sequence[str]) -> None:
        """Raises `ConfigurationError`."""
        try:
            import redis.asyncio  # noqa: F401
        except ImportError:
            error = f"SESSION_REDIS_URL: needs the package redis: {INSTALL}"
            raise ConfigurationError([error]) from None
        self._url = url
        self._prefix = prefix
        self._user_fields = user_fields
        self._clients: PerLoop[Redis] = PerLoop(self._client, lambda client: client.aclose())
        try:
            self._client()
        except ValueError:
            # without the URL, which can contain a password
            error = "SESSION_REDIS_URL: is not a URL of Redis: write redis:// or rediss://"
            raise ConfigurationError([error]) from None

    async def session(self, token: str) -> StoredSession | None:
        """Returns the session with this token, or None."""
        client = self._clients.current()
        if client is not None:
            return await self._sessions(client).session(token)
        client = self._client()
        try:
            return await self._sessions(client).session(token)
        finally:
            await client.aclose()

    async def open(self) -> None:
        """Makes a client for the running event loop."""
        await self._clients.open()

    async def close(self) -> None:
        """Closes the client of the running event loop."""
        await self._clients.close()

    def _sessions(self, client: "Redis") -> RedisSessions:
        return RedisSessions(client, prefix=self._prefix, user_fields=self._user_fields)

    def _client(self) -> "Redis":
        from redis.asyncio import Redis

        return Redis.from_url(self._url)


def _object(value: object) -> Mapping[str, Any]:
    """Parses a stored value. Empty unless it is a JSON object."""
    try:
        parsed = json.loads(_text(value) or "null")
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _text(value: object) -> str | None:
    """A client returns bytes, or text with `decode_responses`."""
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).decode("utf-8", "replace")
    return value if isinstance(value, str) else None


def _is_same(stored: object, token: str) -> bool:
    return isinstance(stored, str) and hmac.compare_digest(stored.encode(), token.encode())
