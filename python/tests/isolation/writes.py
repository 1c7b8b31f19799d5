"""Ways to write one's own rows, which work, and to give rows away, which do not."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

import sqlalchemy as sa
from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import aliased

from tests.isolation.reads import legacy, m
from tests.isolation.world import ADA, BOB

OwnWrite = Callable[[Any], Any]

task_table = m.metadata.tables["task"]
card_table = m.metadata.tables["card"]


def own(session: Any) -> m.Task:
    return session.get_one(m.Task, 1)


def changed(row: Any, **values: Any) -> Any:
    for name, value in values.items():
        setattr(row, name, value)


def upserted(session: Any, model: Any, target: list[str], row: Any, **change: Any) -> None:
    """ON CONFLICT, in the dialect of the database."""
    name = session.get_bind().dialect.name
    dialect_insert = import_module(f"sqlalchemy.dialects.{name}").insert
    statement = dialect_insert(model).values(row)
    if change:
        session.execute(statement.on_conflict_do_update(index_elements=target, set_=change))
    else:
        session.execute(statement.on_conflict_do_nothing(index_elements=target))


def excluded(session: Any) -> None:
    """The values of the row that was not inserted."""
    new = sa.table("excluded", sa.column("title")).c.title
    row = {"user_id": ADA, "number": 5, "title": "changed"}
    upserted(session, m.Entry, ["user_id", "number"], row, title=new)


def family(session: Any) -> None:
    parent = m.Task(title="new parent")
    parent.children = [m.Task(title="new child", children=[m.Task(title="new grandchild")])]
    session.add(parent)


def linked(session: Any) -> None:
    task = own(session)
    task.labels.append(session.get_one(m.Label, 3))
    task.labels.remove(session.get_one(m.Label, 1))


def watched(session: Any) -> None:
    task = own(session)
    task.watchers.append(session.get_one(m.Label, 4))
    session.flush()


def emptied(session: Any) -> None:
    session.delete(session.get_one(m.Project, 1))


def reported(session: Any) -> None:
    report = session.scalars(select(m.Report)).one()
    changed(report, pages=77, title="changed")


def read_first(session: Any) -> None:
    task = own(session)
    session.expunge(task)
    changed(task, title="changed")
    session.add(task)


OWN: dict[str, OwnWrite] = {
    "add": lambda s: s.add(m.Task(title="new")),
    "add with the owner": lambda s: s.add(m.Task(title="new", user_id=ADA)),
    "add all": lambda s: s.add_all([m.Task(title=f"new {n}") for n in range(5)]),
    "add with a renamed owner": lambda s: s.add(m.Card(title="new")),
    "add with a composite key": lambda s: s.add(m.Entry(number=50, title="new")),
    "add by a second mapper": lambda s: s.add(m.Slim(title="new")),
    "add with an owner by relationship": lambda s: s.add(
        m.Page(title="new", owner=s.get_one(m.Account, ADA))
    ),
    "add to an own row by key": lambda s: s.add(m.Task(title="new", project_id=2, parent_id=1)),
    "add to an own row by relationship": lambda s: s.add(
        m.Task(title="new", project=s.get_one(m.Project, 2))
    ),
    "add a tree": family,
    "link and unlink": linked,
    "unowned link to an own row": watched,
    "change": lambda s: changed(own(s), title="changed"),
    "change what was detached": read_first,
    "change by a join": reported,
    "move": lambda s: changed(own(s), project_id=2),
    "delete": lambda s: s.delete(s.get_one(m.Task, 2)),
    "delete by a join": lambda s: s.delete(s.scalars(select(m.Report)).one()),
    "delete what own rows refer to": emptied,
    "merge": lambda s: s.merge(m.Task(id=1, title="changed")),
    "merge, new": lambda s: s.merge(m.Task(title="new")),
    "bulk_save_objects": lambda s: s.bulk_save_objects([m.Task(title="new", user_id=ADA)]),
    "bulk_insert_mappings": lambda s: s.bulk_insert_mappings(
        sa.inspect(m.Task), [{"title": "new"}, {"title": "newer", "project_id": 1}]
    ),
    "bulk_update_mappings": lambda s: s.bulk_update_mappings(
        sa.inspect(m.Task), [{"id": 1, "title": "changed"}, {"id": 2, "title": "changed too"}]
    ),
    "insert": lambda s: s.execute(insert(m.Task).values(title="new")),
    "insert with the owner": lambda s: s.execute(insert(m.Task).values(title="new", user_id=ADA)),
    "insert of many": lambda s: s.execute(insert(m.Task), [{"title": "a"}, {"title": "b"}]),
    "insert of many values": lambda s: s.execute(
        insert(m.Task).values([{"title": n, "user_id": ADA, "project_id": 1} for n in "ab"])
    ),
    "insert of many values without the owner": lambda s: s.execute(
        insert(m.Task).values([{"title": "a", "project_id": 1}, {"title": "b", "project_id": 2}])
    ),
    "insert of many values, some with the owner": lambda s: s.execute(
        insert(m.Task).values(
            [{"title": "a"}, {"title": "b", "user_id": ADA}, {"title": "c", "user_id": None}]
        )
    ),
    "insert of many values by columns": lambda s: s.execute(
        insert(m.Task).values([{m.Task.title: "a"}, {m.Task.title: "b"}])
    ),
    "insert of many values with a renamed owner": lambda s: s.execute(
        insert(m.Card).values([{"content": "a"}, {"content": "b", "owner": ADA}])
    ),
    "insert of many values returning": lambda s: s.scalars(
        insert(m.Task).values([{"title": "a"}, {"title": "b"}]).returning(m.Task)
    ).all(),
    "insert returning": lambda s: s.scalars(
        insert(m.Task).returning(m.Task), [{"title": "a"}]
    ).all(),
    "insert with a renamed owner": lambda s: s.execute(insert(m.Card), [{"title": "a"}]),
    "insert into shared from owned": lambda s: s.execute(
        insert(m.Area).from_select(["id", "name"], select(m.Task.id + 500, m.Task.title))
    ),
    "upsert of what was to be inserted": excluded,
    "upsert by a key with the owner": lambda s: upserted(
        s,
        m.Entry,
        ["user_id", "number"],
        {"user_id": ADA, "number": 5, "title": "x"},
        title="changed",
    ),
    "upsert of many without the owner": lambda s: upserted(
        s,
        m.Entry,
        ["user_id", "number"],
        [{"number": 5, "title": "x"}, {"number": 50, "title": "new"}],
        title="changed",
    ),
    "insert or nothing of many without the owner": lambda s: upserted(
        s, m.Entry, ["user_id", "number"], [{"number": n, "title": "x"} for n in (5, 50)]
    ),
    "insert or nothing by a key with the owner": lambda s: upserted(
        s, m.Entry, ["user_id", "number"], {"user_id": ADA, "number": 5, "title": "x"}
    ),
    "update": lambda s: s.execute(update(m.Task).values(title="changed")),
    "update returning": lambda s: s.scalars(
        update(m.Task).values(title="changed").returning(m.Task.title)
    ).all(),
    "update by key": lambda s: s.execute(update(m.Task), [{"id": 1, "title": "changed"}]),
    "update from": lambda s: s.execute(
        update(m.Task).values(title=m.Project.name).where(m.Task.project_id == m.Project.id)
    ),
    "update by a subquery": lambda s: s.execute(
        update(m.Task)
        .values(title=select(m.Project.name).where(m.Project.id == 1).scalar_subquery())
        .where(m.Task.project_id.in_(select(m.Project.id)))
    ),
    "update of the table of a join": lambda s: s.connection().execute(
        m.report_table.update().values(pages=88)
    ),
    "delete where": lambda s: s.execute(delete(m.Task).where(m.Task.parent_id == 1)),
    "delete returning": lambda s: s.execute(delete(m.Card).returning(m.Card.id)).all(),
    "delete all": lambda s: s.execute(delete(m.TaskLabel)),
    "Query.update": lambda s: (
        legacy(s, m.Task).filter_by(project_id=1).update({"title": "changed"})
    ),
    "Query.delete": lambda s: legacy(s, m.Entry).delete(),
    "Session.connection(), insert": lambda s: s.connection().execute(
        task_table.insert(), [{"title": "a"}]
    ),
}
"""To the user's own rows: each has to work."""


