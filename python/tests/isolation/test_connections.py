"""Connections that outlive their session still belong to its user."""

import asyncio
import gc
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel import Session
from sqlmodel.ext.asyncio.session import AsyncSession

from better_auth_edge.sqlmodel import OwnershipError, owned
from tests.isolation.conftest import WORLDS, World
from tests.isolation.models import Task, metadata
from tests.isolation.world import ADA, fill, session_of

tasks = metadata.tables["task"]


@pytest.fixture
def engine(tmp_path: Path) -> sa.Engine:
    engine = sa.create_engine(f"sqlite:///{tmp_path}/both.db", poolclass=sa.NullPool)
    fill(engine, WORLDS["both"], strays=False)
    return engine


def owners(rows: Any) -> set[Any]:
    return {row.user_id for row in rows}


def test_a_connection_stays_a_users_when_its_session_is_collected(engine: sa.Engine) -> None:
    with owned(Session(engine), ADA).connection() as connection:
        gc.collect()
        assert owners(connection.execute(tasks.select())) == {ADA}
        connection.rollback()
        assert owners(connection.execute(tasks.select())) == {ADA}
        with pytest.raises(OwnershipError):
            connection.execute(sa.text("SELECT * FROM task"))
    with engine.connect() as connection:
        assert len(owners(connection.execute(tasks.select()))) == 2


def test_a_connection_of_a_savepoint_and_after_a_flush_is_guarded(engine: sa.Engine) -> None:
    def used() -> sa.Connection:
        session = owned(Session(engine), ADA)
        session.begin_nested()
        session.add(Task(title="new"))
        session.flush()
        return session.connection()

    with used() as connection:
        gc.collect()
        assert owners(connection.execute(tasks.select())) == {ADA}


def test_a_connection_of_a_session_without_an_owner_is_guarded(engine: sa.Engine) -> None:
    with Session(engine).connection() as connection:
        gc.collect()
        with pytest.raises(OwnershipError):
            connection.execute(tasks.select())


def test_a_connection_of_an_asynchronous_session_is_guarded(
    tmp_path: Path, engine: sa.Engine
) -> None:
    asynchronous = create_async_engine(
        f"sqlite+aiosqlite:///{tmp_path}/both.db", poolclass=sa.NullPool
    )

    async def read() -> set[Any]:
        connection = await owned(AsyncSession(asynchronous), ADA).connection()
        gc.collect()
        found = owners(await connection.execute(tasks.select()))
        await connection.close()
        return found

    assert asyncio.run(read()) == {ADA}


def test_a_connection_that_the_app_lent_is_a_users_until_the_transaction_ends(
    engine: sa.Engine,
) -> None:
    with engine.connect() as connection:
        assert owned(Session(connection), ADA).connection() is connection
        gc.collect()
        assert owners(connection.execute(tasks.select())) == {ADA}
        connection.rollback()
        assert len(owners(connection.execute(tasks.select()))) == 2


def test_sessions_that_were_closed_hold_nothing(sqlite_world: World) -> None:
    engine = sqlite_world("both")
    with engine.connect() as connection, connection.begin():  # type: ignore[union-attr]
        for whose, found in (("ada", 1), ("bob", 1), ("all", 3)):
            with session_of(connection, whose) as session:
                session.begin_nested()
                assert len(owners(session.connection().execute(tasks.select()))) == found
            del session
            gc.collect()
            assert len(owners(connection.execute(tasks.select()))) == 3


def test_sessions_do_not_keep_what_they_held(engine: sa.Engine) -> None:
    from better_auth_edge.sqlmodel import session as guard

    gc.collect()
    before = len(guard._HOLDERS)
    for _ in range(3):
        owned(Session(engine), ADA).connection()
    gc.collect()
    assert len(guard._HOLDERS) == before
