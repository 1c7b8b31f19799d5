"""Problem responses (RFC 9457), in the form that the edge sends."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from uuid import uuid4

from fastapi import FastAPI, Request, WebSocket
from fastapi.exception_handlers import http_exception_handler
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.utils import is_body_allowed_for_status_code
from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import HTTPConnection
from starlette.websockets import WebSocketState

from better_auth_edge.connection import ConnectionState
from better_auth_edge.errors import EdgeAuthError
from better_auth_edge.middleware import close_code

MEDIA_TYPE = "application/problem+json"
ERRORS_PAGE = "tag:better-auth-edge,2026:errors"
MAX_REQUEST_ID = 128


class Problem(BaseModel):
    """The body of a problem response."""

    type: str
    title: str
    status: int
    code: str
    """Stable, for programs. The error reference lists the codes of authentication."""
    detail: str
    request_id: str
    """The edge's id of the request, or a new one. The header `X-Request-Id` has the same value."""


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Returns the OpenAPI description of problem responses, for an app or a router:
    `APIRouter(responses=problem_responses(401, 403, 503))`.
    """
    content = {MEDIA_TYPE: {"schema": Problem.model_json_schema()}}
    return {status: {"description": _name(status)[1], "content": content} for status in statuses}


def install_rejection_handler(app: Starlette) -> None:
    """Turns an `EdgeAuthError` into a problem response."""
    app.add_exception_handler(EdgeAuthError, _on_rejection)  # type: ignore[arg-type]


def install_rejection_handler_if_absent(app: Starlette) -> None:
    """The same for a mounted app, unless it has its own handler for `HTTPException`. The mounted
    app may have started.
    """
    kinds = [kind for kind in EdgeAuthError.__mro__ if issubclass(kind, HTTPException)]
    own = [handler for kind in kinds if (handler := app.exception_handlers.get(kind))]
    if own and own[0] is not http_exception_handler:
        return
    install_rejection_handler(app)
    layer: Any = app.middleware_stack
    while layer is not None:
        if isinstance(layer, ExceptionMiddleware):
            layer.add_exception_handler(EdgeAuthError, _on_rejection)  # type: ignore[arg-type]
        layer = getattr(layer, "app", None)


def install_problem_handlers(app: FastAPI) -> None:
    """Turns the app's own errors into problem responses. Their code is the name of the status, such
    as `not_found`, or `invalid_request` for a request that fails validation.
    """

    async def on_http_exception(connection: HTTPConnection, error: Exception) -> Response | None:
        assert isinstance(error, HTTPException)
        status, headers = error.status_code, error.headers
        if not is_body_allowed_for_status_code(status):
            return await _respond(connection, Response(status_code=status, headers=headers), "")
        code, _ = _name(status)
        response = _response(connection, status, code, _text(error.detail), headers)
        return await _respond(connection, response, code)

    app.add_exception_handler(HTTPException, on_http_exception)  # type: ignore[arg-type]

    @app.exception_handler(RequestValidationError)
    async def on_invalid_request(request: Request, error: RequestValidationError) -> JSONResponse:
        # The place and the reason, without the input: a rejected value is not sent back.
        reasons = (f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        return _response(request, 422, "invalid_request", "; ".join(reasons))

    @app.exception_handler(Exception)
    async def on_exception(request: Request, _: Exception) -> JSONResponse:
        detail = "The server failed to handle the request; see its log."
        return _response(request, 500, "internal_server_error", detail)


async def _on_rejection(connection: HTTPConnection, error: Exception) -> Response | None:
    assert isinstance(error, EdgeAuthError)
    type_, detail = f"{ERRORS_PAGE}#{error.code}", str(error.detail)
    status, headers = error.status, error.headers
    response = _response(connection, status, error.code, detail, headers, type_, error.title)
    return await _respond(connection, response, error.code)


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
        title=title or _name(status)[1],
        status=status,
        code=code,
        detail=detail,
        request_id=_request_id(connection),
    )
    own = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    own["X-Request-Id"] = problem.request_id
    return JSONResponse(problem.model_dump(), status, {**own, **(headers or {})}, MEDIA_TYPE)


def _request_id(connection: HTTPConnection) -> str:
    """Returns the edge's request id if it is safe to repeat, else a new one."""
    sent = connection.headers.get("x-request-id", "")
    is_safe = sent.isascii() and sent.isprintable() and 0 < len(sent) <= MAX_REQUEST_ID
    return sent if is_safe else str(uuid4())


def _name(status: int) -> tuple[str, str]:
    """Returns code and title of a status, which may be unregistered."""
    try:
        known = HTTPStatus(status)
    except ValueError:
        return f"status_{status}", f"Status {status}"
    return known.name.lower(), known.phrase


def _text(detail: object) -> str:
    """FastAPI allows any JSON value as a detail."""
    return detail if isinstance(detail, str) else json.dumps(detail, default=str)


async def _respond(connection: HTTPConnection, response: Response, code: str) -> Response | None:
    """Returns the response. A WebSocket gets it as the response to its handshake, or is closed."""
    if not isinstance(connection, WebSocket):
        return response
    state = ConnectionState.of(connection.scope)
    is_connecting = connection.application_state == WebSocketState.CONNECTING
    if not is_connecting and connection.application_state != WebSocketState.CONNECTED:
        return None
    if state.is_accepted or not is_connecting:
        # The state of this object may be stale: the app accepted through another one.
        connection.application_state = WebSocketState.CONNECTED
        await connection.close(close_code(response.status_code), code)
    elif "websocket.http.response" in connection.scope.get("extensions", {}):
        await connection.send_denial_response(response)
    else:
        await connection.close(close_code(response.status_code), code)
    return None
