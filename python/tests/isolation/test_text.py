"""Text within a statement on users' rows: it cannot change what the statement is about."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import delete, exists, func, insert, literal_column, select, text, update
from sqlalchemy.orm import load_only
from sqlmodel import Session

from better_auth_edge.sqlmodel import OwnershipError
from better_auth_edge.sqlmodel.fragments import Place, check
from tests.isolation.conftest import World
from tests.isolation.reads import legacy, m
from tests.isolation.test_writes import committed
from tests.isolation.world import ADA, BOB, outcome, plain, rows_in, session_of, shared_rows

Act = Callable[[Any], Any]

ANY = "1 = 1 OR 2 = 2"
"""A condition that every row meets, unless it is separate from the owner's condition."""


def unquoted(name: str) -> Any:
    return sa.sql.quoted_name(name, False)


def entities(session: Any) -> Any:
    rows = session.scalars(select(m.Task).options(load_only(m.Task.title)).where(text(ANY)))
    return [row.title for row in rows]


KEPT_APART: dict[str, Act] = {
    "where": lambda s: s.scalars(select(m.Task.title).where(text(ANY))).all(),
    "where, a literal column": lambda s: s.scalars(
        select(m.Task.title).where(literal_column(ANY))
    ).all(),
    "where, first of two": lambda s: s.scalars(
        select(m.Task.title).where(text(ANY), m.Task.id > 0)
    ).all(),
    "where, within and_": lambda s: s.scalars(
        select(m.Task.title).where(sa.and_(m.Task.id > 0, text(ANY)))
    ).all(),
    "where, an operator": lambda s: s.scalars(
        select(m.Task.title).where((m.Task.id > 0).op("OR", precedence=20)(m.Task.id == 1))
    ).all(),
    "where, of a table that inherits": lambda s: s.scalars(
        select(m.Report.pages).where(text(ANY))
    ).all(),
    "entities without the owner": entities,
    "count": lambda s: legacy(s, m.Task).filter(text(ANY)).count(),
    "exists": lambda s: s.scalar(select(exists().where(m.Task.title == "Bob's", text(ANY)))),
    "within a CTE": lambda s: s.execute(
        select(select(m.Task.title.label("t")).where(text(ANY)).cte().c.t)
    ).all(),
    "on": lambda s: s.execute(
        select(m.Area.id, m.Task.title).join(m.Task, text("1 = 0 OR 1 = 1"))
    ).all(),
    "on, outer": lambda s: s.execute(
        select(m.Area.id, m.Task.title).outerjoin(m.Task, text(ANY))
    ).all(),
    "on, a literal column": lambda s: s.execute(
        select(m.Task.title, m.Project.name).outerjoin(m.Project, literal_column(ANY))
    ).all(),
    "having": lambda s: s.execute(
        select(m.Task.project_id, func.count()).group_by(m.Task.project_id).having(text(ANY))
    ).all(),
    "Session.connection()": lambda s: (
        s.connection().execute(select(m.metadata.tables["task"]).where(text(ANY))).all()
    ),
    "insert from a select": lambda s: s.execute(
        insert(m.Area).from_select(
            ["id", "name"], select(m.Task.id + 500, m.Task.title).where(text(ANY))
        )
    ),
    "update": lambda s: s.execute(update(m.Task).where(text(ANY)).values(title="x")).rowcount,
    "update, to a subquery": lambda s: s.execute(
        update(m.Area).values(
            name=select(func.max(m.Task.title)).where(text(ANY)).scalar_subquery()
        )
    ),
    "delete": lambda s: s.execute(delete(m.Card).where(text(ANY))).rowcount,
    "Query.delete": lambda s: legacy(s, m.Card).filter(text(ANY)).delete(),
}
"""Each comes to the same as on a database without others' rows."""

