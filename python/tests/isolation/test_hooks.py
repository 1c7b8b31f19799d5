"""What the app executes while a session flushes."""

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import delete, event, select, update

from better_auth_edge.sqlmodel import OwnershipError
from tests.isolation.conftest import World
from tests.isolation.reads import m
from tests.isolation.test_writes import committed
from tests.isolation.world import ADA, BOB, rows_in, session_of

projects, links = m.metadata.tables["project"], m.metadata.tables["task_label"]

Hook = Callable[[Any], Any]

HOOKS: dict[str, Hook] = {
    "update": lambda c: (
        c.execute(update(projects).where(projects.c.id == 6).values(name="x")).rowcount
    ),
    "update with parameters": lambda c: (
        c.execute(
            update(projects).where(projects.c.id == sa.bindparam("k")), {"k": 6, "name": "x"}
        ).rowcount
    ),
    "update of many": lambda c: (
        c.execute(
            update(projects).where(projects.c.id == sa.bindparam("k")),
            [{"k": 6, "name": "x"}, {"k": 7, "name": "x"}],
        ).rowcount
    ),
    "delete": lambda c: c.execute(delete(projects).where(projects.c.id == 6)).rowcount,
    "delete of a link": lambda c: c.execute(delete(links).where(links.c.task_id == 999)).rowcount,
}
"""Each meets no row of the user."""


@pytest.mark.parametrize("hook", HOOKS.values(), ids=HOOKS)
def test_a_mappers_hook_may_change_no_row(world: World, hook: Hook) -> None:
    engine, changed = world("both"), []
    bobs = rows_in(engine, BOB)

    def after(_: Any, connection: Any, __: Any) -> None:
        changed.append(hook(connection))

    event.listen(m.Task, "after_insert", after)
    try:
        assert committed(engine, "ada", lambda s: s.add(m.Task(title="new"))) is None
    finally:
        event.remove(m.Task, "after_insert", after)
    assert changed == [0]
    assert rows_in(engine, BOB) == bobs


@pytest.mark.parametrize("name", ["before_flush", "after_flush"])
@pytest.mark.parametrize("hook", HOOKS.values(), ids=HOOKS)
def test_a_sessions_hook_may_change_no_row(world: World, hook: Hook, name: str) -> None:
    engine, changed = world("both"), []
    with session_of(engine, "ada") as session:
        event.listen(session, name, lambda s, *_: changed.append(hook(s.connection())))
        session.add(m.Task(title="new"))
        session.commit()
    assert changed == [0]


def test_the_flush_itself_may_not(world: World) -> None:
    def unlinked(session: Any) -> None:
        task = session.get_one(m.Task, 1)
        assert task.labels
        gone = delete(links).where(links.c.task_id == 1, links.c.user_id == ADA)
        session.connection().execute(gone)
        task.labels.clear()
        session.commit()

    error = committed(world("both"), "ada", unlinked)
    assert isinstance(error, OwnershipError), repr(error)


def test_a_hook_reads_the_users_rows(world: World) -> None:
    with session_of(world("both"), "ada") as session:
        found: list[Any] = []
        query = select(projects.c.user_id)
        event.listen(
            session,
            "after_flush",
            lambda s, *_: found.extend(s.connection().execute(query).scalars()),
        )
        session.add(m.Task(title="new"))
        session.commit()
        assert set(found) == {ADA}


def test_a_listener_may_ask_in_another_users_session(sqlite_world: World) -> None:
    adas, others = sqlite_world("both"), sqlite_world("both")
    assert isinstance(adas, sa.Engine)
    found: list[Any] = []

    def listener(*_: Any) -> None:
        for whose in ("bob", "all"):
            with session_of(others, whose) as session:
                found.append(set(session.scalars(select(m.Task.user_id))))

    event.listen(adas, "before_execute", listener)
    with session_of(adas, "ada") as session:
        for _ in range(2):
            assert set(session.scalars(select(m.Task.user_id))) == {ADA}
        session.add(m.Task(title="new", project_id=1))
        session.commit()
    assert found[0] == {BOB}
