from collections.abc import Iterator
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from app.demo import KEPT
from app.factory import create_app
from app.settings import Settings
from tests.conftest import Database, Person, assert_problem
from tests.edge import Edge


@pytest.fixture
def demo(database: Database, edge: Edge) -> Iterator[TestClient]:
    settings = Settings(database_url=database.url, demo=True, edge_jwks_url=edge.url)
    with TestClient(create_app(settings)) as client:
        yield client


def arrived(demo: TestClient, person: Person, request_id: str) -> bool:
    response = demo.get(f"{person.path}/arrivals/{request_id}", headers=person.headers())
    assert response.status_code == 200
    answer: bool = response.json()["arrived"]
    return answer


def test_a_request_has_arrived_even_if_it_was_rejected(
    demo: TestClient, ada: Person, bob: Person
) -> None:
    for path, status in [
        (f"{ada.path}/whoami", 200),
        (f"{bob.path}/whoami", 403),
        ("/nowhere", 404),
    ]:
        request_id = str(uuid4())
        assert not arrived(demo, ada, request_id)
        headers = {**ada.headers(), "X-Request-Id": request_id}
        assert demo.get(path, headers=headers).status_code == status
        assert arrived(demo, ada, request_id)


def test_the_server_remembers_a_bounded_number_of_requests(demo: TestClient, ada: Person) -> None:
    demo.get("/health", headers={"X-Request-Id": "the-first-one"})
    assert arrived(demo, ada, "the-first-one")
    for number in range(KEPT):
        demo.get("/health", headers={"X-Request-Id": f"request-{number}"})
    assert not arrived(demo, ada, "the-first-one")


def test_only_a_user_sees_what_arrived_and_only_on_the_users_own_path(
    demo: TestClient, ada: Person, bob: Person
) -> None:
    path = f"{ada.path}/arrivals/{uuid4()}"
    assert_problem(demo.get(path), 401, "missing_token")
    assert_problem(demo.get(path, headers=bob.headers()), 403, "user_mismatch")


def test_without_the_setting_there_is_no_such_path(api: TestClient, ada: Person) -> None:
    response = api.get(f"{ada.path}/arrivals/{uuid4()}", headers=ada.headers())
    assert_problem(response, 404, "not_found")
