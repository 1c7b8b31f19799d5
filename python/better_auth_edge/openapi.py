"""Documents authenticated routes in OpenAPI: their rejections, and whether a token is optional."""

from collections.abc import Callable, Collection, Iterator
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI

from better_auth_edge.mounts import routes_of
from better_auth_edge.problems import MEDIA_TYPE, Problem

Document = dict[str, Any]
Dependency = Callable[..., Any]

REJECTIONS = {
    HTTPStatus.UNAUTHORIZED: "WWW-Authenticate",
    HTTPStatus.FORBIDDEN: "WWW-Authenticate",
    HTTPStatus.SERVICE_UNAVAILABLE: "Retry-After",
}
"""The statuses of rejections, each with its response header."""


def document_rejections(
    app: FastAPI, scheme: str, required: Dependency, optional: Dependency
) -> None:
    """Adds rejections to the routes that depend on `required` or `optional`. It changes nothing
    that the app itself documents, and calls the app's own `openapi` function if there is one.
    """
    described = app.openapi
    if isinstance(described, _DocumentedOpenAPI) and described.describes(required):
        return
    app.openapi = _DocumentedOpenAPI(app, described, scheme, required, optional)  # type: ignore[method-assign]


class _DocumentedOpenAPI:
    """Replaces an app's `openapi` function. Idempotent for the same document."""

    def __init__(
        self,
        app: FastAPI,
        document: Callable[[], Document],
        scheme: str,
        required: Dependency,
        optional: Dependency,
    ) -> None:
        self._app = app
        self._document = document
        self._scheme = scheme
        self._required = required
        self._optional = optional

    def __call__(self) -> Document:
        document = self._document()
        for route in routes_of(self._app.routes):
            used = self._dependencies_of(getattr(route, "dependant", None))
            for operation in _operations(document, route) if used else ():
                _describe(operation, self._scheme, is_optional=self._required not in used)
                schemas = document.setdefault("components", {}).setdefault("schemas", {})
                schemas.setdefault(PROBLEM, _SCHEMA)
        return document

    def describes(self, required: Dependency) -> bool:
        inner = self._document
        is_below = isinstance(inner, _DocumentedOpenAPI) and inner.describes(required)
        return self._required == required or is_below

    def _dependencies_of(self, dependant: Any) -> Collection[Dependency]:
        """Returns which of the two dependencies a route uses. The search stops at the required one,
        because it depends on the optional one.
        """
        used, remaining = set[Dependency](), [dependant]
        while remaining:
            current = remaining.pop()
            call = getattr(current, "call", None)
            if call in (self._required, self._optional):
                used.add(call)
            else:
                remaining.extend(getattr(current, "dependencies", ()))
        return used


PROBLEM = "EdgeAuthProblem"
"""The schema's name. `Problem` could collide with a schema of the app."""
_SCHEMA = Problem.model_json_schema()
_CONTENT = {MEDIA_TYPE: {"schema": {"$ref": f"#/components/schemas/{PROBLEM}"}}}


def _operations(document: Document, route: Any) -> Iterator[Document]:
    item = document.get("paths", {}).get(getattr(route, "path_format", None), {})
    for method in getattr(route, "methods", None) or ():
        if method.lower() in item:
            yield item[method.lower()]


def _describe(operation: Document, scheme: str, *, is_optional: bool) -> None:
    responses = operation.setdefault("responses", {})
    for status, header in REJECTIONS.items():
        headers = {header: {"schema": {"type": "string"}}}
        response = {"description": status.phrase, "headers": headers, "content": _CONTENT}
        responses.setdefault(str(status.value), response)
    security: list[Document] = operation.get("security") or []
    scopes = [scope for one in security for scope in one.get(scheme, ())]
    if any(scheme in one for one in security):
        others = [one for one in security if one and scheme not in one]
        # A route with another security scheme may require it, so its security is not optional.
        anonymous: list[Document] = [{}] if {} in security or (is_optional and not others) else []
        operation["security"] = [*anonymous, *others, {scheme: [*dict.fromkeys(scopes)]}]
