"""State that the parts of one request, or of one WebSocket, share."""

from collections.abc import Mapping, MutableMapping, Sequence
from functools import cached_property
from typing import Any

_SCOPE_KEY = "better_auth_edge"


class ConnectionState:
    """Lives in the ASGI scope. Copies of the scope share it. A new one has no attributes of its
    own, because every request makes one.
    """

    had_authorization: bool = False
    """Whether `Authorization` had a credential before the middleware removed it."""
    is_accepted: bool = False
    """Whether the app has accepted the WebSocket."""
    users: Sequence[tuple[object, object, Any]] = ()
    """Verified users, with their `EdgeAuth` instance and credential."""

    @cached_property
    def override_results(self) -> dict[tuple[object, ...], Any]:
        """Results of dependency overrides, by override and required scopes."""
        return {}

    @cached_property
    def active_overrides(self) -> set[object]:
        """The dependencies whose override is running."""
        return set()

    @classmethod
    def of(cls, scope: MutableMapping[str, Any]) -> "ConnectionState":
        """Returns the state of a connection and creates it if needed."""
        state: ConnectionState | None = scope.get(_SCOPE_KEY)
        if state is None:
            state = scope[_SCOPE_KEY] = cls()
        return state


def header_values(scope: Mapping[str, Any], name: bytes) -> list[str]:
    """Returns the values of a header, by its name in lower case. Faster than Starlette's headers,
    which decode all.
    """
    return [value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name]