EVERYDAY: dict[str, Act] = {
    "where": lambda s: s.scalars(select(m.Task.title).where(text("project_id = 1"))).all(),
    "where with a parameter": lambda s: s.scalars(
        select(m.Task.title).where(text("title LIKE :t").bindparams(t="%s; -- (child"))
    ).all(),
    "where with a literal": lambda s: s.scalars(
        select(m.Task.title).where(text("title <> 'a; -- (b'"))
    ).all(),
    "where in a subquery of text": lambda s: s.scalars(
        select(m.Task.title).where(text("project_id IN (SELECT id FROM area WHERE id < 3)"))
    ).all(),
    "order": lambda s: s.scalars(select(m.Task.id).order_by(text("title desc"))).all(),
    "order by two": lambda s: s.scalars(select(m.Task.id).order_by(text("title, id"))).all(),
    "group": lambda s: s.execute(
        select(literal_column("count(*)")).select_from(m.Task).group_by(text("project_id"))
    ).all(),
    "a constant": lambda s: s.execute(select(literal_column("1"), m.Task.id)).all(),
    "a column": lambda s: s.execute(
        select(text("title AS t")).select_from(m.Task).where(m.Task.id < 9)
    ).all(),
    "a function": lambda s: s.execute(
        select(literal_column("coalesce(title, 'x, y')")).select_from(m.Task)
    ).all(),
    "a prefix": lambda s: s.scalars(select(m.Task.project_id).prefix_with("DISTINCT")).all(),
    "a suffix": lambda s: s.scalars(
        select(m.Task.id).where(m.Task.id < 9).suffix_with("LIMIT 5")
    ).all(),
    "an operator": lambda s: s.scalars(select(m.Task.title.op("||")("!"))).all(),
    "a type": lambda s: s.scalars(select(sa.cast(m.Task.id, sa.Numeric(10, 2)))).all(),
    "a query of text as a subquery": lambda s: s.execute(
        select(m.Task.id).where(
            m.Task.id.in_(text("SELECT id FROM area").columns(sa.column("id")).scalar_subquery())
        )
    ).all(),
    "update": lambda s: s.execute(update(m.Task).values(title=text("upper(title)"))).rowcount,
}
"""Each works, as on a database without others' rows."""


@pytest.mark.filterwarnings("ignore:.*cartesian product")
@pytest.mark.parametrize(
    "act", [*KEPT_APART.values(), *EVERYDAY.values()], ids=[*KEPT_APART, *EVERYDAY]
)
def test_text_reaches_the_users_rows_alone(world: World, act: Act) -> None:
    both, alone = world("both"), world("ada")
    bobs = rows_in(both, BOB)
    results = [committed(engine, "ada", act) for engine in (both, alone)]
    assert not isinstance(results[0], Exception), results[0]
    assert results[0] == results[1]
    assert rows_in(both, BOB) == bobs
    assert rows_in(both, ADA) == rows_in(alone, ADA)
    assert shared_rows(both) == shared_rows(alone)


def upsert(session: Any, **change: Any) -> None:
    name = session.get_bind().dialect.name
    statement = import_module(f"sqlalchemy.dialects.{name}").insert(m.Entry)
    statement = statement.values(user_id=ADA, number=5, title="x")
    keys = ["user_id", "number"]
    session.execute(statement.on_conflict_do_update(index_elements=keys, set_=change))


class Odd(sa.types.UserDefinedType[Any]):
    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "INTEGER) OR (1 = 1"

    def literal_processor(self, dialect: sa.Dialect) -> Any:
        return str


