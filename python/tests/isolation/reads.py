"""Ways to read. Each takes a session and a model, and gives what it found."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exists, func, select
from sqlalchemy.orm import Bundle, aliased
from sqlmodel import Session

from tests.isolation import models

m: Any = models
"""The models. Their columns are not values here."""


@dataclass(frozen=True)
class Shape:
    """A model, the same under another name, and what it says besides its key."""

    model: Any
    text: str = "title"
    key: str = "id"

    @property
    def other(self) -> Any:
        return aliased(self.model, name="another")

    def texts(self, model: Any = None) -> Any:
        return getattr(model or self.model, self.text)

    def keys(self, model: Any = None) -> Any:
        return getattr(model or self.model, self.key)


SHAPES = {
    "plain": Shape(m.Task),
    "an alias": Shape(aliased(m.Task)),
    "a flat alias": Shape(aliased(m.Report, flat=True)),
    "with subclasses": Shape(m.Card),
    "a renamed owner": Shape(aliased(m.Card)),
    "a composite key": Shape(m.Entry, key="number"),
    "the root of an inheritance": Shape(m.Doc),
    "inherited in the same table": Shape(m.Memo),
    "inherited by a join": Shape(m.Report),
    "a column of the joined table": Shape(m.Report, text="pages"),
    "a link": Shape(m.TaskLabel, text="label_id", key="task_id"),
    "a second mapper": Shape(m.Slim),
    "an owner by relationship": Shape(m.Page),
    "with a computed column": Shape(m.Project, text="name"),
}

Read = Callable[[Session, Shape], Any]


def legacy(session: Any, *entities: Any) -> Any:
    return sa.orm.Session.query(session, *entities)


def paginated(session: Session, shape: Shape) -> Any:
    query = select(shape.model).order_by(shape.keys(), shape.texts()).limit(5).offset(1)
    total = select(func.count()).select_from(select(shape.model).subquery())
    return session.scalars(query).all(), session.scalar(total)


def by_every_id(session: Session, shape: Shape) -> Any:
    return [
        session.scalars(select(shape.texts()).where(shape.keys() == id_)).all() for id_ in range(10)
    ]


def self_join(session: Session, shape: Shape, **how: Any) -> Any:
    other = shape.other
    on = shape.keys() == shape.keys(other) - 5
    return session.execute(select(shape.texts(), shape.texts(other)).join(other, on, **how)).all()


def anti_join(session: Session, shape: Shape) -> Any:
    other = shape.other
    none = ~exists(select(1).where(shape.keys(other) == m.Area.id))
    return session.scalars(select(m.Area.id).where(none)).all()


def nested_outer(session: Session, shape: Shape) -> Any:
    other = shape.other
    inner = sa.join(m.Label, other, m.Label.id == shape.keys(other), isouter=True)
    query = select(m.Area.id, m.Label.name, shape.texts(other))
    return session.execute(
        query.select_from(sa.outerjoin(m.Area, inner, m.Area.id == m.Label.id))
    ).all()


def right_nested(session: Session, shape: Shape) -> Any:
    inner = sa.join(m.Label, shape.model, m.Label.id == shape.keys())
    query = select(m.Area.id, m.Label.name, shape.texts())
    return session.execute(
        query.select_from(sa.outerjoin(m.Area, inner, m.Area.id == m.Label.id))
    ).all()


def recursive(session: Session, shape: Shape) -> Any:
    first = select(shape.keys().label("n")).where(shape.keys() != 2).cte("walk", recursive=True)
    walk = first.union(select(shape.keys()).where(shape.keys() == first.c.n + 1))
    return session.execute(select(walk.c.n)).all()


def lateral(session: Session, shape: Shape) -> Any:
    inner = select(shape.texts().label("t")).where(shape.keys() == m.Area.id).lateral()
    return session.execute(select(m.Area.id, inner.c.t).join(inner, sa.true())).all()


def window(session: Session, shape: Shape) -> Any:
    return session.execute(select(shape.keys(), func.count(shape.keys()).over())).all()


def aggregated(session: Session, shape: Shape) -> Any:
    parity = (shape.keys() % 2).label("parity")
    query = select(parity, func.count(), func.max(shape.texts()))
    return session.execute(query.group_by(parity).having(func.count() > 1)).all()


def correlated(session: Session, shape: Shape) -> Any:
    many = select(func.count(shape.keys())).where(shape.keys() >= m.Area.id).scalar_subquery()
    return session.execute(select(m.Area.id, many).order_by(many)).all()


def cased(session: Session, shape: Shape) -> Any:
    there = exists(select(shape.keys()).where(shape.keys() == m.Area.id))
    return session.execute(select(m.Area.id, sa.case((there, "yes"), else_="no"))).all()


def union_all(session: Session, shape: Shape) -> Any:
    both = select(shape.texts()).union_all(select(shape.texts(shape.other))).subquery()
    return session.execute(select(both)).all()


def lambda_statement(session: Session, shape: Shape) -> Any:
    model = shape.model
    return session.scalars(sa.lambda_stmt(lambda: select(model))).all()


def streamed(session: Session, shape: Shape) -> Any:
    return list(session.scalars(select(shape.model).execution_options(yield_per=1)))


def refreshed(session: Session, shape: Shape) -> Any:
    found = session.scalars(select(shape.model)).all()
    session.expire_all()
    return [shape.texts(row) for row in found]


READS: dict[str, Read] = {
    "select": lambda s, x: s.scalars(select(x.model)).all(),
    "select of a column": lambda s, x: s.scalars(select(x.texts())).all(),
    "select by key": by_every_id,
    "select with or": lambda s, x: s.scalars(
        select(x.texts()).where((x.keys() < 3) | (x.keys() > 5))
    ).all(),
    "select of a bundle": lambda s, x: s.scalars(select(Bundle("b", x.keys(), x.texts()))).all(),
    "order, limit and a count of the subquery": paginated,
    "distinct": lambda s, x: s.scalars(select(x.texts()).distinct()).all(),
    "count(*)": lambda s, x: s.scalar(select(func.count()).select_from(x.model)),
    "count of a column": lambda s, x: s.scalar(select(func.count(x.keys()))),
    "group by, having": aggregated,
    "window": window,
    "exists": lambda s, x: [s.scalar(select(exists().where(x.keys() == n))) for n in range(10)],
    "exists of a select": lambda s, x: s.scalar(
        select(exists(select(x.model).where(x.keys() > 5)))
    ),
    "not exists": anti_join,
    "in a subquery": lambda s, x: s.scalars(
        select(m.Area.id).where(m.Area.id.in_(select(x.keys())))
    ).all(),
    "not in a subquery": lambda s, x: s.scalars(
        select(m.Area.id).where(m.Area.id.not_in(select(x.keys())))
    ).all(),
    "scalar subquery": correlated,
    "case": cased,
    "CTE": lambda s, x: s.execute(select(select(x.texts().label("t")).cte().c.t)).all(),
    "recursive CTE": recursive,
    "an alias of a subquery": lambda s, x: s.execute(
        select(select(x.keys(), x.texts()).subquery())
    ).all(),
    "union": lambda s, x: s.scalars(select(x.texts()).union(select(x.texts(x.other)))).all(),
    "union all in a subquery": union_all,
    "intersect": lambda s, x: s.scalars(select(m.Area.id).intersect(select(x.keys()))).all(),
    "except": lambda s, x: s.scalars(select(m.Area.id).except_(select(x.keys()))).all(),
    "join": self_join,
    "outer join": lambda s, x: self_join(s, x, isouter=True),
    "outer join to an outer join": nested_outer,
    "outer join to a join": right_nested,
    "lambda_stmt": lambda_statement,
    "from_statement": lambda s, x: s.scalars(
        select(x.model).from_statement(select(x.model).order_by(x.keys()))
    ).all(),
    "yield_per": streamed,
    "refresh of what has expired": refreshed,
    "for update": lambda s, x: s.scalars(select(x.model).with_for_update()).all(),
    "Query": lambda s, x: legacy(s, x.model).all(),
    "Query.count": lambda s, x: legacy(s, x.model).count(),
    "Query.exists": lambda s, x: legacy(
        s, legacy(s, x.model).filter(x.keys() > 5).exists()
    ).scalar(),
    "Query.with_entities": lambda s, x: legacy(s, x.model).with_entities(x.texts()).all(),
    "Session.connection()": lambda s, x: s.connection().execute(select(x.keys(), x.texts())).all(),
}

ON_POSTGRES: dict[str, Read] = {
    "lateral": lateral,
    "distinct on": lambda s, x: s.execute(
        select(x.keys(), x.texts()).distinct(x.keys()).order_by(x.keys(), x.texts())
    ).all(),
    "tablesample": lambda s, x: s.execute(
        select(sa.tablesample(sa.inspect(x.model).mapper.local_table, 100).c[x.key])
    ).all(),
}
"""What SQLite has no means for."""
