from datetime import datetime, timedelta, timezone
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event
from sqlmodel import Session, col, delete

from app.database import connect
from app.models import Task
from tests.conftest import Database, Person, assert_problem, both_databases

database = both_databases


def create(api: TestClient, owner: Person, title: str = "write it down") -> dict[str, Any]:
    response = api.post(f"{owner.path}/tasks", headers=owner.headers(), json={"title": title})
    assert response.status_code == 201
    task: dict[str, Any] = response.json()
    return task


def test_a_new_task_is_open_and_has_its_creation_time_in_utc(api: TestClient, ada: Person) -> None:
    task = create(api, ada)
    created_at = datetime.fromisoformat(task["created_at"].replace("Z", "+00:00"))

    assert task.keys() == {"id", "title", "done", "created_at"}
    assert (task["title"], task["done"]) == ("write it down", False)
    assert abs(datetime.now(timezone.utc) - created_at) < timedelta(minutes=1)


def test_a_task_is_read_back_as_it_was_created(api: TestClient, ada: Person) -> None:
    task = create(api, ada)
    response = api.get(f"{ada.path}/tasks/{task['id']}", headers=ada.headers())
    assert (response.status_code, response.json()) == (200, task)


def test_a_list_contains_the_users_own_tasks_in_order(
    api: TestClient, ada: Person, bob: Person
) -> None:
    first, _, last = create(api, ada, "first"), create(api, bob), create(api, ada, "last")
    tasks = f"{ada.path}/tasks"

    assert api.get(tasks, headers=ada.headers()).json() == [first, last]
    assert api.get(f"{tasks}?limit=1", headers=ada.headers()).json() == [first]
    assert api.get(f"{tasks}?offset=1", headers=ada.headers()).json() == [last]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"done": True}, id="of done"),
        pytest.param({"title": "again"}, id="of the title"),
        pytest.param({"title": "again", "done": True}, id="of both"),
        pytest.param({}, id="of nothing"),
    ],
)
def test_a_change_keeps_the_other_fields(
    api: TestClient, ada: Person, change: dict[str, Any]
) -> None:
    task = create(api, ada)
    path = f"{ada.path}/tasks/{task['id']}"

    response = api.patch(path, headers=ada.headers(), json=change)

    assert (response.status_code, response.json()) == (200, {**task, **change})
    assert api.get(path, headers=ada.headers()).json() == {**task, **change}


def test_a_deleted_task_is_gone(api: TestClient, ada: Person) -> None:
    path = f"{ada.path}/tasks/{create(api, ada)['id']}"

    response = api.delete(path, headers=ada.headers())

    assert (response.status_code, response.content) == (204, b"")
    assert api.get(path, headers=ada.headers()).status_code == 404


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
@pytest.mark.parametrize("moment", ["before_flush", "after_commit"])
def test_a_task_that_is_deleted_at_the_same_time_causes_no_error(
    api: TestClient, ada: Person, database: Database, method: str, moment: str
) -> None:
    task = create(api, ada)

    def delete_elsewhere(*_: object) -> None:
        engine = connect(database.owner_url)
        with engine.begin() as connection:
            connection.execute(delete(Task).where(col(Task.id) == task["id"]))
        engine.dispose()

    event.listen(Session, moment, delete_elsewhere, once=True)
    path, body = f"{ada.path}/tasks/{task['id']}", {"done": True} if method == "PATCH" else None
    response = api.request(method, path, headers=ada.headers(), json=body)
    if moment == "before_flush":
        assert_problem(response, 404, "not_found")
    else:
        assert response.status_code == (200 if method == "PATCH" else 204)


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_another_users_task_gets_the_response_of_a_missing_task(
    api: TestClient, ada: Person, bob: Person, method: str
) -> None:
    task = create(api, bob)
    body = {"done": True} if method == "PATCH" else None

    def outcome(task_id: int) -> tuple[int, Any]:
        path = f"{ada.path}/tasks/{task_id}"
        headers = {**ada.headers(), "X-Request-Id": "1"}
        response = api.request(method, path, headers=headers, json=body)
        return response.status_code, response.json()

    assert outcome(task["id"]) == outcome(task["id"] + 1000)
    assert outcome(task["id"])[0] == 404
    assert outcome(task["id"])[1]["code"] == "not_found"
    assert api.get(f"{bob.path}/tasks", headers=bob.headers()).json() == [task]


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "tasks"), ("POST", "tasks"), ("GET", "tasks/1"), ("DELETE", "tasks/1")],
)
def test_another_users_path_is_rejected(
    api: TestClient, ada: Person, method: str, path: str
) -> None:
    body = {"title": "mine"} if method == "POST" else None
    response = api.request(method, f"/api/{uuid4()}/{path}", headers=ada.headers(), json=body)
    assert_problem(response, 403, "user_mismatch")


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("{}", id="no title"),
        pytest.param('{"title": ""}', id="an empty title"),
        pytest.param(f'{{"title": "{"x" * 201}"}}', id="a title of 201 characters"),
        pytest.param('{"title": 7}', id="a number for a title"),
        pytest.param(r'{"title": "a\u0000b"}', id="a title with NUL"),
        pytest.param(r'{"title": "\ud800"}', id="half a surrogate pair"),
        pytest.param('{"title": "x", "user_id": "me"}', id="an owner"),
        pytest.param("[]", id="a list"),
        pytest.param("{", id="half an object"),
        pytest.param("", id="nothing"),
    ],
)
def test_a_task_is_not_created_from(api: TestClient, ada: Person, body: str) -> None:
    headers = {**ada.headers(), "Content-Type": "application/json"}
    response = api.post(f"{ada.path}/tasks", headers=headers, content=body)
    assert_problem(response, 422, "invalid_request")


@pytest.mark.parametrize(
    "body",
    [
        r'{"title": "\u0000"}',
        '{"done": "yes"}',
        '{"done": 1}',
        '{"title": ""}',
        '{"id": 7}',
        '{"user_id": "me"}',
    ],
)
def test_a_task_is_not_changed_by(api: TestClient, ada: Person, body: str) -> None:
    task = create(api, ada)
    path = f"{ada.path}/tasks/{task['id']}"
    headers = {**ada.headers(), "Content-Type": "application/json"}

    assert_problem(api.patch(path, headers=headers, content=body), 422, "invalid_request")

    assert api.get(path, headers=ada.headers()).json() == task


def test_a_rejected_value_is_not_sent_back(api: TestClient, ada: Person) -> None:
    body = {"title": "x", "secret": "hunter2"}
    response = api.post(f"{ada.path}/tasks", headers=ada.headers(), json=body)
    assert_problem(response, 422, "invalid_request")
    assert "hunter2" not in response.text


@pytest.mark.parametrize("task_id", ["0", "-1", "x", "99999999999999999999"])
def test_an_impossible_task_id_is_rejected(api: TestClient, ada: Person, task_id: str) -> None:
    response = api.get(f"{ada.path}/tasks/{task_id}", headers=ada.headers())
    assert_problem(response, 422, "invalid_request")
