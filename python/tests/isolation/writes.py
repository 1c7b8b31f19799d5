"""Ways to write. Those to the user's own rows work; those that take aim at an id that is not theirs
come to the same for another user's row and for one that is not there.
"""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session, aliased, make_transient_to_detached
from sqlalchemy.orm.attributes import set_committed_value

from tests.isolation import models as m
from tests.isolation.reads import legacy
from tests.isolation.world import ADA, BOB

OwnWrite = Callable[[Session], Any]
Aimed = Callable[[Session, int], Any]

task_table = m.metadata.tables["task"]
card_table = m.metadata.tables["card"]


def own(session: Session) -> m.Task:
    return session.get_one(m.Task, 1)


def changed(row: Any, **values: Any) -> None:
    for name, value in values.items():
        setattr(row, name, value)


def stub(session: Session, key: int, model: Any = m.Task) -> Any:
    """A row that was not loaded, as if it had been."""
    row = model(id=key)
    make_transient_to_detached(row)
    session.add(row)
    return row


def upserted(session: Session, model: Any, target: list[str], row: dict[str, Any], **change: Any) -> None:
    """ON CONFLICT, in the dialect of the database."""
    if session.get_bind().dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert as dialect_insert
    else:
        from sqlalchemy.dialects.sqlite import insert as dialect_insert  # type: ignore[assignment]
    statement = dialect_insert(model).values(row)
    if change:
        session.execute(statement.on_conflict_do_update(index_elements=target, set_=change))
    else:
        session.execute(statement.on_conflict_do_nothing(index_elements=target))


def excluded(session: Session) -> None:
    """The values of the row that was not inserted."""
    new = sa.table("excluded", sa.column("title")).c.title
    row = {"user_id": ADA, "number": 5, "title": "changed"}
    upserted(session, m.Entry, ["user_id", "number"], row, title=new)


def family(session: Session) -> None:
    parent = m.Task(title="new parent")
    parent.children = [m.Task(title="new child", children=[m.Task(title="new grandchild")])]
    session.add(parent)


def linked(session: Session) -> None:
    task = own(session)
    task.labels.append(session.get_one(m.Label, 3))
    task.labels.remove(session.get_one(m.Label, 1))


def watched(session: Session) -> None:
    task = own(session)
    task.watchers.append(session.get_one(m.Label, 4))
    session.flush()


def emptied(session: Session) -> None:
    session.delete(session.get_one(m.Project, 1))


def reported(session: Session) -> None:
    report = session.scalars(select(m.Report)).one()
    changed(report, pages=77, title="changed")


def read_first(session: Session) -> None:
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
        m.Task(title="new", project=s.get_one(m.Project, 2))  # type: ignore[arg-type]
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
    "insert returning": lambda s: s.scalars(insert(m.Task).returning(m.Task), [{"title": "a"}]).all(),
    "insert with a renamed owner": lambda s: s.execute(insert(m.Card), [{"title": "a"}]),
    "insert into shared from owned": lambda s: s.execute(
        insert(m.Area).from_select(["id", "name"], select(m.Task.id + 500, m.Task.title))  # type: ignore[operator]
    ),
    "upsert of what was to be inserted": excluded,
    "upsert by a key with the owner": lambda s: upserted(
        s, m.Entry, ["user_id", "number"], {"user_id": ADA, "number": 5, "title": "x"}, title="changed"
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
        .where(m.Task.project_id.in_(select(m.Project.id)))  # type: ignore[union-attr]
    ),
    "update of the table of a join": lambda s: s.connection().execute(
        m.report_table.update().values(pages=88)
    ),
    "delete where": lambda s: s.execute(delete(m.Task).where(m.Task.parent_id == 1)),
    "delete returning": lambda s: s.execute(delete(m.Card).returning(m.Card.id)).all(),
    "delete all": lambda s: s.execute(delete(m.TaskLabel)),
    "Query.update": lambda s: legacy(s, m.Task).filter_by(project_id=1).update({"title": "changed"}),
    "Query.delete": lambda s: legacy(s, m.Entry).delete(),
    "Session.connection(), insert": lambda s: s.connection().execute(
        task_table.insert(), [{"title": "a"}]
    ),
}
"""To the user's own rows: each has to work."""


def returning_from(session: Session, key: int) -> Any:
    statement = update(m.Task).values(title="changed").where(m.Project.id == key)
    return session.execute(statement.returning(m.Project.name)).all()


def updated_in_a_cte(session: Session, key: int) -> Any:
    written = update(m.Task).values(title="changed").where(m.Task.id >= key)  # type: ignore[operator]
    return session.execute(select(written.returning(m.Task.id).cte("written"))).all()


def cached(session: Session, key: int, **values: Any) -> Any:
    """As an app's cache may give it back."""
    row = m.Task(id=key, title="cached", user_id=ADA)
    make_transient_to_detached(row)
    for name in ("title", "user_id", "project_id", "parent_id"):
        set_committed_value(row, name, getattr(row, name))
    merged = session.merge(row, load=False)
    changed(merged, **values)
    return merged


