"""Real Better Auth servers whose sessions this package looks up, and clients that sign in."""

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import sqlalchemy as sa

from tests.auth_process import running

SECRET = "a secret for tests, long enough to pass"  # noqa: S105
PASSWORD = "correct horse battery"  # noqa: S105


@dataclass
class Auth:
    """A running Better Auth and where it stores sessions."""

    url: str
    settings: dict[str, Any]
    """What an app needs to look its sessions up."""
    database: sa.Engine
    plural: bool = False
    secure: bool = False

    def execute(self, statement: str, **values: Any) -> None:
        with self.database.begin() as connection:
            connection.execute(sa.text(statement), values)

    @property
    def user_table(self) -> str:
        return "users" if self.plural else '"user"'

    @property
    def session_table(self) -> str:
        return "sessions" if self.plural else "session"

    def sign_up(self, name: str = "ada") -> "SignedIn":
        body = {"name": name, "email": f"{name}-{uuid4().hex}@example.com", "password": PASSWORD}
        response = self.post("/sign-up/email", json=body)
        return SignedIn(self, response.json()["user"], response)

    def post(self, path: str, cookie: str = "", json: Any = None) -> httpx.Response:
        headers = {"Origin": self.url, **({"Cookie": cookie} if cookie else {})}
        response = httpx.post(f"{self.url}/api/auth{path}", json=json or {}, headers=headers)
        assert response.status_code == 200, response.text
        return response


@dataclass
class SignedIn:
    """A user's session."""

    auth: Auth
    user: dict[str, Any]
    response: httpx.Response = field(repr=False)

    @property
    def id(self) -> str:
        return str(self.user["id"])

    @property
    def cookie(self) -> str:
        """The header `Cookie` that a browser would send."""
        pairs = [one.split(";")[0] for one in self.response.headers.get_list("set-cookie")]
        values = dict(pair.split("=", 1) for pair in pairs)
        name = next(name for name in values if name.endswith(".session_token"))
        return f"{name}={values[name]}"

    @property
    def bearer(self) -> str:
        return str(self.response.headers["set-auth-token"])

    @property
    def token(self) -> str:
        return self.bearer.split(".")[0]

    def sign_out(self) -> None:
        self.auth.post("/sign-out", self.cookie)

    def post(self, path: str, json: Any = None) -> httpx.Response:
        return self.auth.post(path, self.cookie, json)


def running_auth(database: str, **options: Any) -> AbstractContextManager[str]:
    """The URL of a Better Auth with these options of `test/sessions.mjs`."""
    return running("sessions.mjs", json.dumps({"database": database, **options}))


@contextmanager
def on_sqlite(file: Path, **options: Any) -> Iterator[Auth]:
    """A Better Auth on a SQLite file, which the app reads too."""
    with running_auth(f"file:{file}", **options) as url:
        settings = {"session_database_url": f"sqlite+aiosqlite:///{file}"}
        port = options.get("redisPort")
        if port is not None:
            settings = {"session_redis_url": f"redis://127.0.0.1:{port}/0"}
        yield from _auth(url, settings, f"sqlite:///{file}", options)


@contextmanager
def on_postgres(server: sa.URL, **options: Any) -> Iterator[Auth]:
    """A Better Auth on a new database of a PostgreSQL server."""
    name = f"auth_{uuid4().hex}"
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    place = f"{server.username}@{server.host}:{server.port}/{name}"
    with running_auth(f"postgresql://{place}", **options) as url:
        settings = {"session_database_url": f"postgresql+asyncpg://{place}"}
        yield from _auth(url, settings, f"postgresql+psycopg://{place}", options)


def _auth(
    url: str, settings: dict[str, Any], database: str, options: dict[str, Any]
) -> Iterator[Auth]:
    engine = sa.create_engine(database, poolclass=sa.NullPool)
    own = {"better_auth_secret": SECRET, "better_auth_url": url, "edge_auth_mode": "session"}
    yield Auth(
        url,
        {**settings, **own},
        engine,
        plural=bool(options.get("plural")),
        secure=bool(options.get("secure")),
    )
