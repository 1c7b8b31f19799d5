"""The models of a task: stored, sent and received."""

from datetime import datetime, timezone
from typing import Annotated, Any
from uuid import UUID

from better_auth_edge.sqlmodel import UserOwned
from pydantic import BaseModel, ConfigDict, StringConstraints
from sqlalchemy import DateTime, Dialect, Uuid
from sqlalchemy.types import TypeDecorator, TypeEngine
from sqlmodel import Field

from app.schema import USER_UUID

TITLE_LENGTH = 200


class UtcDateTime(TypeDecorator[datetime]):
    """An aware time in UTC, also on SQLite, which does not store time zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value and value.astimezone(timezone.utc)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            return value.replace(tzinfo=timezone.utc)
        return value.astimezone(timezone.utc)


class UserUuid(TypeDecorator[UUID]):
    """A user's uuid: `uuid` on PostgreSQL, and text on SQLite, like Better Auth's."""

    impl = Uuid
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return USER_UUID.dialect_impl(dialect)

    def process_bind_param(self, value: UUID | None, dialect: Dialect) -> UUID | str | None:
        return str(value) if value and dialect.name == "sqlite" else value

    def process_result_value(self, value: UUID | str | None, dialect: Dialect) -> UUID | None:
        return UUID(value) if isinstance(value, str) else value


def utc_now() -> datetime:
    return datetime.now(timezone.utc)


class Task(UserOwned, table=True):
    """A task. The database deletes it with its user."""

    __tablename__ = "tasks"

    id: int | None = Field(default=None, primary_key=True)
    user_id: UUID = Field(
        default=None,
        foreign_key="user.uuid",
        ondelete="CASCADE",
        index=True,
        nullable=False,
        sa_type=UserUuid,
    )
    title: str = Field(max_length=TITLE_LENGTH)
    done: bool = False
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


Title = Annotated[
    str, StringConstraints(min_length=1, max_length=TITLE_LENGTH, pattern=r"^[^\x00]*$")
]
"""NUL is not allowed, because PostgreSQL cannot store it in text."""


class TaskCreate(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    title: Title


class TaskUpdate(BaseModel):
    """Missing and null fields stay unchanged."""

    model_config = ConfigDict(strict=True, extra="forbid")

    title: Title | None = None
    done: bool | None = None


class TaskRead(BaseModel):
    id: int
    title: str
    done: bool
    created_at: datetime
