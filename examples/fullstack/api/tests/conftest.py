from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from app.factory import create_app
from app.settings import Settings
from tests.better_auth import BetterAuth


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def better_auth() -> Iterator[BetterAuth]:
    with BetterAuth() as server:
        yield server


@pytest.fixture
def settings(better_auth: BetterAuth, tmp_path: Path) -> Settings:
    return Settings(
        better_auth_url=better_auth.url,
        database_url=f"sqlite:///{tmp_path}/tasks.db",
    )


@pytest.fixture
def api(settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(settings)) as client:
        yield client


@dataclass
class Person:
    """A user of Better Auth whose requests come through the edge."""

    better_auth: BetterAuth
    uuid: UUID

    @property
    def path(self) -> str:
        return f"/api/{self.uuid}"

    def headers(self, token: str | None = None) -> dict[str, str]:
        token = token or self.better_auth.token(self.uuid)
        return {"Authorization": f"Bearer {token}", "X-Edge-User": str(self.uuid)}


@pytest.fixture
def ada(better_auth: BetterAuth) -> Person:
    return Person(better_auth, uuid4())


@pytest.fixture
def bob(better_auth: BetterAuth) -> Person:
    return Person(better_auth, uuid4())


def assert_problem(response: Response, status: int, code: str) -> None:
    """An error as every error has to be: RFC 9457, and by RFC 6750 where it is a 401."""
    body = response.json()
    assert (response.status_code, body["code"]) == (status, code)
    assert response.headers["content-type"] == "application/problem+json"
    assert body.keys() == {"type", "title", "status", "code", "detail"}
    assert body["status"] == status
    assert response.headers.get("www-authenticate", "").startswith("Bearer") == (status == 401)
