"""The tasks of one user. The session restricts all queries to the user's rows."""

from collections.abc import Sequence
from typing import Annotated

from better_auth_edge import problem_responses
from better_auth_edge.sqlmodel import NotTheUsersRowError
from fastapi import APIRouter, Depends, HTTPException, Path, Query
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from app.models import Task, TaskCreate, TaskRead, TaskUpdate
from app.sessions import OwnSession

MAX_ID = 2**31 - 1

router = APIRouter(
    prefix="/api/{user_id}", tags=["tasks"], responses=problem_responses(401, 403, 404, 422, 503)
)


def get_own_task(task_id: Annotated[int, Path(ge=1, le=MAX_ID)], session: OwnSession) -> Task:
    """The user's task. For another user's task, the response is 404, as for a missing one."""
    task = session.get(Task, task_id)
    if task is None:
        raise task_not_found()
    return task


OwnTask = Annotated[Task, Depends(get_own_task)]


@router.post("/tasks", response_model=TaskRead, status_code=201)
def create_task(new: TaskCreate, session: OwnSession) -> Task:
    task = Task(title=new.title)
    session.add(task)
    try:
        session.commit()
    except IntegrityError:
        # an assertion can be valid for a minute after its user was deleted
        raise HTTPException(404, "The user does not exist any more.") from None
    return task


@router.get("/tasks", response_model=list[TaskRead])
def list_tasks(
    session: OwnSession,
    offset: Annotated[int, Query(ge=0, le=MAX_ID)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Sequence[Task]:
    """Oldest first."""
    return session.exec(select(Task).order_by(col(Task.id)).offset(offset).limit(limit)).all()


@router.get("/tasks/{task_id}", response_model=TaskRead)
def read_task(task: OwnTask) -> Task:
    return task


@router.patch("/tasks/{task_id}", response_model=TaskRead)
def update_task(change: TaskUpdate, task: OwnTask, session: OwnSession) -> Task:
    task.sqlmodel_update(change.model_dump(exclude_none=True))
    session.add(task)
    commit_change(session)
    return task


@router.delete("/tasks/{task_id}", status_code=204)
def delete_task(task: OwnTask, session: OwnSession) -> None:
    session.delete(task)
    commit_change(session)


def commit_change(session: Session) -> None:
    try:
        session.commit()
    except NotTheUsersRowError:
        # another request has deleted it in the meantime
        raise task_not_found() from None


def task_not_found() -> HTTPException:
    return HTTPException(404, "The task does not exist.")
