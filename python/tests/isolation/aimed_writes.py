"""Ways to write that take aim at an id, which is not the user's: they come to the same for a row of
another user and for one that is not there.
"""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import aliased, make_transient_to_detached
from sqlalchemy.orm.attributes import set_committed_value

from tests.isolation.reads import legacy, m
from tests.isolation.world import ADA, BOB
from tests.isolation.writes import changed, own, task_table, upserted

Aimed = Callable[[Any, int], Any]


def stub(session: Any, key: int, model: Any = m.Task) -> Any:
    """A row that was not loaded, as if it had been."""
    row = model(id=key)
    make_transient_to_detached(row)
    session.add(row)
    return row


def returning_from(session: Any, key: int) -> Any:
    statement = update(m.Task).values(title="changed").where(m.Project.id == key)
    return session.execute(statement.returning(m.Project.name)).all()


def updated_in_a_cte(session: Any, key: int) -> Any:
    written = update(m.Task).values(title="changed").where(m.Task.id >= key)
    return session.execute(select(written.returning(m.Task.id).cte("written"))).all()


def cached(session: Any, key: int, **values: Any) -> Any:
    """As an app's cache may give it back."""
    row = m.Task(id=key, title="cached", user_id=ADA)
    make_transient_to_detached(row)
    for name in ("title", "user_id", "project_id", "parent_id"):
        set_committed_value(row, name, getattr(row, name))
    merged = session.merge(row, load=False)
    changed(merged, **values)
    return merged


def light_name(session: Any) -> tuple[str]:
    """SQLite takes any case."""
    return ("CARD",) if session.get_bind().dialect.name == "sqlite" else ("card",)


def labelled(session: Any, key: int) -> None:
    task = stub(session, key)
    task.labels.append(session.get_one(m.Label, 3))
    session.flush()


HARMLESS: dict[str, Aimed] = {
    "update where": lambda s, k: (
        s.execute(update(m.Task).where(m.Task.id == k).values(title="changed")).rowcount
    ),
    "update of an alias": lambda s, k: (
        s.execute(update(aliased(m.Task)).values(title="changed")).rowcount
    ),
    "update to another table's value": lambda s, k: (
        s.execute(update(m.Task).values(title=m.Project.name).where(m.Project.id == k)).rowcount
    ),
    "update to a subquery's value": lambda s, k: (
        s.execute(
            update(m.Task).values(
                title=sa.func.coalesce(
                    select(m.Project.name).where(m.Project.id == k).scalar_subquery(), "none"
                )
            )
        ).rowcount
    ),
    "update of shared rows where others' are": lambda s, k: (
        s.execute(
            update(m.Area).values(name="changed").where(m.Area.id == m.Task.id, m.Task.id == k)
        ).rowcount
    ),
    "delete where": lambda s, k: s.execute(delete(m.Task).where(m.Task.id == k)).rowcount,
    "delete of all": lambda s, k: s.execute(delete(m.Entry)).rowcount,
    "delete where others' are": lambda s, k: (
        s.execute(delete(m.Watch).where(select(m.Task.id).where(m.Task.id == k).exists())).rowcount
    ),
    "update over Session.connection()": lambda s, k: (
        s.connection()
        .execute(task_table.update().where(task_table.c.id == k).values(title="changed"))
        .rowcount
    ),
    "delete over Session.connection()": lambda s, k: (
        s.connection().execute(task_table.delete().where(task_table.c.id == k)).rowcount
    ),
    "delete of a light table": lambda s, k: (
        s.connection().execute(sa.table(*light_name(s), sa.column("id")).delete()).rowcount
    ),
    "delete of the table of a join": lambda s, k: (
        s.connection().execute(m.report_table.delete().where(m.report_table.c.id == k)).rowcount
    ),
    "delete of a link": lambda s, k: (
        s.execute(delete(m.TaskLabel).where(m.TaskLabel.task_id == k)).rowcount
    ),
    "Query.delete": lambda s, k: legacy(s, m.Task).filter_by(id=k).delete(),
    "get": lambda s, k: s.get(m.Task, k),
}
"""With a condition: each has to work, and touches the user's rows only."""

HARMLESS_ON_POSTGRES: dict[str, Aimed] = {
    "update returning another table": returning_from,
    "update in a CTE": updated_in_a_cte,
    "delete using": lambda s, k: (
        s.execute(delete(m.Watch).where(m.Watch.task_id == m.Task.id, m.Task.id == k)).rowcount
    ),
    "delete of an alias": lambda s, k: s.execute(delete(aliased(m.Entry))).rowcount,
}
"""What SQLite has no means for."""

REJECTED: dict[str, Aimed] = {
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
        insert(m.Task).values([{"title": "a", "user_id": ADA, "project_id": n} for n in (1, k)])
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
    "insert or replace of what users' rows refer to": lambda s, k: s.execute(
        insert(m.Area).prefix_with("OR REPLACE").values(id=6, name="x")
    ),
    "upsert that changes a key that users' rows refer to": lambda s, k: upserted(
        s, m.Area, ["id"], {"id": 6, "name": "x"}, id=500
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
    "text as a hint": lambda s, k: s.execute(
        select(m.Area.id, m.Area.name).with_statement_hint("UNION SELECT id, title FROM task")
    ).all(),
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
