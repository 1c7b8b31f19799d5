"""Refusals as problem documents (RFC 9457), as the edge writes them."""

from http import HTTPStatus
from typing import Any
from uuid import uuid4

from fastapi import Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from better_auth_edge.errors import PROBLEMS, EdgeAuthError

MEDIA_TYPE = "application/problem+json"
ERRORS_PAGE = "tag:better-auth-edge,2026:errors"
MAX_REQUEST_ID = 128


class Problem(BaseModel):
    """The body of a refusal."""

    type: str
    title: str
    status: int
    code: str
    """Stable, for programs; docs/errors.md lists them."""
    detail: str
    request_id: str
    """The edge's, or a new one: the same as in the header `X-Request-Id`."""


def problem_response(error: EdgeAuthError, request_id: str | None = None) -> JSONResponse:
    """The response for a refusal."""
    problem = Problem(
        type=f"{ERRORS_PAGE}#{error.code}",
        title=error.title,
        status=error.status,
        code=error.code,
        detail=str(error.detail),
        request_id=request_id or str(uuid4()),
    )
    headers = {**(error.headers or {}), "X-Request-Id": problem.request_id}
    headers["X-Content-Type-Options"] = "nosniff"
    return JSONResponse(problem.model_dump(), error.status, headers, MEDIA_TYPE)


async def on_edge_auth_error(request: Request, error: Exception) -> JSONResponse:
    """An exception handler for `EdgeAuthError`."""
    assert isinstance(error, EdgeAuthError)
    request_id = request.headers.get("x-request-id", "")
    usable = request_id.isascii() and request_id.isprintable() and " " not in request_id
    usable = usable and 0 < len(request_id) <= MAX_REQUEST_ID
    return problem_response(error, request_id if usable else None)


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What an app or a router says in its OpenAPI document about refusals:
    `APIRouter(responses=problem_responses(401, 403, 503))`.
    """
    content = {MEDIA_TYPE: {"schema": Problem.model_json_schema()}}
    return {
        status: {
            "description": HTTPStatus(status).phrase
            + ": "
            + ", ".join(f"`{code}`" for code, (own, _) in PROBLEMS.items() if own == status),
            "content": content,
        }
        for status in statuses
    }
