"""Diagnostics of the edge: echoes requests, and streams large bodies in both directions."""

import hashlib
from collections.abc import AsyncIterator
from typing import Annotated

from better_auth_edge import User, problem_responses
from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from starlette.types import ASGIApp, Receive, Scope, Send

from app.identity import PathUser

MEGABYTE = 1024 * 1024
CHUNK = bytes(range(256)) * 256
"""64 kB with a period of 256 bytes, so that lost bytes are detected."""

public = APIRouter(tags=["diagnostics"])
private = APIRouter(
    prefix="/api/{user_id}",
    tags=["diagnostics"],
    responses=problem_responses(401, 403, 422, 503),
)


class Health(BaseModel):
    ok: bool


class Echo(BaseModel):
    """A received request, with only the headers that the edge can set."""

    headers: dict[str, list[str]]
    path: str
    """Not decoded."""
    query: str


class WhoAmI(Echo):
    user: User


class Received(BaseModel):
    bytes: int
    sha256: str


@public.get("/health")
async def health() -> Health:
    return Health(ok=True)


@public.get("/public/whoami")
async def whoami_without_identity(request: Request) -> Echo:
    """If the response contains `X-Edge-*`, the edge forwarded a forged header or set one."""
    return echo(request)


@private.get("/whoami")
async def whoami(request: Request, user: PathUser) -> WhoAmI:
    return WhoAmI(user=user, **echo(request).model_dump())


@private.get("/export", response_class=StreamingResponse)
async def export(
    _: PathUser, megabytes: Annotated[int, Query(ge=1, le=200)] = 50
) -> StreamingResponse:
    """Streams this many megabytes (of 1,048,576 bytes) in chunks of 64 kB."""
    size = megabytes * MEGABYTE

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(size // len(CHUNK)):
            yield CHUNK

    return StreamingResponse(
        chunks(), media_type="application/octet-stream", headers={"Content-Length": str(size)}
    )


@private.post("/upload")
async def upload(request: Request, _: PathUser) -> Received:
    """Reads the body as a stream, without buffering it."""
    digest = hashlib.sha256()
    size = 0
    async for chunk in request.stream():
        digest.update(chunk)
        size += len(chunk)
    return Received(bytes=size, sha256=digest.hexdigest())


class KeepReceivedHeaders:
    """ASGI middleware that keeps the received headers for diagnostics, before inner middleware
    removes some of them.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope["received_headers"] = scope["headers"]
        await self.app(scope, receive, send)


def echo(request: Request) -> Echo:
    headers: dict[str, list[str]] = {}
    for raw_name, value in request.scope["received_headers"]:
        name = raw_name.decode("latin-1").lower()
        if name.startswith(("x-edge-", "x_edge_")) or name == "x-request-id":
            headers.setdefault(name, []).append(value.decode("latin-1"))
    return Echo(
        headers=headers,
        path=request.scope["raw_path"].decode("latin-1"),
        query=request.scope["query_string"].decode("latin-1"),
    )
