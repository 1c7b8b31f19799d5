"""Models whose key holds the owner, with a foreign key of both columns, versions, defaults that the
database computes and relationships that are only written to.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy import select
from sqlalchemy.orm import make_transient_to_detached
from sqlmodel import Field, Relationship, col

from better_auth_edge.sqlmodel import OwnershipError, UserOwned
from tests.isolation.world import ADA, BOB, session_of


class Apart(UserOwned):
    """Not among the tables of the other tests."""

    metadata = sa.MetaData()


class Crate(Apart, table=True):
    user_id: UUID = Field(default=None, primary_key=True)
    number: int = Field(primary_key=True)
    things: list["Thing"] = Relationship(
        back_populates="crate", sa_relationship_kwargs={"lazy": "write_only"}
    )


class Thing(Apart, table=True):
    """The version counts, and the database sets the time."""

    __table_args__ = (
        sa.ForeignKeyConstraint(["user_id", "crate_no"], ["crate.user_id", "crate.number"]),
    )
    __mapper_args__ = {"eager_defaults": True}  # noqa: RUF012

    id: int | None = Field(default=None, primary_key=True)
    crate_no: int | None = None
    name: str = ""
    changed: datetime | None = Field(
        default=None, sa_column=sa.Column(sa.DateTime, onupdate=sa.func.now(), nullable=True)
    )
    crate: Crate | None = Relationship(back_populates="things")


TABLES = [Apart.metadata.tables[name] for name in ("crate", "thing")]


@pytest.fixture
def engine() -> sa.Engine:
    engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
    with engine.begin() as connection:
        crate, thing = TABLES
        Apart.metadata.create_all(connection)
        for user, key in ((ADA, 1), (BOB, 6)):
            connection.execute(crate.insert(), [{"user_id": user, "number": key}])
            row = {"user_id": user, "id": key, "crate_no": key, "name": "old"}
            connection.execute(thing.insert(), [row])
    return engine


def rows(engine: sa.Engine, user: UUID) -> list[Any]:
    with engine.connect() as connection:
        return [
            tuple(row)
            for table in TABLES
            for row in connection.execute(table.select().where(table.c.user_id == user))
        ]


def crate_of(session: Any) -> Any:
    return session.get_one(Crate, (ADA, 1))


def stub(session: Any, key: int) -> Any:
    thing = Thing(id=key, user_id=ADA, name="old")
    make_transient_to_detached(thing)
    session.add(thing)
    return thing


def named(thing: Any, **values: Any) -> None:
    for name, value in values.items():
        setattr(thing, name, value)


Write = Callable[[Any], Any]

WORKS: dict[str, Write] = {
    "change": lambda s: named(s.get_one(Thing, 1), name="new"),
    "add to a crate": lambda s: s.add(Thing(name="new", crate_no=1)),
    "take out": lambda s: named(s.get_one(Thing, 1), crate_no=None),
    "merge": lambda s: s.merge(Thing(id=1, name="new", crate_no=1)),
    "write only, add": lambda s: crate_of(s).things.add(Thing(name="new")),
    "write only, insert": lambda s: s.execute(crate_of(s).things.insert(), [{"name": "new"}]),
    "write only, update": lambda s: s.execute(crate_of(s).things.update().values(name="new")),
    "write only, delete": lambda s: s.execute(crate_of(s).things.delete()),
}

IS_REFUSED: dict[str, Write] = {
    "change of another's row": lambda s: named(stub(s, 6), name="new"),
    "change of an absent row": lambda s: named(stub(s, 999), name="new"),
    "add to another's crate": lambda s: s.add(Thing(name="new", crate_no=6)),
    "move to another's crate": lambda s: named(s.get_one(Thing, 1), crate_no=6),
    "add to another's crate, both": lambda s: s.add(Thing(user_id=BOB, crate_no=6)),
    "a crate for another": lambda s: s.add(Crate(user_id=BOB, number=9)),
}


@pytest.mark.parametrize("write", WORKS.values(), ids=WORKS)
def test_the_users_rows_are_written(engine: sa.Engine, write: Write) -> None:
    adas, bobs = rows(engine, ADA), rows(engine, BOB)
    with session_of(engine, "ada") as session:
        write(session)
        session.commit()
    assert rows(engine, BOB) == bobs
    assert rows(engine, ADA) != adas


@pytest.mark.parametrize("write", IS_REFUSED.values(), ids=IS_REFUSED)
def test_others_rows_are_not(engine: sa.Engine, write: Write) -> None:
    before = rows(engine, ADA), rows(engine, BOB)
    with session_of(engine, "ada") as session:
        write(session)
        with pytest.raises(OwnershipError):
            session.commit()
    assert (rows(engine, ADA), rows(engine, BOB)) == before


def test_only_the_users_rows_are_read(engine: sa.Engine) -> None:
    with session_of(engine, "ada") as session:
        assert session.get(Crate, (BOB, 6)) is None
        assert [thing.id for thing in session.scalars(crate_of(session).things.select())] == [1]
        full = select(col(Crate.number)).where(Crate.things.any())  # type: ignore[attr-defined]
        assert session.scalars(full).all() == [1]
