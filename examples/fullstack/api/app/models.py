"""A task, as it is stored, sent and received."""

from datetime import datetime, timezone
from typing import Annotated

from better_auth_edge.sqlmodel import UserOwned
from pydantic import BaseModel, ConfigDict, StringConstraints
from sqlalchemy import DateTime, Dialect
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field

TITLE_LENGTH = 200


class UtcDateTime(TypeDecorator[datetime]):
    """An aware time in UTC; SQLite, which forgets time zones, included."""

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


def utc_now() -> datetime:
    return datetime.now(timezone.utc)


class Task(UserOwned, table=True):
    id: int | None = Field(default=None, primary_key=True)
    title: str = Field(max_length=TITLE_LENGTH)
    done: bool = False
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


Title = Annotated[str, StringConstraints(min_length=1, max_length=TITLE_LENGTH)]


class TaskCreate(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    title: Title


class TaskUpdate(BaseModel):
    """What is left out, or null, stays as it is."""

    model_config = ConfigDict(strict=True, extra="forbid")

    title: Title | None = None
    done: bool | None = None


class TaskRead(BaseModel):
    id: int
    title: str
    done: bool
    created_at: datetime