STRUCTURAL: dict[str, Act] = {
    "a comment at the end": lambda s: s.scalars(
        select(m.Task.title).where(text("1 = 1 -- all of them"))
    ),
    "a comment": lambda s: s.scalars(select(m.Task.title).where(text("1 = 1 /* and"))),
    "a comment's end": lambda s: s.scalars(select(m.Task.title).where(text("1 = 1 */"))),
    "a semicolon": lambda s: s.scalars(select(m.Task.title).where(text("1 = 1; SELECT 1"))),
    "parentheses the other way round": lambda s: s.scalars(
        select(m.Task.title).where(text("1 = 1) OR (1 = 1"))
    ),
    "parentheses in two texts": lambda s: s.scalars(
        select(m.Task.title).where(text("1 = 1) OR"), text("(1 = 1"))
    ),
    "a quote": lambda s: s.scalars(select(m.Task.title).where(text("title = 'a"))),
    "an identifier's quote": lambda s: s.scalars(select(m.Task.title).where(text('"title'))),
    "a backslash before a quote": lambda s: s.scalars(
        select(m.Task.title).where(text(r"title <> '\' OR title <> ' OR 1 = 1'"))
    ),
    "dollar quotes": lambda s: s.scalars(select(m.Task.title).where(text("title = $a$ ( $a$"))),
    "parentheses in a literal column": lambda s: s.scalars(
        select(m.Task.title).where(literal_column("1) OR (1"))
    ),
    "parentheses in an operator": lambda s: s.scalars(
        select(m.Task.title).where(m.Task.id.op("= 1) OR (1 =")(1))
    ),
    "parentheses in a function's name": lambda s: s.scalars(
        select(m.Task.title).where(getattr(func, unquoted("abs(1) = 1) OR (abs"))(1) == 1)
    ),
    "parentheses in a field": lambda s: s.scalars(
        select(m.Task.title).where(sa.extract("year FROM now()) = 1 OR (1", m.Task.id) == 1)
    ),
    "parentheses in a type": lambda s: s.scalars(
        select(m.Task.title).where(sa.cast(m.Task.id, Odd()) > 0)
    ),
    "a value written into quotes": lambda s: s.scalars(
        select(m.Task.title).where(
            text("title = ':x'").bindparams(
                sa.bindparam("x", ") OR (1=1", sa.String, literal_execute=True)
            )
        )
    ),
    "parentheses on": lambda s: s.execute(
        select(m.Area.id, m.Task.title).outerjoin(m.Task, text("1 = 1) OR (1 = 1"))
    ),
    "parentheses having": lambda s: s.execute(
        select(m.Task.id).group_by(m.Task.id).having(text("1 = 1) OR (1 = 1"))
    ),
    "a union as a column": lambda s: s.execute(
        select(m.Task.title, text("1 FROM everything UNION SELECT title, 1")).where(m.Task.id > 0)
    ),
    "a FROM as a literal column": lambda s: s.execute(
        select(literal_column("title FROM everything WHERE 1 = 1 OR 1"), m.Task.id)
    ),
    "a FROM as an operator": lambda s: s.execute(
        select(m.Task.title.op("FROM everything UNION SELECT")(m.Task.title))
    ),
    "a union as an order": lambda s: s.execute(
        select(m.Task.title).order_by(text("1 LIMIT 1 UNION SELECT title FROM everything"))
    ),
    "a union as a group": lambda s: s.execute(
        select(func.count(m.Task.id)).group_by(text("id UNION SELECT 1"))
    ),
    "a union as a limit": lambda s: s.execute(
        select(m.Task.id).limit(literal_column("1 UNION SELECT 1"))
    ),
    "a union as an order of a union": lambda s: s.execute(
        select(m.Task.title)
        .union(select(m.Card.title))
        .order_by(text("1 UNION SELECT title FROM everything"))
    ),
    "a union within the where's subquery": lambda s: s.scalars(
        select(m.Area.id).where(
            m.Area.id.in_(select(m.Task.id).order_by(text("1 UNION SELECT 1 FROM everything")))
        )
    ),
    "a prefix": lambda s: s.execute(
        select(m.Task.title).prefix_with("title FROM everything UNION SELECT")
    ),
    "a suffix": lambda s: s.scalars(select(m.Task.title).suffix_with("OR 1 = 1")),
    "a suffix that goes on": lambda s: s.scalars(select(m.Task.title).suffix_with("IS NOT NULL")),
    "a suffix with a union": lambda s: s.scalars(
        select(m.Task.title).suffix_with("LIMIT 1 UNION SELECT title FROM everything")
    ),
    "a statement's hint": lambda s: s.scalars(select(m.Task.title).with_statement_hint("OR 1 = 1")),
    "a name": lambda s: s.execute(
        select(m.Task.title.label(unquoted("t FROM everything UNION SELECT title AS t")))
    ),
    "an alias": lambda s: s.execute(
        select(sa.orm.aliased(m.Task, name=unquoted("t WHERE 1 = 1 OR 1")).title)
    ),
    "a collation": lambda s: s.execute(
        select(m.Task.title).where(sa.collate(m.Task.title, unquoted("C) OR (1")) > "")
    ),
    "a FROM of text": lambda s: s.connection().execute(
        select(m.metadata.tables["task"].c.title).select_from(text("area JOIN label ON 1 = 1"))
    ),
    "set to two": lambda s: s.execute(
        update(m.Task).where(m.Task.id == 1).values(title=text(f"'gift', user_id = '{BOB.hex}'"))
    ),
    "set to a foreign key": lambda s: s.execute(
        update(m.Task).where(m.Task.id == 1).values(title=text("title, project_id = 6"))
    ),
    "set, a literal column": lambda s: s.execute(
        update(m.Task).values(title=literal_column("title, project_id = 6"))
    ),
    "set, an operator": lambda s: s.execute(
        update(m.Task).where(m.Task.id == 1).values(title=m.Task.title.op(", project_id =")(6))
    ),
    "set for all users": lambda s: s.execute(
        update(m.Task).values(title=text("'x' WHERE 1 = 1 OR 1 = 1"))
    ),
    "set of a link without an owner": lambda s: s.execute(
        update(m.Watch).values(label_id=text("1, task_id = 6"))
    ),
    "set of a key that users' rows refer to": lambda s: s.execute(
        update(m.Area).where(m.Area.id == 6).values(name=text("'x', id = 500"))
    ),
    "insert": lambda s: s.execute(
        insert(m.Task).values(title=text(f"'gift', '{BOB.hex}'"), user_id=ADA)
    ),
    "insert of rows of its own": lambda s: s.execute(
        insert(m.Watch).values(task_id=1, label_id=text("1), (6, 1"))
    ),
    "insert that replaces": lambda s: s.execute(
        insert(m.Area).from_select(
            ["id", "name"],
            text("SELECT 6, 'x' WHERE 1 = 1 ON CONFLICT (id) DO UPDATE SET id = 500").columns(
                sa.column("id"), sa.column("name")
            ),
        )
    ),
    "upsert": lambda s: upsert(s, title=text(f"'x', user_id = '{BOB.hex}'")),
    "returning": lambda s: s.execute(
        update(m.Task).values(title="x").returning(text("title, (SELECT 1 UNION SELECT 2)"))
    ),
    "a key in a query of text": lambda s: s.execute(
        select(m.Task.id).where(
            m.Task.id.in_(
                text("SELECT 1) OR 1 IN (SELECT 1").columns(sa.column("n")).scalar_subquery()
            )
        )
    ),
}
"""Text that would become more than its place in the statement."""