def by_relationship(session: Any) -> None:
    session.add(m.Page(title="planted", owner=session.get_one(m.Account, BOB)))


def appended(session: Any) -> None:
    account = session.get_one(m.Account, BOB)
    account.pages.append(m.Page(title="planted"))
    session.flush()


GIVEN: dict[str, OwnWrite] = {
    "add": lambda s: s.add(m.Task(title="planted", user_id=BOB)),
    "add one of many": lambda s: s.add_all(
        [m.Task(title="a"), m.Task(title="planted", user_id=BOB)]
    ),
    "add with a renamed owner": lambda s: s.add(m.Card(title="planted", user_id=BOB)),
    "add by a second mapper": lambda s: s.add(m.Slim(title="planted", user_id=BOB)),
    "add by relationship": by_relationship,
    "append": appended,
    "change": lambda s: changed(own(s), user_id=BOB),
    "change by relationship": lambda s: changed(
        s.get_one(m.Page, 1), owner=s.get_one(m.Account, BOB)
    ),
    "change to an expression": lambda s: changed(own(s), user_id=sa.literal(BOB, sa.Uuid)),
    "insert": lambda s: s.execute(insert(m.Task).values(title="planted", user_id=BOB)),
    "insert an expression": lambda s: s.execute(
        insert(m.Task).values(title="planted", user_id=select(m.Account.uuid).scalar_subquery())
    ),
    "insert of many": lambda s: s.execute(
        insert(m.Task), [{"title": "a"}, {"title": "planted", "user_id": BOB}]
    ),
    "insert of many values": lambda s: s.execute(
        insert(m.Task).values([{"title": n, "user_id": u} for n, u in (("a", ADA), ("b", BOB))])
    ),
    "insert of many values, one planted": lambda s: s.execute(
        insert(m.Task).values([{"title": "a"}, {"title": "planted", "user_id": BOB}])
    ),
    "insert of many values, planted by column": lambda s: s.execute(
        insert(m.Card).values([{"content": "a"}, {"content": "b", card_table.c.owner: BOB}])
    ),
    "insert of many values, planted by attribute": lambda s: s.execute(
        insert(m.Card).values([{m.Card.title: "a"}, {m.Card.title: "b", m.Card.user_id: BOB}])
    ),
    "insert of many values, planted by position": lambda s: s.execute(
        insert(m.Card).values([(None, 77, "a"), (BOB, 78, "b")])
    ),
    "insert with a renamed owner": lambda s: s.execute(
        insert(m.Card), [{"title": "planted", "user_id": BOB}]
    ),
    "bulk_save_objects": lambda s: s.bulk_save_objects([m.Task(title="planted", user_id=BOB)]),
    "bulk_insert_mappings": lambda s: s.bulk_insert_mappings(
        sa.inspect(m.Task), [{"title": "planted", "user_id": BOB}]
    ),
    "bulk_update_mappings": lambda s: s.bulk_update_mappings(
        sa.inspect(m.Task), [{"id": 1, "user_id": BOB}]
    ),
    "update": lambda s: s.execute(update(m.Task).values(user_id=BOB)),
    "update of an alias": lambda s: s.execute(update(aliased(m.Task)).values(user_id=BOB)),
    "update of a renamed owner": lambda s: s.execute(update(m.Card).values(user_id=BOB)),
    "update by parameters": lambda s: s.execute(update(m.Card), {"owner": BOB}),
    "update by key": lambda s: s.execute(update(m.Card), [{"id": 1, "user_id": BOB}]),
    "update of a renamed column": lambda s: s.connection().execute(
        card_table.update().values(owner=BOB)
    ),
    "update with a parameter": lambda s: s.execute(
        update(m.Task).values(user_id=sa.bindparam("u")), {"u": BOB}
    ),
    "update to an expression": lambda s: s.execute(
        update(m.Task).values(user_id=select(m.Account.uuid).limit(1).scalar_subquery())
    ),
    "update of a second mapper": lambda s: s.execute(update(m.Slim).values(user_id=BOB)),
    "update to no owner": lambda s: s.execute(update(m.Task).values(user_id=None)),
    "merge": lambda s: s.merge(m.Task(id=1, title="x", user_id=BOB)),
}
"""Rows that would become another user's: each raises `OwnershipError`."""
