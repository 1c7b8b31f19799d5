"""Looks sessions up where Better Auth stores them, so that a sign-out takes effect at once.

`EdgeAuth` makes a store from `SESSION_DATABASE_URL` or `SESSION_REDIS_URL`. Any other store is an
object with one method: `EdgeAuth(settings, session_store=MyStore())`.
"""

from better_auth_edge.sessions.database import SQLAlchemySessions
from better_auth_edge.sessions.redis import RedisSessions
from better_auth_edge.sessions.stored import SessionStore, SessionStoreError, StoredSession

__all__ = [
    "RedisSessions",
    "SQLAlchemySessions",
    "SessionStore",
    "SessionStoreError",
    "StoredSession",
]
