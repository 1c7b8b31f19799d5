"""Refusals as problem documents (RFC 9457), as the edge writes them."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from uuid import uuid4

from fastapi import FastAPI, Request, WebSocket
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection

from better_auth_edge.errors import EdgeAuthError

MEDIA_TYPE = "application/problem+json"
ERRORS_PAGE = "tag:better-auth-edge,2026:errors"
MAX_REQUEST_ID = 128
POLICY_VIOLATION = 1008
"""RFC 6455, section 7.4.1."""


class Problem(BaseModel):
    """The body of a refusal."""

    type: str
    title: str
    status: int
    code: str
    """Stable, for programs; docs/errors.md lists those of identity."""
    detail: str
    request_id: str
    """The edge's, or a new one: the same as in the header `X-Request-Id`."""


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What an app or a router says about its refusals in the OpenAPI document:
    `APIRouter(responses=problem_responses(401, 403, 503))`.
    """
    content = {MEDIA_TYPE: {"schema": Problem.model_json_schema()}}
    return {
        status: {"description": HTTPStatus(status).phrase, "content": content}
        for status in statuses
    }


def install_refusals(app: FastAPI) -> None:
    """Answers an `EdgeAuthError` with a problem document."""

    async def on_refusal(connection: HTTPConnection, error: Exception) -> JSONResponse | None:
        assert isinstance(error, EdgeAuthError)
        type_, detail = f"{ERRORS_PAGE}#{error.code}", str(error.detail)
        status, headers = error.status, error.headers
        response = _response(connection, status, error.code, detail, headers, type_, error.title)
        if isinstance(connection, WebSocket):
            await _deny(connection, response, error.code)
            return None
        return response

    app.add_exception_handler(EdgeAuthError, on_refusal)  # type: ignore[arg-type]


def install_problems(app: FastAPI) -> None:
    """Answers the app's own errors in the same form: their code is the status's name, `not_found`;
    that of a request that is not valid is `invalid_request`.
    """

    @app.exception_handler(HTTPException)
    async def on_http_exception(request: Request, error: HTTPException) -> JSONResponse:
        code = HTTPStatus(error.status_code).phrase.lower().replace(" ", "_")
        return _response(request, error.status_code, code, str(error.detail), error.headers)

    @app.exception_handler(RequestValidationError)
    async def on_invalid_request(request: Request, error: RequestValidationError) -> JSONResponse:
        # Where and why, but not the input itself: what was refused is not sent back.
        faults = (f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        return _response(request, 422, "invalid_request", "; ".join(faults))

    @app.exception_handler(Exception)
    async def on_exception(request: Request, _: Exception) -> JSONResponse:
        detail = "The fault is ours, and it is in the log."
        return _response(request, 500, "internal_server_error", detail)


def _response(
    connection: HTTPConnection,
    status: int,
    code: str,
    detail: str,
    headers: Mapping[str, str] | None = None,
    type_: str = "about:blank",
    title: str | None = None,
) -> JSONResponse:
    problem = Problem(
        type=type_,
        title=title or HTTPStatus(status).phrase,
        status=status,
        code=code,
        detail=detail,
        request_id=_request_id(connection),
    )
    own = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    own["X-Request-Id"] = problem.request_id
    return JSONResponse(problem.model_dump(), status, {**own, **(headers or {})}, MEDIA_TYPE)


def _request_id(connection: HTTPConnection) -> str:
    """That of the edge, if it is fit to be repeated."""
    given = connection.headers.get("x-request-id", "")
    fit = given.isascii() and given.isprintable() and 0 < len(given) <= MAX_REQUEST_ID
    return given if fit else str(uuid4())


async def _deny(websocket: WebSocket, response: JSONResponse, code: str) -> None:
    if "websocket.http.response" in websocket.scope.get("extensions", {}):
        await websocket.send_denial_response(response)
    else:
        await websocket.close(POLICY_VIOLATION, code)