@pytest.mark.filterwarnings("ignore:.*cartesian product")
@pytest.mark.parametrize("act", STRUCTURAL.values(), ids=STRUCTURAL)
def test_text_that_could_change_the_statement_is_rejected(world: World, act: Act) -> None:
    engine = world("both")
    before = rows_in(engine, ADA), rows_in(engine, BOB), shared_rows(engine)
    error = committed(engine, "ada", lambda session: act(session) and None)
    assert isinstance(error, OwnershipError), repr(error)
    assert (rows_in(engine, ADA), rows_in(engine, BOB), shared_rows(engine)) == before


def test_a_value_that_is_written_into_the_statement_is_text_too(sqlite_world: World) -> None:
    """As SQLAlchemy does it while it executes, it wraps the error."""
    value = sa.bindparam("n", "1) OR (1=1", Odd(), literal_execute=True)
    with session_of(sqlite_world("both"), "ada") as session:
        with pytest.raises(sa.exc.StatementError) as error:
            session.scalars(select(m.Task.title).where(m.Task.id > value)).all()
        assert isinstance(error.value.orig, OwnershipError)


def test_rows_of_a_view_are_not_loaded_without_their_owner(sqlite_world: World) -> None:
    engine = sqlite_world("both")
    with session_of(engine, "all") as session:
        session.execute(text("CREATE VIEW everything AS SELECT * FROM task"))
        session.commit()
    query = select(m.Task).from_statement(text("SELECT id, title FROM everything"))
    result = outcome(engine, "ada", lambda session: session.scalars(query).all())
    assert isinstance(result, OwnershipError)


def test_text_beside_shared_rows_is_free(sqlite_world: World) -> None:
    with session_of(sqlite_world("both"), "ada") as session:
        query: Any = select(text("id, name FROM area -- all"))
        assert len(plain(session.execute(query))) == 9
        assert session.scalar(select(func.count()).select_from(text("area JOIN label ON 1 = 1")))
        assert isinstance(session, Session)


@pytest.mark.parametrize(
    ("sql", "dialect"),
    [
        ("a # b", "mysql"),
        ("`a", "mysql"),
        ("`a`", "postgresql"),
        ("[a) b]", "sqlite"),
        ("['] OR ']", "sqlite"),
        ("ARRAY[1", "postgresql"),
        ("(a]", "postgresql"),
        (r"E'\' OR '", "postgresql"),
        ("1\0", "sqlite"),
    ],
)
def test_text_that_databases_read_differently_is_rejected(sql: str, dialect: str) -> None:
    with pytest.raises(OwnershipError):
        check(sql, Place.GROUPED, dialect)


@pytest.mark.parametrize(
    ("sql", "dialect"),
    [
        ("'it''s'", "sqlite"),
        ("[a b], `c`", "sqlite"),
        ("a #> '{b, c}' AND ARRAY['x', '(y']::text[] @> d", "postgresql"),
        ("extract(year FROM a), trim(both 'x' from b)", "postgresql"),
        ("a::numeric(10, 2)", "postgresql"),
    ],
)
def test_other_text_is_one_operand(sql: str, dialect: str) -> None:
    check(sql, Place.LIST, dialect)
