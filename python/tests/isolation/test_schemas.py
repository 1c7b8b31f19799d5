"""Schemas that a `schema_translate_map` gives: keys are looked up in the same one."""

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import insert
from sqlmodel import Field, Session

from better_auth_edge.sqlmodel import OwnershipError, UserOwned, owned
from tests.isolation.conftest import created
from tests.isolation.world import ADA, BOB

MAP = {"here": "tenant"}


class Placed(UserOwned):
    metadata = sa.MetaData(schema="here")


class Shelf(Placed, table=True):
    id: int | None = Field(default=None, primary_key=True)


class Book(Placed, table=True):
    id: int | None = Field(default=None, primary_key=True)
    shelf_id: int | None = Field(default=None, foreign_key="here.shelf.id")


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest) -> Iterator[sa.Engine]:
    """Ada's is the first shelf of the tenant, and the second elsewhere."""
    if request.param == "sqlite":
        made = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
        with made.connect() as connection:
            for name in ("here", "tenant"):
                connection.exec_driver_sql(f"ATTACH DATABASE ':memory:' AS {name}")
    else:
        made = created(request.getfixturevalue("postgres"), "schemas")
    with made.begin() as connection:
        for name, users in (("tenant", (ADA, BOB)), ("here", (BOB, ADA))):
            if request.param == "postgresql":
                connection.execute(sa.schema.CreateSchema(name))
            placed = connection.execution_options(schema_translate_map={"here": name})
            Placed.metadata.create_all(placed)
            rows = [{"id": number, "user_id": user} for number, user in enumerate(users, 1)]
            placed.execute(Placed.metadata.tables["here.shelf"].insert(), rows)
    yield made
    made.dispose()
    if request.param == "postgresql":
        with request.getfixturevalue("postgres").connect() as connection:
            connection.execute(sa.text("DROP DATABASE schemas"))


def of_the_engine(engine: sa.Engine, key: int) -> None:
    with owned(Session(engine.execution_options(schema_translate_map=MAP)), ADA) as session:
        session.add(Book(shelf_id=key))
        session.commit()


def of_the_connection(engine: sa.Engine, key: int) -> None:
    with owned(Session(engine), ADA) as session:
        session.connection(execution_options={"schema_translate_map": MAP})
        session.add(Book(shelf_id=key))
        session.commit()


def of_the_statement(engine: sa.Engine, key: int) -> None:
    with owned(Session(engine), ADA) as session:
        options: Any = {"schema_translate_map": MAP}
        session.execute(insert(Book), [{"shelf_id": key}], execution_options=options)
        session.commit()


@pytest.mark.parametrize("add", [of_the_engine, of_the_connection, of_the_statement])
def test_keys_are_looked_up_in_the_schema_that_is_written_to(engine: sa.Engine, add: Any) -> None:
    add(engine, 1)
    with pytest.raises(OwnershipError):
        add(engine, 2)


def test_without_a_map_they_are_looked_up_where_the_model_is(engine: sa.Engine) -> None:
    with owned(Session(engine), ADA) as session:
        session.add(Book(shelf_id=2))
        session.commit()
        session.add(Book(shelf_id=1))
        with pytest.raises(OwnershipError):
            session.commit()
