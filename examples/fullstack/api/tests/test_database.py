"""The restrictions that the database enforces, and the migrations."""

from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from alembic import command
from alembic.config import Config
from better_auth_edge.sqlmodel import all_owners, owned
from fastapi.testclient import TestClient
from sqlalchemy import Connection, Engine, make_url, text
from sqlalchemy.exc import IntegrityError, ProgrammingError
from sqlmodel import Session, select

from app.database import ALEMBIC, RoleError, SchemaError, act_as, connect, open_database
from app.models import Task
from app.schema import metadata
from tests.conftest import Database, Person, assert_problem, both_databases

database = both_databases


def alembic(connection: Connection) -> Config:
    config = Config(ALEMBIC)
    config.attributes["connection"] = connection
    return config


def store(session: Session, owner: UUID, title: str) -> None:
    session.add(Task(user_id=owner, title=title))
    session.commit()


@pytest.fixture
def engine(database: Database) -> Iterator[Engine]:
    """The API's engine."""
    engine = open_database(database.url)
    yield engine
    engine.dispose()


@pytest.fixture
def owner(database: Database) -> Iterator[Connection]:
    """A connection with the role that migrates."""
    engine = connect(database.owner_url)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.fixture
def two_users(database: Database, engine: Engine) -> tuple[UUID, UUID]:
    """Two users, each with one task."""
    users = uuid4(), uuid4()
    for user in users:
        database.add_user(user)
        with Session(engine) as session:
            act_as(owned(session, user), user)
            store(session, user, f"of {user}")
    return users


def test_migrations_and_models_agree(owner: Connection) -> None:
    command.check(alembic(owner))


def test_migrations_can_be_downgraded_and_upgraded(owner: Connection) -> None:
    config = alembic(owner)
    command.downgrade(config, "base")
    command.upgrade(config, "head")
    command.check(config)


def test_the_database_generates_a_users_uuid(owner: Connection) -> None:
    now = datetime.now(timezone.utc)
    user = {"id": "a", "name": "Ada", "email": "ada@example.com", "emailVerified": False}
    users = metadata.tables["user"]
    for number in ("a", "b"):
        values = {**user, "id": number, "email": number, "createdAt": now, "updatedAt": now}
        owner.execute(users.insert().values(values))
    uuids = [UUID(str(uuid)) for uuid in owner.execute(select(users.c.uuid)).scalars()]
    assert len(set(uuids)) == 2
    assert {uuid.version for uuid in uuids} == {4}
    assert {str(uuid.variant) for uuid in uuids} == {"specified in RFC 4122"}


def test_the_tasks_of_a_deleted_user_are_deleted(
    owner: Connection, two_users: tuple[UUID, UUID]
) -> None:
    ada, bob = two_users
    owner.execute(text('DELETE FROM "user" WHERE uuid = :uuid'), {"uuid": str(ada)})
    left = owner.execute(text("SELECT title FROM tasks")).scalars().all()
    assert left == [f"of {bob}"]


def test_a_task_without_a_user_is_rejected(engine: Engine) -> None:
    unknown_user = uuid4()
    with Session(engine) as session:
        act_as(owned(session, unknown_user), unknown_user)
        with pytest.raises(IntegrityError):
            store(session, unknown_user, "whose?")


def test_a_deleted_user_gets_a_404(api: TestClient) -> None:
    gone = Person(uuid4())
    task = {"title": "one last thing"}
    response = api.post(f"{gone.path}/tasks", headers=gone.headers(), json=task)
    assert_problem(response, 404, "not_found")


def test_a_database_of_another_revision_is_rejected(database: Database, owner: Connection) -> None:
    command.downgrade(alembic(owner), "0001")
    owner.commit()
    with pytest.raises(SchemaError, match="at revision 0001, not at 0002"):
        open_database(database.url)


class TestOnPostgres:
    """Row-level security, which SQLite does not have. The sessions are for all owners, so only the
    database restricts them.
    """

    @pytest.fixture
    def database(self, postgres_database: Database) -> Database:
        return postgres_database

    def test_a_query_without_the_filter_returns_only_the_users_tasks(
        self, engine: Engine, two_users: tuple[UUID, UUID]
    ) -> None:
        with Session(engine) as session:
            act_as(all_owners(session), two_users[0])
            assert [task.user_id for task in session.exec(select(Task))] == [two_users[0]]
            session.commit()
            # the next transaction has the same user
            assert [task.user_id for task in session.exec(select(Task))] == [two_users[0]]

    def test_a_session_without_a_user_returns_no_tasks(
        self, engine: Engine, two_users: tuple[UUID, UUID]
    ) -> None:
        with Session(engine) as session:
            act_as(all_owners(session), two_users[0])
            assert session.exec(select(Task)).all()
        # on the same pooled connection, without the user
        with Session(engine) as session:
            assert not all_owners(session).exec(select(Task)).all()

    def test_a_user_cannot_write_tasks_of_another_user(
        self, engine: Engine, two_users: tuple[UUID, UUID]
    ) -> None:
        ada, bob = two_users
        with Session(engine) as session:
            act_as(all_owners(session), ada)
            with pytest.raises(ProgrammingError, match="row-level security"):
                store(session, bob, "forged")
            session.rollback()
            changed = session.connection().execute(text("UPDATE tasks SET title = 'mine'"))
            assert changed.rowcount == 1

    @pytest.mark.usefixtures("two_users")
    def test_policies_apply_to_the_owner_of_the_tables_too(self, owner: Connection) -> None:
        for statement in [
            "CREATE ROLE migrator",
            "ALTER TABLE tasks OWNER TO migrator",
            "SET LOCAL ROLE migrator",
        ]:
            owner.execute(text(statement))
        assert owner.execute(text("SELECT count(*) FROM tasks")).scalar() == 0
        # roles belong to the server, not to the database
        owner.rollback()

    @pytest.mark.parametrize(
        ("attribute", "reason"), [("SUPERUSER", "is a superuser"), ("BYPASSRLS", "has BYPASSRLS")]
    )
    def test_a_role_that_bypasses_policies_is_rejected(
        self, database: Database, owner: Connection, attribute: str, reason: str
    ) -> None:
        role = f"bypass_{attribute.lower()}"
        owner.execute(text(f"CREATE ROLE {role} LOGIN {attribute}"))
        owner.commit()
        try:
            url = make_url(database.url).set(username=role)
            with pytest.raises(RoleError, match=f"{role} {reason}"):
                open_database(url.render_as_string(hide_password=False))
        finally:
            owner.execute(text(f"DROP ROLE {role}"))
            owner.commit()

    def test_the_owner_of_the_server_is_rejected(self, database: Database) -> None:
        with pytest.raises(RoleError, match="is a superuser"):
            open_database(database.owner_url)

    @pytest.mark.parametrize("table", ["user", "session", "account", "verification", "jwks"])
    def test_the_api_cannot_read_better_auths_tables(self, engine: Engine, table: str) -> None:
        query = metadata.tables[table].select()
        denied = pytest.raises(ProgrammingError, match="permission denied")
        with engine.connect() as connection, denied:
            connection.execute(query)


def test_a_sqlite_path_is_relative_to_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SchemaError, match="without tables"):
        open_database("sqlite:///./app.db")
