import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from tests.edge import ORIGIN, Edge

EDGE = Edge().__enter__()
# The app reads these variables when it is imported.
os.environ["EDGE_JWKS_URL"], os.environ["EDGE_AUDIENCE"] = EDGE.url, ORIGIN

from app.database import connect  # noqa: E402
from app.factory import create_app  # noqa: E402
from app.schema import metadata  # noqa: E402
from app.settings import Settings  # noqa: E402
from tests.postgres import Postgres, migrate, running  # noqa: E402


def pytest_unconfigure() -> None:
    EDGE.__exit__()


@pytest.fixture
def edge() -> Edge:
    return EDGE


@dataclass(frozen=True)
class Database:
    """A database with all tables: the URLs of its owner, who migrates it, and of the API."""

    owner_url: str
    url: str

    def add_user(self, uuid: UUID) -> None:
        """Adds a user, as a sign-up does."""
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
    """The default database. Tests of storage use `both_databases` instead."""
    return sqlite_database


def either_database(request: pytest.FixtureRequest) -> Database:
    database: Database = request.getfixturevalue(f"{request.param}_database")
    return database


both_databases = pytest.fixture(params=["sqlite", "postgres"], name="database")(either_database)


@pytest.fixture
def settings(database: Database) -> Settings:
    return Settings(database_url=database.url)


@pytest.fixture
def api(settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(settings)) as client:
        yield client


@dataclass
class Person:
    """A user with requests through the edge."""

    uuid: UUID

    @property
    def path(self) -> str:
        return f"/api/{self.uuid}"

    def headers(self, assertion: str | None = None) -> dict[str, str]:
        return {"X-Edge-Jwt-Assertion": assertion or EDGE.assertion(self.uuid)}


@pytest.fixture
def ada(database: Database) -> Person:
    return sign_up(database)


@pytest.fixture
def bob(database: Database) -> Person:
    return sign_up(database)


def sign_up(database: Database) -> Person:
    person = Person(uuid4())
    database.add_user(person.uuid)
    return person


def assert_problem(response: Response, status: int, code: str) -> None:
    """Checks the shape of an error: RFC 9457, and RFC 6750 for a 401."""
    body = response.json()
    assert (response.status_code, body["code"]) == (status, code)
    assert response.headers["content-type"] == "application/problem+json"
    assert body.keys() == {"type", "title", "status", "code", "detail", "request_id"}
    assert body["status"] == status
    assert body["request_id"] == response.headers["x-request-id"]
    assert response.headers.get("www-authenticate", "").startswith("Bearer") == (status == 401)
