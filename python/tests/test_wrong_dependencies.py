"""Dependencies that an app declares wrongly: errors where they are written."""

from typing import Any

import pytest
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient

from better_auth_edge import ConfigurationError, EdgeAuth, EdgeAuthSettings
from tests.apps import bearer, outcome
from tests.better_auth import Publisher


def test_an_empty_requirement_is_an_error(better_auth: Publisher) -> None:
    auth = EdgeAuth(EdgeAuthSettings(better_auth_url=better_auth.url))
    with pytest.raises(ConfigurationError):
        auth.require()
    with pytest.raises(ConfigurationError):
        auth.require(scopes="tasks:read")


@pytest.mark.parametrize("name", ["require", "user_from_path"])
def test_a_dependency_that_was_not_called_is_an_error_where_it_is_written(
    better_auth: Publisher, name: str
) -> None:
    """FastAPI would take its arguments from the request, and let all clients in."""
    auth = EdgeAuth(EdgeAuthSettings(better_auth_url=better_auth.url))
    app = FastAPI()
    with pytest.raises(ConfigurationError, match="call user_from_path and require"):
        app.post("/open", dependencies=[Depends(getattr(auth, name))])(lambda: "open")


@pytest.mark.parametrize("claims", [["role"], "role", {"role"}, [("role", "admin")], 1])
def test_required_claims_of_another_type_are_an_error_where_they_are_written(
    better_auth: Publisher, claims: Any
) -> None:
    auth = EdgeAuth(EdgeAuthSettings(better_auth_url=better_auth.url))
    with pytest.raises(ConfigurationError, match="claims: must map each claim"):
        auth.require(claims=claims)


@pytest.mark.parametrize("scopes", [b"tasks:read", [1], [None], 1, {"tasks": "read"}])
def test_scopes_of_another_type_are_an_error_where_they_are_written(
    better_auth: Publisher, scopes: Any
) -> None:
    auth = EdgeAuth(EdgeAuthSettings(better_auth_url=better_auth.url))
    with pytest.raises(ConfigurationError, match="scopes: must be a list of strings"):
        auth.require(scopes=scopes)


def test_a_route_without_the_parameter_rejects_every_user(better_auth: Publisher) -> None:
    auth = EdgeAuth(EdgeAuthSettings(better_auth_url=better_auth.url))
    app = FastAPI()
    auth.install(app)
    app.get("/tasks", dependencies=[Depends(auth.user_from_path("user_id"))])(lambda: "ok")
    response = TestClient(app).get("/tasks?user_id=ada", headers=bearer(better_auth.token()))
    assert outcome(response) == "500 misconfigured"
