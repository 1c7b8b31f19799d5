"""Ways to follow a relationship. Each takes a session and a relation, and gives what it found."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import func, select
from sqlalchemy.orm import (
    aliased,
    contains_eager,
    defaultload,
    immediateload,
    joinedload,
    lazyload,
    selectinload,
    subqueryload,
    with_parent,
)
from sqlmodel import Session

from tests.isolation.reads import m


@dataclass(frozen=True)
class Relation:
    """A relationship and what identifies the row at either end."""

    parent: Any
    name: str
    target: Any
    parent_key: str = "id"
    target_key: str = "id"

    @property
    def attribute(self) -> Any:
        return getattr(self.parent, self.name)

    @property
    def keys(self) -> Any:
        return getattr(self.parent, self.parent_key)

    def read(self, parents: Any) -> Any:
        """Of each parent, what it is related to."""
        found = {}
        for parent in parents:
            related = getattr(parent, self.name)
            many = related if isinstance(related, list) else [related] if related else []
            found[getattr(parent, self.parent_key)] = sorted(
                getattr(target, self.target_key) for target in many
            )
        return sorted(found.items())


RELATIONS = {
    "shared to owned": Relation(m.Area, "projects", m.Project),
    "owned to shared": Relation(m.Project, "area", m.Area),
    "owned to owned": Relation(m.Project, "tasks", m.Task),
    "owned to its owned parent": Relation(m.Task, "project", m.Project),
    "self-referential, down": Relation(m.Task, "children", m.Task),
    "self-referential, up": Relation(m.Task, "parent", m.Task),
    "secondary, from owned": Relation(m.Task, "labels", m.Label),
    "secondary, from shared": Relation(m.Label, "tasks", m.Task),
    "owner": Relation(m.Page, "owner", m.Account, target_key="uuid"),
    "owned by": Relation(m.Account, "pages", m.Page, parent_key="uuid"),
}

Follow = Callable[[Session, Relation], Any]


def loaded(option: Callable[[Any], Any]) -> Follow:
    def follow(session: Session, relation: Relation) -> Any:
        query = select(relation.parent).options(option(relation.attribute))
        return relation.read(session.scalars(query).unique().all())

    return follow


def joined_with(session: Session, relation: Relation, **how: Any) -> Any:
    query = select(relation.keys, getattr(relation.target, relation.target_key))
    if relation.target is relation.parent:
        other = aliased(relation.target)
        query = select(relation.keys, getattr(other, relation.target_key))
        return session.execute(query.join(relation.attribute.of_type(other), **how)).all()
    return session.execute(query.select_from(relation.parent).join(relation.attribute, **how)).all()


def eager(session: Session, relation: Relation) -> Any:
    other = aliased(relation.target)
    attribute = relation.attribute.of_type(other)
    query = select(relation.parent).outerjoin(attribute).options(contains_eager(attribute))
    return relation.read(session.scalars(query).unique().all())


def exists_in(session: Session, relation: Relation, *condition: Any) -> Any:
    related = relation.attribute
    found = related.any if related.property.uselist else related.has
    return session.scalars(select(relation.keys).where(found(*condition))).all()


def none_in(session: Session, relation: Relation) -> Any:
    related = relation.attribute
    found = related.any if related.property.uselist else related.has
    return session.scalars(select(relation.keys).where(~found())).all()


def of_parent(session: Session, relation: Relation) -> Any:
    found = []
    for parent in session.scalars(select(relation.parent)).all():
        if relation.name == "parent" and parent.parent_id is None:
            continue
        query = select(relation.target).where(with_parent(parent, relation.attribute))
        found += [getattr(target, relation.target_key) for target in session.scalars(query)]
    return found


def counted(session: Session, relation: Relation) -> Any:
    other = aliased(relation.target)
    query = select(relation.keys, func.count(getattr(other, relation.target_key)))
    joined = query.select_from(relation.parent).outerjoin(relation.attribute.of_type(other))
    return session.execute(joined.group_by(relation.keys)).all()


def refreshed(session: Session, relation: Relation) -> Any:
    parents = session.scalars(select(relation.parent)).all()
    for parent in parents:
        session.refresh(parent, [relation.name])
    return relation.read(parents)


def got(session: Session, relation: Relation) -> Any:
    keys = session.scalars(select(relation.keys)).all()
    options = [joinedload(relation.attribute)]
    return relation.read([session.get(relation.parent, key, options=options) for key in keys])


def computed(session: Session, relation: Relation) -> Any:
    areas = session.scalars(select(m.Area)).all()
    return [(area.id, area.project_count) for area in areas]


def chained(session: Session, relation: Relation) -> Any:
    path = defaultload(m.Area.projects).joinedload(m.Project.tasks)
    path = path.selectinload(m.Task.labels).subqueryload(m.Label.tasks)
    areas = session.scalars(select(m.Area).options(path)).unique().all()
    return [
        (area.id, project.id, task.id, label.id, sorted(other.id for other in label.tasks))
        for area in areas
        for project in area.projects
        for task in project.tasks
        for label in task.labels
    ]


FOLLOWS: dict[str, Follow] = {
    "lazy": loaded(lazyload),
    "immediateload": loaded(immediateload),
    "joinedload": loaded(joinedload),
    "joinedload, inner": loaded(lambda attribute: joinedload(attribute, innerjoin=True)),
    "selectinload": loaded(selectinload),
    "subqueryload": loaded(subqueryload),
    "contains_eager": eager,
    "join": joined_with,
    "outer join": lambda s, r: joined_with(s, r, isouter=True),
    "join and count": counted,
    "any, has": exists_in,
    "any, has with a condition": lambda s, r: exists_in(
        s, r, getattr(r.target, r.target_key) != sa.literal(None)
    ),
    "not any, not has": none_in,
    "with_parent": of_parent,
    "refresh": refreshed,
    "get": got,
    "column_property": computed,
    "a chain of loaders": chained,
}