def light_name(session: Session) -> tuple[str]:
    """SQLite takes any case."""
    return ("CARD",) if session.get_bind().dialect.name == "sqlite" else ("card",)


def labelled(session: Session, key: int) -> None:
    task = stub(session, key)
    task.labels.append(session.get_one(m.Label, 3))
    session.flush()


HARMLESS: dict[str, Aimed] = {
    "update where": lambda s, k: s.execute(
        update(m.Task).where(m.Task.id == k).values(title="changed")
    ).rowcount,
    "update of an alias": lambda s, k: s.execute(
        update(aliased(m.Task)).values(title="changed")
    ).rowcount,
    "update to another table's value": lambda s, k: s.execute(
        update(m.Task).values(title=m.Project.name).where(m.Project.id == k)
    ).rowcount,
    "update to a subquery's value": lambda s, k: s.execute(
        update(m.Task).values(
            title=sa.func.coalesce(
                select(m.Project.name).where(m.Project.id == k).scalar_subquery(), "none"
            )
        )
    ).rowcount,
    "update of shared rows where others' are": lambda s, k: s.execute(
        update(m.Area).values(name="changed").where(m.Area.id == m.Task.id, m.Task.id == k)
    ).rowcount,
    "delete where": lambda s, k: s.execute(delete(m.Task).where(m.Task.id == k)).rowcount,
    "delete of all": lambda s, k: s.execute(delete(m.Entry)).rowcount,
    "delete where others' are": lambda s, k: s.execute(
        delete(m.Watch).where(select(m.Task.id).where(m.Task.id == k).exists())
    ).rowcount,
    "update over Session.connection()": lambda s, k: s.connection().execute(
        task_table.update().where(task_table.c.id == k).values(title="changed")
    ).rowcount,
    "delete over Session.connection()": lambda s, k: s.connection().execute(
        task_table.delete().where(task_table.c.id == k)
    ).rowcount,
    "delete of a light table": lambda s, k: s.connection().execute(
        sa.table(*light_name(s), sa.column("id")).delete()
    ).rowcount,
    "delete of the table of a join": lambda s, k: s.connection().execute(
        m.report_table.delete().where(m.report_table.c.id == k)
    ).rowcount,
    "delete of a link": lambda s, k: s.execute(
        delete(m.TaskLabel).where(m.TaskLabel.task_id == k)  # type: ignore[arg-type]
    ).rowcount,
    "Query.delete": lambda s, k: legacy(s, m.Task).filter_by(id=k).delete(),
    "get": lambda s, k: s.get(m.Task, k),
}
"""With a condition: each has to work, and touches the user's rows only."""

HARMLESS_ON_POSTGRES: dict[str, Aimed] = {
    "update returning another table": returning_from,
    "update in a CTE": updated_in_a_cte,
    "delete using": lambda s, k: s.execute(
        delete(m.Watch).where(m.Watch.task_id == m.Task.id, m.Task.id == k)  # type: ignore[arg-type]
    ).rowcount,
    "delete of an alias": lambda s, k: s.execute(delete(aliased(m.Task))).rowcount,
}
"""What SQLite has no means for."""

