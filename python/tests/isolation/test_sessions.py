"""Sessions: whose they are, and for how long a connection is."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.orm.exc import StaleDataError
from sqlmodel import Field, Session, col
from sqlmodel.ext.asyncio.session import AsyncSession

from better_auth_edge.sqlmodel import OwnershipError, UserOwned, all_owners, owned
from better_auth_edge.sqlmodel.models import names_owned_table, owned_table
from tests.isolation.conftest import WORLDS, World
from tests.isolation.models import Owned, Task, Watch, metadata
from tests.isolation.reads import READS, SHAPES, Read
from tests.isolation.world import ADA, BOB, fill, outcome, plain, session_of

tasks = metadata.tables["task"]


def titles(session: Session) -> list[str]:
    return sorted(session.scalars(select(col(Task.title))))


@pytest.fixture
def engine(sqlite_world: World) -> Any:
    return sqlite_world("both")


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_an_asynchronous_session_returns_the_same(
    tmp_path: Path, sqlite_worlds: dict[str, sa.Engine], read: Read
) -> None:
    fill(sa.create_engine(f"sqlite:///{tmp_path}/both.db", poolclass=sa.NullPool), WORLDS["both"])
    engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path}/both.db", poolclass=sa.NullPool)

    async def result() -> Any:
        async with owned(AsyncSession(engine), ADA) as session:
            return await session.run_sync(lambda s: plain(read(s, SHAPES["plain"])))  # type: ignore[arg-type]

    alone = outcome(sqlite_worlds["ada"], "all", lambda s: read(s, SHAPES["plain"]))
    assert asyncio.run(result()) == alone


def test_an_asynchronous_session_writes_and_is_checked_the_same(tmp_path: Path) -> None:
    fill(sa.create_engine(f"sqlite:///{tmp_path}/both.db", poolclass=sa.NullPool), WORLDS["both"])
    engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path}/both.db", poolclass=sa.NullPool)

    async def add(project_id: int) -> None:
        async with owned(AsyncSession(engine), ADA) as session:
            session.add(Task(title="new", project_id=project_id))
            await session.commit()

    asyncio.run(add(1))
    for project_id in (6, 999):
        with pytest.raises(OwnershipError):
            asyncio.run(add(project_id))


def test_a_session_without_a_user_refers_to_no_owned_row(engine: sa.Engine) -> None:
    for task_id in (1, 999):
        with Session(engine) as session:
            session.add(Watch(task_id=task_id, label_id=1))
            with pytest.raises(OwnershipError, match="whose rows of task"):
                session.commit()


def test_a_cached_statement_has_no_owner(engine: sa.Engine) -> None:
    all_notes = ["Ada's", "Ada's child", "Bob's", "Bob's child", "Eve's", "Eve's child"]
    for _ in range(2):
        for whose, found in (
            ("all", all_notes),
            ("ada", all_notes[:2]),
            ("bob", all_notes[2:4]),
        ):
            with session_of(engine, whose) as session:
                assert titles(session) == found
        with session_of(engine, "anonymous") as session, pytest.raises(OwnershipError):
            titles(session)


def test_a_session_may_become_a_users_within_its_transaction(engine: sa.Engine) -> None:
    with Session(engine) as session:
        assert session.execute(text("select 1")).scalar() == 1
        owned(session, ADA)
        assert titles(session) == ["Ada's", "Ada's child"]


def test_a_connection_is_a_users_as_long_as_the_sessions_transaction(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        session = owned(Session(connection), ADA)
        assert titles(session) == ["Ada's", "Ada's child"]
        assert len(connection.execute(tasks.select()).all()) == 2
        with session.begin_nested():
            assert titles(session) == ["Ada's", "Ada's child"]
        session.close()
        assert len(connection.execute(tasks.select()).all()) == 6


def test_two_owners_cannot_share_a_connection(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        adas, bobs = owned(Session(connection), ADA), owned(Session(connection), BOB)
        assert titles(adas)
        for session in (bobs, adas):
            with pytest.raises(OwnershipError, match="share a connection"):
                titles(session)
        bobs.close()
        assert titles(adas)
        adas.close()


def test_a_model_may_come_after_statements_on_its_table(engine: sa.Engine) -> None:
    late = sa.Table("late", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True))
    late.append_column(sa.Column("user_id", sa.Uuid, nullable=False))
    late.create(engine)
    with engine.begin() as connection:
        connection.execute(late.insert(), [{"id": 1, "user_id": ADA}, {"id": 2, "user_id": BOB}])
    with session_of(engine, "ada") as session:
        assert len(session.connection().execute(late.select()).all()) == 2

    class Late(Owned, table=True):
        id: int | None = Field(default=None, primary_key=True)

    with session_of(engine, "ada") as session:
        assert [row.id for row in session.connection().execute(late.select())] == [1]
        assert [row.id for row in session.scalars(select(Late))] == [1]
    metadata.remove(metadata.tables["late"])


def test_a_row_that_comes_from_elsewhere_is_not_given_out(engine: sa.Engine) -> None:
    with session_of(engine, "all") as session:
        row = session.get_one(Task, 6)
        session.expunge(row)
    with session_of(engine, "ada") as session:
        session.add(row)
        assert session.get(Task, 6) is None
    with session_of(engine, "ada") as session, pytest.raises(OwnershipError):
        session.merge(row, load=False)


def test_a_row_that_has_changed_hands_is_neither_read_nor_written(engine: sa.Engine) -> None:
    with session_of(engine, "ada") as session:
        task = session.get_one(Task, 1)
        session.commit()
        assert task.title == "Ada's"
        with engine.begin() as connection:
            connection.execute(tasks.update().where(tasks.c.id == 1).values(user_id=BOB))
        task.title = "changed"
        with pytest.raises(OwnershipError) as error:
            session.commit()
        assert isinstance(error.value, StaleDataError)
        session.rollback()
        assert session.get(Task, 1) is None


def test_a_view_gives_no_rows_of_others_to_a_model(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("CREATE VIEW everything AS SELECT * FROM task"))
    with session_of(engine, "ada") as session, pytest.raises(OwnershipError):
        session.scalars(select(Task).from_statement(text("SELECT * FROM everything"))).all()


def test_a_table_counts_by_its_name_and_schema() -> None:
    dialect = sa.create_engine("sqlite://").dialect
    for known in (sa.table("TASK"), sa.table("task", schema="main"), tasks.alias()):
        assert owned_table(known, dialect) is not None
    audit = sa.table("task", schema="audit")
    assert owned_table(audit, dialect) is None
    assert owned_table(audit, dialect, translated=True) is not None
    assert owned_table(select(tasks).subquery(), dialect) is None


def test_text_names_a_table_as_a_word() -> None:
    reserved = frozenset({"task"})
    for named in ("from task", 'FROM main."Task"', "x,task where", "[task]", "`task`"):
        assert names_owned_table(named, frozenset())
    for other in ("from tasks", "subtask", "task_id", "SELECT set_config('app.user', 'x', true)"):
        assert not names_owned_table(other, frozenset())
    assert names_owned_table('from "task"', reserved)
    assert not names_owned_table("task by x", reserved)


def test_a_model_without_an_owner_cannot_be_mapped() -> None:
    class Lost(UserOwned):
        pass

    table = sa.Table("lost", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True))
    with pytest.raises(OwnershipError, match="has no user_id"):
        sa.orm.registry().map_imperatively(Lost, table)


def test_tables_may_be_made_over_a_session(engine: sa.Engine) -> None:
    with session_of(engine, "anonymous") as session:
        metadata.create_all(session.connection(), checkfirst=False, tables=[])
        with pytest.raises(OwnershipError):
            metadata.drop_all(session.connection(), checkfirst=False)
    with all_owners(Session(engine)) as session:
        assert titles(session)
