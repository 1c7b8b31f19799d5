"""An API that accepts only what the edge has signed."""

from typing import Annotated

from better_auth_edge import EdgeAuth, User
from fastapi import Depends, FastAPI

app = FastAPI()
auth = EdgeAuth.from_env()
auth.install(app)


@app.get("/health")
async def health() -> str:
    return "ok"


@app.get("/api/{user_id}/tasks")
async def tasks(user: Annotated[User, Depends(auth.user_from_path("user_id"))]) -> list[str]:
    return [f"a task of {user.id}"]
