from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from app.database import connect
from app.factory import create_app
from app.schema import metadata
from app.settings import Settings
from tests.better_auth import BetterAuth
from tests.postgres import Postgres, migrate, running


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def better_auth() -> Iterator[BetterAuth]:
    with BetterAuth() as server:
        yield server


@dataclass(frozen=True)
class Database:
    """A database with every table: as its owner, who migrates it, and as the API has it."""

    owner_url: str
    url: str

    def add_user(self, uuid: UUID) -> None:
        """Somebody who has signed up."""
        engine = connect(self.owner_url)
        now = datetime.now(timezone.utc)
        with engine.begin() as connection:
            user = {"id": uuid.hex, "name": "Ada", "email": f"{uuid}@example.com"}
            times = {"createdAt": now, "updatedAt": now, "emailVerified": False}
            shown = uuid if connection.dialect.name == "postgresql" else str(uuid)
            insert = metadata.tables["user"].insert()
            connection.execute(insert.values(uuid=shown, **user, **times))
        engine.dispose()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with running() as server:
        yield server


@pytest.fixture
def sqlite_database(tmp_path: Path) -> Database:
    url = f"sqlite:///{tmp_path}/app.db"
    migrate(url)
    return Database(url, url)


@pytest.fixture
def postgres_database(postgres: Postgres) -> Database:
    name = postgres.copy(f"test_{uuid4().hex}")
    return Database(postgres.url(name), postgres.url(name, "api"))


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    """Tests of what is stored take both in its place."""
    return sqlite_database


def either_database(request: pytest.FixtureRequest) -> Database:
    database: Database = request.getfixturevalue(f"{request.param}_database")
    return database


both_databases = pytest.fixture(params=["sqlite", "postgres"], name="database")(either_database)


@pytest.fixture
def settings(better_auth: BetterAuth, database: Database) -> Settings:
    return Settings(better_auth_url=better_auth.url, database_url=database.url)


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
def ada(better_auth: BetterAuth, database: Database) -> Person:
    return sign_up(better_auth, database)


@pytest.fixture
def bob(better_auth: BetterAuth, database: Database) -> Person:
    return sign_up(better_auth, database)


def sign_up(better_auth: BetterAuth, database: Database) -> Person:
    person = Person(better_auth, uuid4())
    database.add_user(person.uuid)
    return person


def assert_problem(response: Response, status: int, code: str) -> None:
    """An error as every error has to be: RFC 9457, and by RFC 6750 where it is a 401."""
    body = response.json()
    assert (response.status_code, body["code"]) == (status, code)
    assert response.headers["content-type"] == "application/problem+json"
    assert body.keys() == {"type", "title", "status", "code", "detail"}
    assert body["status"] == status
    assert response.headers.get("www-authenticate", "").startswith("Bearer") == (status == 401)
