"""The user of a request. The tests of better_auth_edge cover which credentials it accepts."""

from uuid import uuid4

import pytest
from better_auth_edge.sqlmodel import OwnershipError, all_owners
from fastapi.testclient import TestClient
from sqlalchemy import Engine
from sqlmodel import Session, select

from app.database import open_database
from app.models import Task
from app.settings import Settings
from tests.conftest import Person, assert_problem
from tests.edge import Edge

FORGED = str(uuid4())


def test_the_user_has_the_claims_of_the_assertion(api: TestClient, ada: Person) -> None:
    response = api.get(f"{ada.path}/whoami", headers=ada.headers())
    user = response.json()["user"]

    assert response.status_code == 200
    assert (user["id"], user["uuid"]) == (str(ada.uuid), str(ada.uuid))
    assert (user["email"], user["name"]) == ("ada@example.com", "Ada Lovelace")


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        pytest.param({}, "missing_token", id="nothing"),
        pytest.param({"X-Edge-User": FORGED}, "missing_token", id="the user's header"),
        pytest.param({"Authorization": "Bearer a.b.c"}, "wrong_token_type", id="a bearer token"),
        pytest.param({"X-Edge-Jwt-Assertion": "a.b.c"}, "malformed_token", id="a made-up one"),
        pytest.param({"X_Edge_Jwt_Assertion": "a.b.c"}, "missing_token", id="underscores"),
    ],
)
def test_a_request_that_bypasses_the_edge_is_rejected_with(
    api: TestClient, headers: dict[str, str], code: str
) -> None:
    assert_problem(api.get(f"/api/{FORGED}/whoami", headers=headers), 401, code)


def test_an_assertion_for_another_origin_is_rejected(
    api: TestClient, edge: Edge, ada: Person
) -> None:
    headers = ada.headers(edge.assertion(ada.uuid, aud="https://billing.example"))
    assert_problem(api.get(f"{ada.path}/whoami", headers=headers), 401, "audience_mismatch")


def test_a_user_without_a_uuid_has_no_tasks(api: TestClient, edge: Edge) -> None:
    headers = {"X-Edge-Jwt-Assertion": edge.assertion(None)}
    assert_problem(api.get("/api/ada/tasks", headers=headers), 401, "missing_claim")


def test_an_unauthenticated_response_reveals_no_validation_error(api: TestClient) -> None:
    response = api.post("/api/not-a-uuid/tasks", json={"unknown": True})
    assert_problem(response, 401, "missing_token")


def test_openapi_documents_the_security_of_each_route(api: TestClient) -> None:
    document = api.get("/openapi.json").json()
    assert document["paths"]["/api/{user_id}/tasks"]["get"]["security"] == [{"BetterAuth": []}]
    assert "security" not in document["paths"]["/health"]["get"]


@pytest.fixture
def engine(settings: Settings, ada: Person) -> Engine:
    engine = open_database(settings.database_url)
    with all_owners(Session(engine)) as session:
        session.add(Task(title="Ada's", user_id=ada.uuid))
        session.commit()
    return engine


def test_a_query_without_a_user_fails(engine: Engine) -> None:
    with Session(engine) as session, pytest.raises(OwnershipError):
        session.exec(select(Task)).all()
    engine.dispose()
