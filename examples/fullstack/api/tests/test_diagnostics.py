import hashlib

import pytest
from fastapi.testclient import TestClient

from app.diagnostics import CHUNK, MEGABYTE
from tests.conftest import Person, assert_problem


def test_health_needs_no_identity(api: TestClient) -> None:
    assert api.get("/health").json() == {"ok": True}


def test_the_echo_contains_only_headers_that_the_edge_can_set(api: TestClient) -> None:
    headers = [
        ("X-Edge-User", "ada"),
        ("x-edge-user", "bob"),
        ("X_Edge_Role", "admin"),
        ("X-Request-Id", "7"),
        ("Authorization", "Bearer secret"),
        ("Cookie", "session=secret"),
    ]
    assert api.get("/public/whoami?a=%20b&a=c", headers=headers).json() == {
        "headers": {
            "x-edge-user": ["ada", "bob"],
            "x_edge_role": ["admin"],
            "x-request-id": ["7"],
        },
        "path": "/public/whoami",
        "query": "a=%20b&a=c",
    }


def test_the_echo_contains_the_received_path(api: TestClient, ada: Person) -> None:
    path = f"{ada.path}/who%61mi"
    body = api.get(path, headers=ada.headers()).json()

    assert body["path"] == path
    assert body["headers"].keys() == {"x-edge-jwt-assertion"}
    assert body["user"]["uuid"] == str(ada.uuid)


@pytest.mark.parametrize("megabytes", [1, 3])
def test_an_export_has_the_requested_size(api: TestClient, ada: Person, megabytes: int) -> None:
    path = f"{ada.path}/export?megabytes={megabytes}"
    response = api.get(path, headers=ada.headers())

    assert response.headers["content-type"] == "application/octet-stream"
    assert response.headers["content-length"] == str(megabytes * MEGABYTE)
    assert response.content == CHUNK * (megabytes * MEGABYTE // len(CHUNK))


@pytest.mark.parametrize("megabytes", ["0", "201", "-1", "many"])
def test_an_export_of_an_invalid_size_is_rejected(
    api: TestClient, ada: Person, megabytes: str
) -> None:
    response = api.get(f"{ada.path}/export?megabytes={megabytes}", headers=ada.headers())
    assert_problem(response, 422, "invalid_request")


@pytest.mark.parametrize("body", [b"", b"abc", CHUNK * 100], ids=["empty", "small", "large"])
def test_an_upload_is_counted_and_hashed(api: TestClient, ada: Person, body: bytes) -> None:
    response = api.post(f"{ada.path}/upload", headers=ada.headers(), content=body)
    assert response.json() == {"bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()}


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "whoami"), ("GET", "export"), ("POST", "upload")]
)
def test_a_request_without_a_user_gets_no_diagnostics(
    api: TestClient, ada: Person, bob: Person, method: str, path: str
) -> None:
    response = api.request(method, f"{ada.path}/{path}")
    assert_problem(response, 401, "missing_token")
    response = api.request(method, f"{ada.path}/{path}", headers=bob.headers())
    assert_problem(response, 403, "user_mismatch")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [("GET", "/nowhere", 404, "not_found"), ("POST", "/health", 405, "method_not_allowed")],
)
def test_an_unknown_route_returns_a_problem_response(
    api: TestClient, method: str, path: str, status: int, code: str
) -> None:
    assert_problem(api.request(method, path), status, code)
