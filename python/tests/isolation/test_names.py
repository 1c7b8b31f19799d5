"""Owned tables that are called like a keyword or a function, and what only looks like one."""

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import func, literal_column, select, text
from sqlmodel import Field, Session, SQLModel

from better_auth_edge.sqlmodel import OwnershipError, UserOwned, owned
from better_auth_edge.sqlmodel.models import names_owned_table
from tests.isolation.conftest import in_memory
from tests.isolation.world import ADA, BOB


class Named(UserOwned):
    metadata = sa.MetaData()


class Plan(Named, table=True):
    """SQLAlchemy quotes it, and SQLite does not ask for it."""

    id: int | None = Field(default=None, primary_key=True)
    title: str = ""


class Rank(Named, table=True):
    id: int | None = Field(default=None, primary_key=True)
    title: str = ""


class Kind(SQLModel, table=True):
    metadata = Named.metadata

    id: int | None = Field(default=None, primary_key=True)
    plan: str = ""


m: Any = {"plan": Plan, "rank": Rank, "kind": Kind}


@pytest.fixture
def session() -> Any:
    engine = in_memory()
    Named.metadata.create_all(engine)
    with engine.begin() as connection:
        for table in ("plan", "rank"):
            rows = [{"title": "ada", "user_id": ADA}, {"title": "bob", "user_id": BOB}]
            connection.execute(Named.metadata.tables[table].insert(), rows)
        connection.execute(Named.metadata.tables["kind"].insert(), [{"plan": "'plan'"}])
    with owned(Session(engine), ADA) as session:
        yield session


NAMING = [
    "SELECT title FROM plan",
    "SELECT title FROM main.plan",
    "SELECT title FROM 'plan'",
    "SELECT title FROM [plan]",
    "SELECT title FROM `main` . `plan`",
    "SELECT title FROM/**/plan",
    "SELECT title FROM -- it\nplan",
    "SELECT title FROM (plan)",
    "SELECT k.id FROM kind k, plan",
    "SELECT k.id FROM kind k JOIN plan ON 1",
    "DELETE FROM plan",
    "UPDATE plan SET title = 'x'",
    "UPDATE OR REPLACE plan SET title = 'x'",
    "INSERT INTO plan (title) VALUES ('x')",
    "INSERT INTO plan(title) VALUES ('x')",
    "INSERT INTO rank(title) VALUES ('x')",
    "SELECT title FROM rank",
    "SELECT title FROM 'rank'",
    "DROP TABLE IF EXISTS plan",
]


@pytest.mark.parametrize("sql", NAMING)
def test_text_that_names_such_a_table_is_rejected(session: Session, sql: str) -> None:
    with pytest.raises(OwnershipError):
        session.execute(text(sql))
    with pytest.raises(OwnershipError):
        session.connection().exec_driver_sql(sql)


def test_a_name_is_not_put_together_from_parts(session: Session) -> None:
    table: Any = literal_column("title FROM").op(" ")(literal_column("'rank'"))
    with pytest.raises(OwnershipError):
        session.execute(select(table)).all()


def created(session: Any) -> bool:
    Named.metadata.create_all(session.connection())
    return True


PASSING: dict[str, Any] = {
    "a function": lambda s: s.scalars(select(func.rank().over(order_by=m["kind"].id))).all(),
    "a function in text": lambda s: s.scalars(
        select(literal_column("rank() OVER (ORDER BY id)")).select_from(m["kind"])
    ).all(),
    "a string": lambda s: s.scalars(select(literal_column("'rank'"))).all(),
    "a keyword": lambda s: s.execute(text("EXPLAIN QUERY PLAN SELECT 1")).all(),
    "a column": lambda s: s.scalars(text("SELECT plan FROM kind WHERE plan <> ''")).all(),
    "create_all": created,
    "inspection": lambda s: sa.inspect(s.connection()).get_columns("rank"),
    "inspection of keys": lambda s: (
        sa.inspect(s.connection()).get_indexes("rank"),
        sa.inspect(s.connection()).get_foreign_keys("plan"),
    ),
}


@pytest.mark.parametrize("act", PASSING.values(), ids=PASSING)
def test_what_only_looks_like_the_name_passes(session: Session, act: Any) -> None:
    assert act(session)


def test_an_inspection_is_no_more_than_that(session: Session) -> None:
    for sql in ('PRAGMA main.table_info("x"); SELECT * FROM rank', "PRAGMA rank"):
        with pytest.raises(OwnershipError):
            session.connection().exec_driver_sql(sql)


def test_a_function_call_does_not_count_as_a_table() -> None:
    nothing = frozenset[str]()
    assert not names_owned_table("SELECT 1, rank() OVER ()", nothing)
    assert names_owned_table("INSERT INTO main.rank (title)", nothing)
    assert names_owned_table("SELECT rank /* a table */ (1)", nothing) == "rank"
