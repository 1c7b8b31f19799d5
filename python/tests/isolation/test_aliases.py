"""Names that the app gives to tables: none hides the owner's condition."""

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import select, update
from sqlalchemy.orm import registry
from sqlmodel import Field, Session

from better_auth_edge.sqlmodel import UserOwned, owned
from tests.isolation.conftest import World, in_memory
from tests.isolation.reads import m
from tests.isolation.world import ADA, BOB, outcome

NAMES = ["doc", "doc_1", "doc_2", "report", "anon_1", "user_id", "id"]


@pytest.mark.parametrize("name", NAMES)
def test_an_alias_of_the_table_of_a_join_is_held(worlds: dict[str, sa.Engine], name: str) -> None:
    def read(session: Any) -> Any:
        table = m.report_table.alias(name)
        joined = sa.orm.aliased(m.Doc, name=name)
        other = m.report_table.alias("doc_1")
        return (
            session.connection().execute(select(table.c.pages)).all(),
            session.scalars(select(joined.title)).all(),
            session.connection()
            .execute(select(other.c.pages).where(other.c.id.in_(select(table.c.id))))
            .all()
            if name != "doc_1"
            else None,
        )

    def without_none(session: Any) -> Any:
        return tuple(found for found in read(session) if found is not None)

    for user in ("ada", "bob"):
        alone = outcome(worlds[user], "all", without_none)
        assert outcome(worlds["both"], user, without_none) == alone


def test_a_table_that_is_called_like_an_alias_is_held() -> None:
    class Base(UserOwned):
        metadata = sa.MetaData()

    class Leaf(Base, table=True):
        kind: str = "leaf"
        id: int | None = Field(default=None, primary_key=True)
        __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "leaf"}  # noqa: RUF012

    class Bud(Leaf):
        pass

    buds = sa.Table(
        "leaf_1",
        Base.metadata,
        sa.Column("id", sa.ForeignKey("leaf.id"), primary_key=True),
        sa.Column("size", sa.Integer),
    )
    mappers: registry = Leaf.__mapper__.registry  # type: ignore[attr-defined]
    mappers.map_imperatively(Bud, buds, inherits=Leaf, polymorphic_identity="bud")
    engine = in_memory()
    Base.metadata.create_all(engine)
    with engine.begin() as connection:
        rows = [{"id": n, "kind": "bud", "user_id": user} for n, user in ((1, ADA), (2, BOB))]
        connection.execute(Base.metadata.tables["leaf"].insert(), rows)
        connection.execute(buds.insert(), [{"id": 1, "size": 1}, {"id": 2, "size": 2}])
    with owned(Session(engine), ADA) as session:
        connection = session.connection()
        assert connection.execute(select(buds.c.size)).scalars().all() == [1]
        assert connection.execute(update(buds).values(size=9)).rowcount == 1
        assert connection.execute(buds.delete()).rowcount == 1


def test_an_update_of_an_alias_is_held(sqlite_world: World) -> None:
    with owned(Session(sqlite_world("both")), ADA) as session:
        table = m.report_table
        assert session.connection().execute(update(table).values(pages=5)).rowcount == 1