REFUSED: dict[str, Aimed] = {
    "update by key": lambda s, k: s.execute(update(m.Task), [{"id": k, "title": "changed"}]),
    "update of many by key": lambda s, k: s.execute(
        update(m.Task), [{"id": 1, "title": "changed"}, {"id": k, "title": "changed"}]
    ),
    "bulk_update_mappings": lambda s, k: s.bulk_update_mappings(
        sa.inspect(m.Task), [{"id": k, "title": "changed"}]
    ),
    "change of a row that was not loaded": lambda s, k: changed(stub(s, k), title="changed"),
    "change of many that were not loaded": lambda s, k: [
        changed(stub(s, n), title="changed") for n in (1, 2, k)
    ],
    "delete of a row that was not loaded": lambda s, k: s.delete(stub(s, k)),
    "change of a cached row": lambda s, k: cached(s, k, title="changed"),
    "taking a cached row": lambda s, k: cached(s, k, user_id=ADA, title="changed"),
    "delete of a cached row": lambda s, k: s.delete(cached(s, k)),
    "key to a foreign row, add": lambda s, k: s.add(m.Task(title="new", project_id=k)),
    "key to a foreign row, change": lambda s, k: changed(own(s), project_id=k),
    "key to a foreign row, itself": lambda s, k: s.add(m.Task(title="new", parent_id=k)),
    "key to a foreign row, link": lambda s, k: s.add(m.TaskLabel(task_id=k, label_id=3)),
    "key to a foreign row, unowned link": lambda s, k: s.add(m.Watch(task_id=k, label_id=3)),
    "key to a foreign row, insert": lambda s, k: s.execute(
        insert(m.Task).values(title="new", project_id=k)
    ),
    "key to a foreign row, insert of many": lambda s, k: s.execute(
        insert(m.Task), [{"title": "a", "project_id": 1}, {"title": "b", "project_id": k}]
    ),
    "key to a foreign row, insert of many values": lambda s, k: s.execute(
        insert(m.Task).values(
            [{"title": "a", "user_id": ADA, "project_id": n} for n in (1, k)]
        )
    ),
    "key to a foreign row, bulk_insert_mappings": lambda s, k: s.bulk_insert_mappings(
        sa.inspect(m.Watch), [{"task_id": k, "label_id": 3}]
    ),
    "key to a foreign row, update": lambda s, k: s.execute(update(m.Task).values(project_id=k)),
    "key to a foreign row, update with a parameter": lambda s, k: s.execute(
        update(m.Task).values(project_id=sa.bindparam("p")), {"p": k}
    ),
    "key to a foreign row, update by key": lambda s, k: s.execute(
        update(m.Task), [{"id": 1, "project_id": k}]
    ),
    "key to a foreign row, expression": lambda s, k: changed(own(s), project_id=sa.literal(k) + 0),
    "key to a foreign row, relationship": lambda s, k: changed(
        own(s), project=stub(s, k, m.Project)
    ),
    "key to a foreign row, secondary": labelled,
    "key to a foreign row, Session.connection()": lambda s, k: s.connection().execute(
        task_table.insert(), [{"title": "new", "parent_id": k}]
    ),
    "key to a foreign row, light table": lambda s, k: s.connection().execute(
        sa.table("watch", sa.column("task_id"), sa.column("label_id")).insert(),
        [{"task_id": k, "label_id": 3}],
    ),
    "key to a foreign row, insert from select": lambda s, k: s.execute(
        insert(m.Watch).from_select(["task_id", "label_id"], select(sa.literal(k), sa.literal(3)))
    ),
    "key to a foreign row, table of a join": lambda s, k: s.connection().execute(
        m.report_table.insert(), [{"id": k, "pages": 1}]
    ),
    "key to a foreign row, on conflict": lambda s, k: upserted(
        s, m.Watch, ["task_id", "label_id"], {"task_id": 1, "label_id": 3}, task_id=k
    ),
    "upsert by a key without the owner": lambda s, k: upserted(
        s, m.Task, ["id"], {"id": k, "title": "x", "user_id": ADA}, title="stolen"
    ),
    "insert or nothing by a key without the owner": lambda s, k: upserted(
        s, m.Task, ["id"], {"id": k, "title": "x", "user_id": ADA}
    ),
    "upsert that gives away": lambda s, k: upserted(
        s, m.Entry, ["user_id", "number"], {"user_id": ADA, "number": 5, "title": "x"}, user_id=BOB
    ),
    "insert or replace": lambda s, k: s.execute(
        insert(m.Task).prefix_with("OR REPLACE").values(id=k, title="x", user_id=ADA)
    ),
    "update or replace": lambda s, k: s.execute(
        update(m.Task).prefix_with("OR REPLACE").where(m.Task.id == 1).values(id=k)
    ),
    "insert from select": lambda s, k: s.execute(
        insert(m.Task).from_select(["title"], select(m.Project.name))
    ),
    "delete of what users' rows refer to": lambda s, k: s.execute(
        delete(m.Area).where(m.Area.id == k)
    ),
    "flushed delete of what users' rows refer to": lambda s, k: s.delete(s.get_one(m.Area, 6)),
    "delete of an account": lambda s, k: s.delete(s.get_one(m.Account, BOB)),
    "change of a key that users' rows refer to": lambda s, k: s.execute(
        update(m.Area).where(m.Area.id == k).values(id=500)
    ),
    "text": lambda s, k: s.execute(sa.text(f"update task set title = 'x' where id = {k}")),
    "driver's SQL": lambda s, k: s.connection().exec_driver_sql('DELETE FROM "Task"'),
    "text within a statement": lambda s, k: s.execute(
        select(sa.literal_column(f"(select title from task where id = {k})"))
    ),
    "text as a FROM": lambda s, k: s.execute(select(sa.text("*")).select_from(sa.text("task t"))),
    "text as a condition": lambda s, k: s.execute(
        select(m.Area).where(sa.text(f"exists (select 1 from main.task where id = {k})"))
    ),
    "text as an operator": lambda s, k: s.execute(
        select(sa.literal(k).op("in (select id from task) or 1 =")(2))
    ),
    "a name that is not quoted": lambda s, k: s.execute(
        select(sa.column(sa.sql.quoted_name("(select count(*) from task)", False)))
    ),
    "DROP TABLE": lambda s, k: s.connection().execute(sa.schema.DropTable(task_table)),
    "delete of a table": lambda s, k: s.execute(task_table.delete()),
    "full outer join": lambda s, k: s.execute(
        select(m.Area.id, m.Task.id).join(m.Task, m.Area.id == m.Task.id, full=True)
    ),
    "a parameter called like the owner's": lambda s, k: s.execute(
        select(m.Task), {"owner_1": BOB}
    ).all(),
}
"""Each raises `OwnershipError`, the same for a row of another user and for none."""


def by_relationship(session: Session) -> None:
    session.add(m.Page(title="planted", owner=session.get_one(m.Account, BOB)))


def appended(session: Session) -> None:
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
