"""What `/docs` says about routes that ask who is calling: their refusals, and whether a request
without a token passes.
"""

from collections.abc import Callable, Collection, Iterator
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI

from better_auth_edge.mounts import routes_of
from better_auth_edge.problems import MEDIA_TYPE, Problem

Document = dict[str, Any]
Dependency = Callable[..., Any]

REFUSALS = {
    HTTPStatus.UNAUTHORIZED: "WWW-Authenticate",
    HTTPStatus.FORBIDDEN: "WWW-Authenticate",
    HTTPStatus.SERVICE_UNAVAILABLE: "Retry-After",
}
"""The statuses of refusals, each with a header of its own."""


def document_refusals(
    app: FastAPI, scheme: str, required: Dependency, optional: Dependency
) -> None:
    """Has the app's OpenAPI document describe the routes that depend on `required` or `optional`.
    What the app itself says of them stays, and so does an `openapi` function of its own.
    """
    described = app.openapi
    if isinstance(described, _Described) and described.describes(required):
        return
    app.openapi = _Described(app, described, scheme, required, optional)  # type: ignore[method-assign]


class _Described:
    """Stands in place of an app's `openapi`. To describe a document twice changes nothing."""

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
            asked = self._asked_by(getattr(route, "dependant", None))
            for operation in _operations(document, route) if asked else ():
                _describe(operation, self._scheme, is_optional=self._required not in asked)
                schemas = document.setdefault("components", {}).setdefault("schemas", {})
                schemas.setdefault(PROBLEM, _SCHEMA)
        return document

    def describes(self, required: Dependency) -> bool:
        inner = self._document
        is_below = isinstance(inner, _Described) and inner.describes(required)
        return self._required == required or is_below

    def _asked_by(self, dependant: Any) -> Collection[Dependency]:
        """Which of both a route depends on. The required one is not looked into: it depends on the
        other.
        """
        asked, waiting = set[Dependency](), [dependant]
        while waiting:
            one = waiting.pop()
            call = getattr(one, "call", None)
            if call in (self._required, self._optional):
                asked.add(call)
            else:
                waiting.extend(getattr(one, "dependencies", ()))
        return asked


PROBLEM = "EdgeAuthProblem"
"""The schema's name among the app's own, which may have a `Problem`."""
_SCHEMA = Problem.model_json_schema()
_CONTENT = {MEDIA_TYPE: {"schema": {"$ref": f"#/components/schemas/{PROBLEM}"}}}


def _operations(document: Document, route: Any) -> Iterator[Document]:
    item = document.get("paths", {}).get(getattr(route, "path_format", None), {})
    for method in getattr(route, "methods", None) or ():
        if method.lower() in item:
            yield item[method.lower()]


def _describe(operation: Document, scheme: str, *, is_optional: bool) -> None:
    responses = operation.setdefault("responses", {})
    for status, header in REFUSALS.items():
        headers = {header: {"schema": {"type": "string"}}}
        response = {"description": status.phrase, "headers": headers, "content": _CONTENT}
        responses.setdefault(str(status.value), response)
    security: list[Document] = operation.get("security") or []
    scopes = [scope for one in security for scope in one.get(scheme, ())]
    if any(scheme in one for one in security):
        others = [one for one in security if one and scheme not in one]
        # Where the route asks for something else too, that may not be optional.
        nothing: list[Document] = [{}] if {} in security or (is_optional and not others) else []
        operation["security"] = [*nothing, *others, {scheme: [*dict.fromkeys(scopes)]}]
