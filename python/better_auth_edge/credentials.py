"""Reads the credential of a request: a bearer token or the edge's assertion. Both are security
schemes of OpenAPI, so that `/docs` shows what a route requires.
"""

from abc import ABC, abstractmethod

from fastapi.openapi.models import HTTPBearer
from fastapi.security.base import SecurityBase
from starlette.requests import HTTPConnection

from better_auth_edge.authorization import bearer_token, presents_credential
from better_auth_edge.connection import ConnectionState
from better_auth_edge.errors import EdgeAuthError
from better_auth_edge.handshake import handshake_token, offered_protocols, offers_bearer
from better_auth_edge.middleware import ASSERTION_HEADER

ASSERTION = ASSERTION_HEADER.decode()
SCHEME = "BetterAuth"
"""The name of the security scheme in OpenAPI documents."""


class Credential(SecurityBase, ABC):
    """A dependency that returns the credential of a request, or None. It returns errors instead of
    raising them, because a test can override the user.

    OpenAPI documents show a bearer token, which clients send in both modes.
    """

    def __init__(self, description: str) -> None:
        self.model = HTTPBearer(bearerFormat="JWT", description=description)
        self.scheme_name = SCHEME

    async def __call__(self, connection: HTTPConnection) -> str | EdgeAuthError | None:
        try:
            return self.find(connection)
        except EdgeAuthError as error:
            return error

    @abstractmethod
    def find(self, connection: HTTPConnection) -> str | None:
        """Returns the credential of a request, or None. Raises `EdgeAuthError`."""


class BearerToken(Credential):
    """A bearer token (RFC 6750, section 2.1), or the token of a WebSocket's handshake."""

    def __init__(self) -> None:
        super().__init__("A JWT of Better Auth, from `/api/auth/token`.")

    def find(self, connection: HTTPConnection) -> str | None:
        """Returns the token. Raises `wrong_token_type` if the request has only an assertion."""
        token = bearer_token(connection.headers.getlist("authorization"))
        offered = handshake_token(offered_protocols(connection.scope))
        if token is not None and offered is not None:
            detail = "the request has a token in Authorization and another in its handshake"
            raise EdgeAuthError("malformed_request", detail)
        token = offered if token is None else token
        if token is None and ASSERTION in connection.headers:
            detail = "this origin verifies bearer tokens, and the request has an assertion only"
            raise EdgeAuthError("wrong_token_type", detail)
        if token is None and ConnectionState.of(connection.scope).had_authorization:
            detail = (
                "the bearer token was removed: this app, or one around it, has another EdgeAuth "
                "in the mode assertion"
            )
            raise EdgeAuthError("wrong_token_type", detail)
        return token


class EdgeAssertion(Credential):
    """The edge's assertion, in its own header."""

    def __init__(self) -> None:
        super().__init__(
            "A JWT of Better Auth, from `/api/auth/token`. The edge verifies it and sends this app "
            "an assertion in its place. The app rejects requests that bypass the edge."
        )

    def find(self, connection: HTTPConnection) -> str | None:
        """Returns the assertion. Raises `wrong_token_type` if the request has only a token."""
        assertions = connection.headers.getlist(ASSERTION)
        if len(assertions) > 1:
            raise EdgeAuthError("malformed_request", "the request has more than one assertion")
        if assertions:
            return assertions[0]
        had_token = (
            ConnectionState.of(connection.scope).had_authorization
            or presents_credential(connection.headers.getlist("authorization"))
            or offers_bearer(offered_protocols(connection.scope))
        )
        if had_token:
            detail = (
                "the request has a bearer token and no assertion of the edge, and this app "
                "accepts only assertions; either the request bypassed the edge, or the edge has "
                "no signing key: set EDGE_SIGNING_KEY at the edge"
            )
            raise EdgeAuthError("wrong_token_type", detail)
        return None
