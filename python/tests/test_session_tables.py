"""How the tables of Better Auth are found, and what a database that fails means."""

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from better_auth_edge import EdgeAuth, EdgeAuthSettings
from better_auth_edge.sessions import SessionStoreError, SQLAlchemySessions, lookup
from better_auth_edge.sessions.claims import is_true, seconds
from better_auth_edge.sessions.database import DatabaseSessions
from better_auth_edge.sessions.tables import SessionTables, TableNames
from tests.apps import app_for, outcome
from tests.apps import client_for as client_by_settings
from tests.isolation.postgres import program, running
from tests.session_stores import SECRET
from tests.test_session_requests import TOKEN, cookie

DEFAULT = '"userId" text, "expiresAt" date'
LATER = 4_000_000_000


def tables_of(*statements: str, names: TableNames | None = None) -> SessionTables:
    engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
    with engine.connect() as connection:
        for statement in statements:
            connection.execute(sa.text(statement))
        return SessionTables.find(connection, names or TableNames())


def table(name: str, columns: str) -> str:
    return f'CREATE TABLE "{name}" (id text, {columns})'


def error_of(*statements: str, names: TableNames | None = None) -> str:
    with pytest.raises(SessionStoreError) as raised:
        tables_of(*statements, names=names)
    return str(raised.value)


@pytest.mark.parametrize(
    ("session", "columns", "user"),
    [
        ("session", 'token text, "userId" text, "expiresAt" date', "user"),
        ("sessions", "token text, user_id text, expires_at date", "users"),
        ("Session", 'token text, "userId" text, "expiresAt" date', "User"),
        ("session", "token text, userid text, expiresat date", "user"),
    ],
)
def test_tables_are_found_by_their_usual_names(session: str, columns: str, user: str) -> None:
    found = tables_of(table(session, columns), table(user, "email text, email_verified int"))
    assert found.session == ["id", "token", "userId", "expiresAt"]
    assert found.user == ["id", "email", "emailVerified"]


def test_no_other_column_is_read() -> None:
    columns = "token text, user_id text, expires_at date, ip_address text"
    user = 'email text, password text, "twoFactorSecret" text, plan text'
    found = tables_of(table("session", columns), table("user", user))
    query = str(found.query)
    for secret in ("ip_address", "password", "twoFactorSecret", "plan"):
        assert secret not in query
    names = TableNames(user_fields=["plan"])
    assert "plan" in tables_of(table("session", columns), table("user", user), names=names).user


def test_names_that_are_set_replace_the_usual_ones() -> None:
    statements = (
        table("auth_session", "secret text, owner text, ends date"),
        table("member", "mail text"),
        table("session", "x text"),
    )
    names = TableNames(
        "auth_session",
        "member",
        {"token": "secret", "userId": "owner", "expiresAt": "ends"},
        {"email": "mail"},
    )
    found = tables_of(*statements, names=names)
    assert found.user == ["id", "email"]
    assert "s.secret = " in str(found.query)


def test_what_is_missing_is_named() -> None:
    session, user = table("session", f"token text, {DEFAULT}"), table("user", "email text")
    assert 'no column "expiresAt" in the table session' in error_of(
        table("session", 'token text, "userId" text'), user
    )
    assert "SESSION_TABLE" in error_of(session)
    assert "no table of sessions (session or sessions)" in error_of(session)
    assert "members" in error_of(session, user, names=TableNames(user="members"))
    assert 'no column "plan" in the table user' in error_of(
        session, user, names=TableNames(user_fields=["plan"])
    )
    assert 'no column "x" in the table session' in error_of(
        session, user, names=TableNames(session_columns={"createdAt": "x"})
    )
    several = error_of(
        session, user, table("sessions", f"token text, {DEFAULT}"), table("users", "x")
    )
    assert "several tables could contain the sessions, session, sessions" in several
    own = table("sessions", "data text"), table("users", "email text")
    assert tables_of(session, user, *own).session, "the app's own table of sessions does not count"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1_700_000_000, 1_700_000_000.0),
        (1_700_000_000_123, 1_700_000_000.123),
        ("1700000000123", 1_700_000_000.123),
        ("2023-11-14T22:13:20.123Z", 1_700_000_000.123),
        ("2023-11-14T22:13:20+00:00", 1_700_000_000.0),
        ("2023-11-15 00:13:20+02", 1_700_000_000.0),
        ("2023-11-14 22:13:20", 1_700_000_000.0),
        (datetime(2023, 11, 14, 22, 13, 20), 1_700_000_000.0),
        (datetime(2023, 11, 15, 0, 13, 20, tzinfo=timezone(timedelta(hours=2))), 1_700_000_000.0),
        (True, None),
        (None, None),
        ("", None),
        ("soon", None),
        (float("nan"), None),
        ("inf", None),
        (b"1700000000", None),
    ],
)
def test_a_time_is_read_in_every_form_that_databases_have(value: Any, expected: Any) -> None:
    assert seconds(value) == (None if expected is None else pytest.approx(expected, abs=1e-6))


