"""Errors as `application/problem+json` (RFC 9457), each with a stable `code`."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

MEDIA_TYPE = "application/problem+json"


class ProblemDetails(BaseModel):
    """The body of every error response."""

    type: str = "about:blank"
    title: str
    status: int
    code: str
    detail: str


class Problem(HTTPException):
    """Raise it anywhere in a request; `code` is for programs, `detail` for people."""

    def __init__(
        self, status: int, code: str, detail: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(status, detail, headers)
        self.code = code


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What a router says in the OpenAPI document about its errors."""
    content = {MEDIA_TYPE: {"schema": ProblemDetails.model_json_schema()}}
    return {
        status: {"description": HTTPStatus(status).phrase, "content": content}
        for status in statuses
    }


def install_problem_handlers(app: FastAPI) -> None:
    @app.exception_handler(HTTPException)
    async def on_http_exception(_: Request, error: HTTPException) -> JSONResponse:
        code = error.code if isinstance(error, Problem) else default_code(error.status_code)
        return problem_response(error.status_code, code, error.detail, error.headers)

    @app.exception_handler(RequestValidationError)
    async def on_invalid_request(_: Request, error: RequestValidationError) -> JSONResponse:
        # Where and why, but not the input itself: what was refused is not sent back.
        faults = (f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        return problem_response(422, "invalid_request", "; ".join(faults))

    @app.exception_handler(Exception)
    async def on_exception(_: Request, __: Exception) -> JSONResponse:
        return problem_response(500, "internal_error", "The fault is ours, and it is in the log.")


def default_code(status: int) -> str:
    return HTTPStatus(status).phrase.lower().replace(" ", "_")


def problem_response(
    status: int, code: str, detail: str, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    body = ProblemDetails(title=HTTPStatus(status).phrase, status=status, code=code, detail=detail)
    return JSONResponse(
        body.model_dump(),
        status,
        {"Cache-Control": "no-store", **(headers or {})},
        media_type=MEDIA_TYPE,
    )
