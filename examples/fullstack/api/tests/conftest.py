import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from tests.edge import ORIGIN, Edge

EDGE = Edge().__enter__()
# The app reads them when it is imported, as at start-up.
os.environ["EDGE_JWKS_URL"], os.environ["EDGE_AUDIENCE"] = EDGE.url, ORIGIN

from app.factory import create_app  # noqa: E402
from app.settings import Settings  # noqa: E402


def pytest_unconfigure() -> None:
    EDGE.__exit__()


@pytest.fixture
def edge() -> Edge:
    return EDGE


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(database_url=f"sqlite:///{tmp_path}/tasks.db")


@pytest.fixture
def api(settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(settings)) as client:
        yield client


@dataclass
class Person:
    """A user whose requests come through the edge."""

    uuid: UUID

    @property
    def path(self) -> str:
        return f"/api/{self.uuid}"

    def headers(self, assertion: str | None = None) -> dict[str, str]:
        return {"X-Edge-Jwt-Assertion": assertion or EDGE.assertion(self.uuid)}


@pytest.fixture
def ada() -> Person:
    return Person(uuid4())


@pytest.fixture
def bob() -> Person:
    return Person(uuid4())


def assert_problem(response: Response, status: int, code: str) -> None:
    """An error as every error has to be: RFC 9457, and by RFC 6750 where it is a 401."""
    body = response.json()
    assert (response.status_code, body["code"]) == (status, code)
    assert response.headers["content-type"] == "application/problem+json"
    assert body.keys() == {"type", "title", "status", "code", "detail", "request_id"}
    assert body["status"] == status
    assert body["request_id"] == response.headers["x-request-id"]
    assert response.headers.get("www-authenticate", "").startswith("Bearer") == (status == 401)
