"""Documents authenticated routes in OpenAPI: their rejections, and whether a token is optional."""

from collections.abc import Callable, Collection, Iterator
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI

from better_auth_edge.credentials import COOKIE_SCHEME, SCHEME
from better_auth_edge.dependencies import Authenticator, CurrentUser
from better_auth_edge.mounts import routes_of
from better_auth_edge.problems import MEDIA_TYPE, Problem

Document = dict[str, Any]

REJECTIONS = {
    HTTPStatus.UNAUTHORIZED: "WWW-Authenticate",
    HTTPStatus.FORBIDDEN: "WWW-Authenticate",
    HTTPStatus.SERVICE_UNAVAILABLE: "Retry-After",
}
"""The statuses of rejections, each with its response header."""


def document_rejections(app: FastAPI, auth: Authenticator[Any]) -> None:
    """Adds rejections to the routes that have dependencies of `auth`. It changes nothing that the
    app itself documents, and calls the app's own `openapi` function if there is one.
    """
    described = app.openapi
    if isinstance(described, _DocumentedOpenAPI) and described.describes(auth):
        return
    app.openapi = _DocumentedOpenAPI(app, described, auth)  # type: ignore[method-assign]


class _DocumentedOpenAPI:
    """Replaces an app's `openapi` function. Idempotent for the same document."""

    def __init__(
        self, app: FastAPI, document: Callable[[], Document], auth: Authenticator[Any]
    ) -> None:
        self._app = app
        self._document = document
        self._auth = auth

    def __call__(self) -> Document:
        document = self._document()
        for route in routes_of(self._app.routes):
            used = self._dependencies_of(getattr(route, "dependant", None))
            for operation in _operations(document, route) if used else ():
                is_optional = not any(one.is_required for one in used)
                _describe(operation, is_optional, self._auth.credential.cookie_name)
                components = document.setdefault("components", {})
                components.setdefault("schemas", {}).setdefault(PROBLEM, _SCHEMA)
                self._add_cookie(components)
        return document

    def _add_cookie(self, components: Document) -> None:
        name = self._auth.credential.cookie_name
        if name is not None:
            scheme = {"type": "apiKey", "in": "cookie", "name": name}
            scheme["description"] = "The session cookie of Better Auth."
            components.setdefault("securitySchemes", {}).setdefault(COOKIE_SCHEME, scheme)

    def describes(self, auth: Authenticator[Any]) -> bool:
        inner = self._document
        is_below = isinstance(inner, _DocumentedOpenAPI) and inner.describes(auth)
        return self._auth is auth or is_below

    def _dependencies_of(self, dependant: Any) -> Collection[CurrentUser[Any]]:
        """Returns the dependencies of this `EdgeAuth` that a route has."""
        used, remaining = list[CurrentUser[Any]](), [dependant]
        while remaining:
            current = remaining.pop()
            call = getattr(current, "call", None)
            if isinstance(call, CurrentUser) and call.auth is self._auth:
                used.append(call)
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


def _describe(operation: Document, is_optional: bool, cookie_name: str | None) -> None:
    responses = operation.setdefault("responses", {})
    for status, header in REJECTIONS.items():
        headers = {header: {"schema": {"type": "string"}}}
        response = {"description": status.phrase, "headers": headers, "content": _CONTENT}
        responses.setdefault(str(status.value), response)
    security: list[Document] = operation.get("security") or []
    scopes = [scope for one in security for scope in one.get(SCHEME, ())]
    if any(SCHEME in one for one in security):
        own = {SCHEME, COOKIE_SCHEME}
        others = [one for one in security if one and own.isdisjoint(one)]
        # A route with another security SCHEME may require it, so its security is not optional.
        anonymous: list[Document] = [{}] if {} in security or (is_optional and not others) else []
        scopes = [*dict.fromkeys(scopes)]
        schemes = [SCHEME] if cookie_name is None else [COOKIE_SCHEME, SCHEME]
        operation["security"] = [*anonymous, *others, *({name: scopes} for name in schemes)]
