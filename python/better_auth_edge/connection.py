"""What the parts of one request, or of one WebSocket, know in common."""

from collections.abc import MutableMapping
from dataclasses import dataclass, field
from typing import Any

_SCOPE_KEY = "better_auth_edge"


@dataclass
class ConnectionState:
    """Kept in the ASGI scope, whose copies share it."""

    had_authorization: bool = False
    """Whether `Authorization` had a credential before it was taken off."""
    is_accepted: bool = False
    """Whether the app has accepted the WebSocket."""
    users: dict[tuple[object, str], Any] = field(default_factory=dict)
    """Users by who verified them and the token."""
    stand_ins: dict[tuple[object, ...], Any] = field(default_factory=dict)
    """What overrides gave, by the override and the scopes that it was asked for."""
    asked: set[object] = field(default_factory=set)
    """The dependencies whose override is being asked."""

    @classmethod
    def of(cls, scope: MutableMapping[str, Any]) -> "ConnectionState":
        """The state of a connection, made if there is none yet."""
        state: ConnectionState = scope.setdefault(_SCOPE_KEY, cls())
        return state
