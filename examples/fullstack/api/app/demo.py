"""For the page "See the edge at work": which requests arrived at this server. Only with DEMO=1."""

from collections import deque
from typing import Annotated

from better_auth_edge import problem_responses
from fastapi import APIRouter, Path, Request
from pydantic import BaseModel
from starlette.types import ASGIApp, Receive, Scope, Send

from app.identity import PathUser

KEPT = 1000
"""The number of request ids that the server remembers."""

RequestId = Annotated[str, Path(pattern=r"^[A-Za-z0-9._-]{8,64}$")]
"""An `X-Request-Id` that the edge forwards."""

router = APIRouter(
    prefix="/api/{user_id}", tags=["demo"], responses=problem_responses(401, 403, 422, 503)
)


class Arrival(BaseModel):
    arrived: bool


@router.get("/arrivals/{request_id}")
async def arrival(request: Request, request_id: RequestId, _: PathUser) -> Arrival:
    """Whether a request with this id has arrived. The server may have rejected it."""
    return Arrival(arrived=request_id in request.scope["arrived"])


class KeepRequestIds:
    """ASGI middleware that remembers the ids of the last requests, and nothing else of them."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.arrived: deque[str] = deque(maxlen=KEPT)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            for name, value in scope["headers"]:
                if name.lower() == b"x-request-id":
                    self.arrived.append(value[:64].decode("latin-1"))
            scope["arrived"] = self.arrived
        await self.app(scope, receive, send)
