"""The shapes that a model can have."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from pydantic import create_model
from sqlalchemy.orm import column_property, registry
from sqlmodel import Field, Relationship, SQLModel

from better_auth_edge.sqlmodel import UserOwned

metadata = sa.MetaData()


class Shared(SQLModel):
    """Rows without an owner."""

    metadata = metadata


class Owned(UserOwned):
    metadata = metadata


class Account(Shared, table=True):
    uuid: UUID = Field(primary_key=True)
    name: str
    pages: list["Page"] = Relationship(back_populates="owner")


class Page(Owned, table=True):
    """Its owner's key comes from a relationship."""

    id: int | None = Field(default=None, primary_key=True)
    user_id: UUID = Field(default=None, foreign_key="account.uuid", nullable=False)
    title: str
    owner: Account | None = Relationship(back_populates="pages")


class Area(Shared, table=True):
    id: int | None = Field(default=None, primary_key=True)
    name: str
    projects: list["Project"] = Relationship(back_populates="area")


class Project(Owned, table=True):
    id: int | None = Field(default=None, primary_key=True)
    name: str
    area_id: int | None = Field(default=None, foreign_key="area.id")
    area: Area | None = Relationship(back_populates="projects")
    tasks: list["Task"] = Relationship(back_populates="project")


class TaskLabel(Owned, table=True):
    """A link that belongs to a user."""

    __tablename__ = "task_label"

    task_id: int = Field(foreign_key="task.id", primary_key=True)
    label_id: int = Field(foreign_key="label.id", primary_key=True)


class Watch(Shared, table=True):
    """A link without an owner."""

    task_id: int = Field(foreign_key="task.id", primary_key=True)
    label_id: int = Field(foreign_key="label.id", primary_key=True)


class Label(Shared, table=True):
    id: int | None = Field(default=None, primary_key=True)
    name: str
    tasks: list["Task"] = Relationship(back_populates="labels", link_model=TaskLabel)


class Task(Owned, table=True):
    id: int | None = Field(default=None, primary_key=True)
    title: str
    project_id: int | None = Field(default=None, foreign_key="project.id")
    parent_id: int | None = Field(default=None, foreign_key="task.id")
    project: Project | None = Relationship(back_populates="tasks")
    labels: list[Label] = Relationship(back_populates="tasks", link_model=TaskLabel)
    watchers: list[Label] = Relationship(link_model=Watch)
    parent: "Task" = Relationship(
        back_populates="children", sa_relationship_kwargs={"remote_side": "Task.id"}
    )
    children: list["Task"] = Relationship(back_populates="parent")


class Entry(Owned, table=True):
    """The owner is in the key."""

    user_id: UUID = Field(default=None, primary_key=True)
    number: int = Field(primary_key=True)
    title: str


class Card(Owned, table=True):
    """The owner's column has another name."""

    user_id: UUID = Field(default=None, sa_column=sa.Column("owner", sa.Uuid, nullable=False))
    id: int | None = Field(default=None, primary_key=True)
    title: str = Field(sa_column=sa.Column("text", sa.String, key="content"))


class CardRead(Card):
    """What a response is made of: derived from a table, and none itself."""

    overdue: bool = False


CardForm: Any = create_model("CardForm", __base__=Card)


class Doc(Owned, table=True):
    """The root of models that inherit."""

    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "doc"}  # noqa: RUF012

    id: int | None = Field(default=None, primary_key=True)
    kind: str = "doc"
    title: str = ""


class Memo(Doc):
    """In the same table."""


class Report(Doc):
    """In a table of its own, which does not say whose."""

    pages: int = 0


report_table = sa.Table(
    "report",
    metadata,
    sa.Column("id", sa.ForeignKey("doc.id"), primary_key=True),
    sa.Column("pages", sa.Integer, nullable=False),
)
_mappers = Doc.__mapper__.registry  # type: ignore[attr-defined]
_mappers.map_imperatively(Memo, inherits=Doc, polymorphic_identity="memo")
_mappers.map_imperatively(Report, report_table, inherits=Doc, polymorphic_identity="report")


class Slim:
    """Another class on the same table, from another registry."""

    id: Any
    title: Any

    def __init__(self, **values: Any) -> None:
        for name, value in values.items():
            setattr(self, name, value)


registry().map_imperatively(Slim, Task.__table__)  # type: ignore[attr-defined]

area, project = metadata.tables["area"], metadata.tables["project"]
Area.project_count = column_property(
    sa.select(sa.func.count(project.c.id))
    .where(project.c.area_id == area.c.id)
    .correlate_except(project)
    .scalar_subquery()
)

OWNED: list[sa.Table] = [
    metadata.tables[name]
    for name in ("page", "project", "task", "task_label", "entry", "card", "doc")
]
