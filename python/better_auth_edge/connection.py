"""State that the parts of one request, or of one WebSocket, share."""

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any

_SCOPE_KEY = "better_auth_edge"


@dataclass(slots=True)
class ConnectionState:
    """Lives in the ASGI scope. Copies of the scope share it."""

    had_authorization: bool = False
    """Whether `Authorization` had a credential before the middleware removed it."""
    is_accepted: bool = False
    """Whether the app has accepted the WebSocket."""
    users: dict[tuple[object, object], Any] = field(default_factory=dict)
    """Verified users, by `EdgeAuth` instance and credential."""
    override_results: dict[tuple[object, ...], Any] = field(default_factory=dict)
    """Results of dependency overrides, by override and required scopes."""
    active_overrides: set[object] = field(default_factory=set)
    """The dependencies whose override is running."""

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
