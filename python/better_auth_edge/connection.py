"""State that the parts of one request, or of one WebSocket, share."""

from collections.abc import MutableMapping
from dataclasses import dataclass, field
from typing import Any

_SCOPE_KEY = "better_auth_edge"


@dataclass
class ConnectionState:
    """Lives in the ASGI scope. Copies of the scope share it."""

    had_authorization: bool = False
    """Whether `Authorization` had a credential before the middleware removed it."""
    is_accepted: bool = False
    """Whether the app has accepted the WebSocket."""
    users: dict[tuple[object, str], Any] = field(default_factory=dict)
    """Verified users, by `EdgeAuth` instance and token."""
    override_results: dict[tuple[object, ...], Any] = field(default_factory=dict)
    """Results of dependency overrides, by override and required scopes."""
    active_overrides: set[object] = field(default_factory=set)
    """The dependencies whose override is running."""

    @classmethod
    def of(cls, scope: MutableMapping[str, Any]) -> "ConnectionState":
        """Returns the state of a connection and creates it if needed."""
        state: ConnectionState = scope.setdefault(_SCOPE_KEY, cls())
        return state
