"""Wrong calls of `require` and `user_from_path` raise where the route is defined."""

from typing import Any

import pytest
from fastapi import Depends, FastAPI

from better_auth_edge import ConfigurationError, EdgeAuth, EdgeAuthSettings
from tests.better_auth import Publisher


def test_require_without_claims_or_scopes_raises(better_auth: Publisher) -> None:
    auth = EdgeAuth(EdgeAuthSettings(better_auth_url=better_auth.url))
    with pytest.raises(ConfigurationError):
        auth.require()
    with pytest.raises(ConfigurationError):
        auth.require(scopes="tasks:read")


@pytest.mark.parametrize("name", ["require", "user_from_path"])
def test_a_dependency_that_was_not_called_raises_where_the_route_is_defined(
    better_auth: Publisher, name: str
) -> None:
    """FastAPI would take its arguments from the request, and accept every client."""
    auth = EdgeAuth(EdgeAuthSettings(better_auth_url=better_auth.url))
    app = FastAPI()
    with pytest.raises(ConfigurationError, match="call user_from_path and require"):
        app.post("/open", dependencies=[Depends(getattr(auth, name))])(lambda: "open")


@pytest.mark.parametrize("claims", [["role"], "role", {"role"}, [("role", "admin")], 1])
def test_required_claims_of_another_type_raise_where_they_are_written(
    better_auth: Publisher, claims: Any
) -> None:
    auth = EdgeAuth(EdgeAuthSettings(better_auth_url=better_auth.url))
    with pytest.raises(ConfigurationError, match="claims: must map each claim"):
        auth.require(claims=claims)


@pytest.mark.parametrize("scopes", [b"tasks:read", [1], [None], 1, {"tasks": "read"}])
def test_scopes_of_another_type_raise_where_they_are_written(
    better_auth: Publisher, scopes: Any
) -> None:
    auth = EdgeAuth(EdgeAuthSettings(better_auth_url=better_auth.url))
    with pytest.raises(ConfigurationError, match="scopes: must be a list of strings"):
        auth.require(scopes=scopes)