def test_a_switch_is_read_in_every_form_that_databases_have() -> None:
    assert all(map(is_true, (True, 1, "1", "true", "TRUE", "t", b"\x01", 1.0)))
    assert not any(map(is_true, (False, 0, "0", "false", "f", "", None, b"\x00", b"")))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "auth.db"
    engine = sa.create_engine(f"sqlite:///{file}", poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.execute(sa.text(table("session", f"token text COLLATE NOCASE, {DEFAULT}")))
        connection.execute(sa.text(table("user", "email text")))
        values = f"'s1', '{TOKEN}', 'ada', {LATER}"
        connection.execute(sa.text(f"INSERT INTO session VALUES ({values})"))  # noqa: S608
        connection.execute(sa.text("INSERT INTO user VALUES ('ada', 'ada@example.com')"))
    return file


def client_of(engine: AsyncEngine, **names: Any) -> TestClient:
    settings = EdgeAuthSettings(better_auth_secret=SECRET, edge_auth_mode="session")
    return TestClient(
        app_for(EdgeAuth(settings, session_store=SQLAlchemySessions(engine, **names)))
    )


def by_file(file: Path, **settings: Any) -> TestClient:
    own = {"better_auth_secret": SECRET, "session_database_url": f"sqlite+aiosqlite:///{file}"}
    return client_by_settings(**own, **settings)


def test_a_token_is_compared_with_its_case_by_any_collation(file: Path) -> None:
    client = by_file(file)
    assert client.get("/sync", headers=cookie()).json() == "ada"
    assert outcome(client.get("/sync", headers=cookie(TOKEN.upper()))) == "401 missing_token"


def test_an_engine_of_the_app_serves(file: Path) -> None:
    engine = create_async_engine(f"sqlite+aiosqlite:///{file}", poolclass=sa.NullPool)
    assert client_of(engine).get("/sync", headers=cookie()).json() == "ada"
    client = client_of(engine, user_columns={"name": "email"})
    assert client.get("/me", headers=cookie()).json()["name"] == "ada@example.com"


def test_a_missing_file_or_table_is_a_misconfiguration(
    tmp_path: Path, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    missing = tmp_path / "missing.db"
    response = by_file(missing).get("/me", headers=cookie())
    assert outcome(response) == "500 misconfigured"
    assert f"the file of the SQLite database does not exist: {missing}" in caplog.text
    assert "three slashes" not in caplog.text
    assert str(missing) not in response.text
    assert not missing.exists()
    assert outcome(by_file(file, session_table="nowhere").get("/me", headers=cookie())) == (
        "500 misconfigured"
    )
    assert "no table of sessions (nowhere)" in caplog.text
    assert "nowhere" not in response.text


def test_the_log_says_where_a_relative_path_leads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "api").mkdir()
    monkeypatch.chdir(tmp_path / "api")
    response = by_file(Path("../missing.db")).get("/me", headers=cookie())
    assert outcome(response) == "500 misconfigured"
    where = (tmp_path / "missing.db").resolve()
    hint = "three slashes begin a relative path, and four an absolute one"
    assert f"does not exist: {where}; {hint}" in caplog.text


def test_a_session_is_a_credential_of_its_own_kind(file: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{file}", poolclass=sa.NullPool)
    with engine.begin() as connection:
        for column in ("cred", "credential"):
            connection.execute(sa.text(f"ALTER TABLE user ADD COLUMN {column} text"))
            connection.execute(sa.text(f"UPDATE user SET {column} = 'api-key'"))  # noqa: S608
    client = by_file(file, session_user_fields="cred,credential")
    user = client.get("/me", headers=cookie()).json()
    assert (user["credential"], user["claims"]["cred"]) == ("session", "api-key")


def test_a_migration_of_a_running_database_is_noticed(file: Path) -> None:
    client = by_file(file)
    assert outcome(client.get("/me", headers=cookie())) == "200"
    engine = sa.create_engine(f"sqlite:///{file}", poolclass=sa.NullPool)
    with engine.begin() as connection:
        for change in ("session RENAME TO sessions", "user RENAME TO users"):
            connection.execute(sa.text(f"ALTER TABLE {change}"))
    assert outcome(client.get("/me", headers=cookie())) == "503 keys_unavailable"
    assert outcome(client.get("/me", headers=cookie())) == "200"


def test_a_damaged_database_is_unavailable(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    file.write_bytes(b"not a database" * 100)
    for path in ("/me", "/perhaps"):
        assert outcome(by_file(file).get(path, headers=cookie())) == "503 keys_unavailable"
    assert "DatabaseError: file is not a database" in caplog.text
    assert TOKEN not in caplog.text


@pytest.fixture
def postgres() -> Iterator[sa.URL]:
    if program("initdb") is None:
        pytest.skip("PostgreSQL is not installed")
    with running() as url:
        engine = sa.create_engine(url, poolclass=sa.NullPool)
        with engine.begin() as connection:
            connection.execute(sa.text("CREATE SCHEMA auth"))
            columns = '"userId" uuid, "expiresAt" timestamptz, token text'
            connection.execute(sa.text(f"CREATE TABLE auth.session (id int, {columns})"))
            columns = "id uuid PRIMARY KEY DEFAULT gen_random_uuid(), banned boolean"
            connection.execute(sa.text(f'CREATE TABLE auth."user" ({columns})'))
            connection.execute(sa.text('INSERT INTO auth."user" DEFAULT VALUES'))
            values = f"1, id, now() + interval '1 hour', '{TOKEN}'"
            select = f'INSERT INTO auth.session SELECT {values} FROM auth."user"'  # noqa: S608
            connection.execute(sa.text(select))
        yield url


def test_connections_that_the_server_has_closed_are_replaced(postgres: sa.URL) -> None:
    url = postgres.set(drivername="postgresql+asyncpg").render_as_string(hide_password=False)
    settings = {"session_table": "auth.session", "session_user_table": "auth.user"}
    own = {"better_auth_secret": SECRET, "session_database_url": url}
    engine = sa.create_engine(postgres, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
    count = (
        "SELECT count(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
        "AND backend_type = 'client backend'"
    )
    with engine.connect() as connection:
        with client_by_settings(**own, **settings) as client:
            for _ in range(3):
                assert outcome(client.get("/me", headers=cookie())) == "200"
                assert connection.scalar(sa.text(count)) == 1, "one connection serves again"
                connection.execute(sa.text(others))
            assert outcome(client.get("/me", headers=cookie())) == "200"
        assert connection.scalar(sa.text(count)) == 0, "the pool ends with the app"
    plain = client_by_settings(**own, **settings)
    with engine.connect() as connection:
        assert outcome(plain.get("/me", headers=cookie())) == "200"
        assert connection.scalar(sa.text(count)) == 0


def test_a_database_that_is_down_or_hangs_is_unavailable(
    postgres: sa.URL, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    url = postgres.set(drivername="postgresql+asyncpg").render_as_string(hide_password=False)
    settings = {"session_table": "auth.session", "session_user_table": "auth.user"}
    own = {"better_auth_secret": SECRET, **settings}
    closed = url.replace(f":{postgres.port}/", ":9/")
    with client_by_settings(session_database_url=closed, **own) as client:
        assert outcome(client.get("/perhaps", headers=cookie())) == "503 keys_unavailable"
    assert "the session store is unavailable" in caplog.text
    engine = sa.create_engine(postgres, poolclass=sa.NullPool)
    with client_by_settings(session_database_url=url, **own) as client:
        assert outcome(client.get("/me", headers=cookie())) == "200"
        with engine.begin() as connection:
            monkeypatch.setattr(lookup, "TIME_LIMIT", 0.3)
            connection.execute(sa.text("LOCK TABLE auth.session IN ACCESS EXCLUSIVE MODE"))
            for path in ("/me", "/perhaps"):
                assert outcome(client.get(path, headers=cookie())) == "503 keys_unavailable"
        monkeypatch.setattr(lookup, "TIME_LIMIT", 60)
        assert outcome(client.get("/me", headers=cookie())) == "200"


def test_a_store_without_an_app_opens_and_closes_its_pool(file: Path) -> None:
    async def look_up_twice() -> None:
        store = DatabaseSessions(f"sqlite+aiosqlite:///{file}", TableNames())
        for _ in range(2):
            await store.open()
            assert await store.session(TOKEN) is not None
            await store.close()
            assert await store.session("other") is None

    asyncio.run(look_up_twice())
