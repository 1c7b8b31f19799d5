"""A path parameter that must be one of the organizations of the user; the rules are the core's
(tests/gateway/organizations.rs).
"""

import json
from pathlib import Path
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient

from better_auth_edge import EdgeAuth, EdgeAuthSettings, User
from tests.apps import asserted, bearer, outcome
from tests.better_auth import ORIGIN, Edge, Publisher

VECTORS = json.loads(
    (Path(__file__).parents[2] / "tests/vectors/matched_claims.json").read_text(encoding="utf-8")
)


@pytest.mark.parametrize(("path", "value", "matches"), VECTORS["matches"])
def test_an_id_is_found_in_lists_of_ids_and_of_objects(
    path: str, value: str, matches: bool
) -> None:
    user = User(id="ada", claims=VECTORS["claims"])
    assert user.owns(value, path) == matches


def test_at_most_a_thousand_members_are_looked_at() -> None:
    user = User(id="ada", claims={"organizations": [f"org-{i}" for i in range(1_500)]})
    assert user.owns("org-999", "organizations")
    assert not user.owns("org-1000", "organizations")


def test_a_list_of_uuids_does_not_stand_for_the_users_id() -> None:
    user = User(id="ada", claims={"sub": "ada", "uuid": ["2b8b36c3-3489-4658-aa7a-185e6e4e1fc3"]})
    assert not user.owns("2b8b36c3-3489-4658-aa7a-185e6e4e1fc3")


def client_for(**settings: Any) -> TestClient:
    auth = EdgeAuth(EdgeAuthSettings(**settings))
    app = FastAPI()
    auth.install(app)

    @app.get("/{org}/tasks")
    async def tasks(
        user: Annotated[User, Depends(auth.user_from_path("org", claim="organizations"))],
    ) -> str:
        return user.id

    nested = auth.user_from_path("org", claim="organizations.id")

    @app.get("/{org}/nested", dependencies=[Depends(nested)])
    async def of_objects() -> str:
        return "ok"

    return TestClient(app)


CASES = [
    (["org-1", "org-2"], "/org-2/tasks", "200"),
    (["org-1", "org-2"], "/org-3/tasks", "403 user_mismatch"),
    (["org-1", "org-2"], "/org-2/nested", "403 user_mismatch"),
    ([{"id": "org-1"}, {"id": "org-2"}], "/org-2/nested", "200"),
    ([{"id": "org-1"}, {"id": "org-2"}], "/org-2/tasks", "403 user_mismatch"),
    ([{"id": "org-1", "name": "org-2"}], "/org-2/nested", "403 user_mismatch"),
    ([], "/org-1/tasks", "403 user_mismatch"),
    (None, "/org-1/tasks", "403 user_mismatch"),
]


@pytest.mark.parametrize(("organizations", "path", "expected"), CASES)
def test_one_organization_of_a_token_or_an_assertion_suffices(
    better_auth: Publisher, edge: Edge, organizations: Any, path: str, expected: str
) -> None:
    by_token = client_for(better_auth_url=better_auth.url)
    headers = bearer(better_auth.token(organizations=organizations))
    assert outcome(by_token.get(path, headers=headers)) == expected
    by_assertion = client_for(edge_jwks_url=edge.url, edge_audience=ORIGIN)
    claims = {"sub": "ada", "organizations": organizations}
    headers = asserted(edge.assertion(claims=claims))
    assert outcome(by_assertion.get(path, headers=headers)) == expected
