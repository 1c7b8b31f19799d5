"""The tasks of one user. Every query names the owner: no path leads to another user's row."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from app.database import DatabaseSession, act_as
from app.identity import PathUser
from app.models import Task, TaskCreate, TaskRead, TaskUpdate
from app.problems import Problem, problem_responses

MAX_ID = 2**31 - 1

router = APIRouter(
    prefix="/api/{user_id}", tags=["tasks"], responses=problem_responses(401, 403, 404, 422, 503)
)


def get_owner(user_id: UUID, _: PathUser, session: DatabaseSession) -> UUID:
    """The `uuid` of the current user, which is what `user_from_path` has found in the path."""
    act_as(session, user_id)
    return user_id


Owner = Annotated[UUID, Depends(get_owner)]


def get_own_task(
    task_id: Annotated[int, Path(ge=1, le=MAX_ID)], owner: Owner, session: DatabaseSession
) -> Task:
    """The owner's task; another user's is as absent as one that does not exist."""
    task = session.exec(select(Task).where(Task.id == task_id, Task.user_id == owner)).first()
    if task is None:
        raise Problem(404, "not_found", "There is no such task.")
    return task


OwnTask = Annotated[Task, Depends(get_own_task)]


@router.post("/tasks", response_model=TaskRead, status_code=201)
def create_task(new: TaskCreate, owner: Owner, session: DatabaseSession) -> Task:
    task = Task(user_id=owner, title=new.title)
    session.add(task)
    try:
        session.commit()
    except IntegrityError:
        # a token outlives its user by some minutes
        raise Problem(404, "not_found", "There is no such user any more.") from None
    session.refresh(task)
    return task


@router.get("/tasks", response_model=list[TaskRead])
def list_tasks(
    owner: Owner,
    session: DatabaseSession,
    offset: Annotated[int, Query(ge=0, le=MAX_ID)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Sequence[Task]:
    """Oldest first."""
    query = select(Task).where(Task.user_id == owner).order_by(col(Task.id))
    return session.exec(query.offset(offset).limit(limit)).all()


@router.get("/tasks/{task_id}", response_model=TaskRead)
def read_task(task: OwnTask) -> Task:
    return task


@router.patch("/tasks/{task_id}", response_model=TaskRead)
def update_task(change: TaskUpdate, task: OwnTask, session: DatabaseSession) -> Task:
    task.sqlmodel_update(change.model_dump(exclude_none=True))
    session.add(task)
    session.commit()
    session.refresh(task)
    return task


@router.delete("/tasks/{task_id}", status_code=204)
def delete_task(task: OwnTask, session: DatabaseSession) -> None:
    session.delete(task)
    session.commit()
