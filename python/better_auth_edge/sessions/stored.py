"""What a store returns: a session of Better Auth with its user."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

SESSION_FIELDS = ("id", "token", "userId", "expiresAt")
"""The fields of a session that must be present."""
MORE_SESSION_FIELDS = ("createdAt", "activeOrganizationId", "impersonatedBy")
"""Fields of a session that plugins may add, or that are read if they are present."""
USER_FIELDS = ("email", "emailVerified", "image", "name", "role", "uuid", "banned", "banExpires")
"""The fields of a user, apart from `id`, that are read if they are present. No others are, because
a record of a user can contain secrets that Better Auth does not return."""


@dataclass(frozen=True)
class StoredSession:
    """A session and its user, by Better Auth's names for their fields.

    Times are `datetime` objects (UTC if they have no zone), texts by ISO 8601, or numbers of
    seconds or milliseconds since 1970. The session needs `id` and `expiresAt`, and the user `id`.
    Everything in `user` becomes a claim, except what is about a ban.
    """

    session: Mapping[str, Any] = field(repr=False)
    user: Mapping[str, Any] = field(repr=False)


@runtime_checkable
class SessionStore(Protocol):
    """Where sessions are stored."""

    async def session(self, token: str) -> StoredSession | None:
        """Returns the session with this token, or None. Compares the whole token, with its case.
        The caller checks the times and whether the user is banned.

        Raises `SessionStoreError` if only the operator can correct the error. Any other exception
        means that the store is unavailable: the client gets 503.
        """


class SessionStoreError(Exception):
    """The store does not have the form of a Better Auth store, or contains a wrong value. The log
    gets the message, and the client gets 500 `misconfigured`.
    """


def selected(record: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Returns the present members with these names."""
    return {name: record[name] for name in names if record.get(name) is not None}
