"""The one proof that a request carries, or none. Each way to prove an identity is also a security
scheme of OpenAPI, so that `/docs` says what a route wants.
"""

from fastapi.openapi.models import APIKey, APIKeyIn, HTTPBearer
from fastapi.security.base import SecurityBase
from starlette.requests import HTTPConnection

from better_auth_edge.authorization import bearer_token, presents_credential
from better_auth_edge.connection import ConnectionState
from better_auth_edge.errors import EdgeAuthError
from better_auth_edge.middleware import ASSERTION_HEADER

ASSERTION = ASSERTION_HEADER.decode()


class BearerToken(SecurityBase):
    """A bearer token (RFC 6750, section 2.1)."""

    def __init__(self, description: str) -> None:
        self.model = HTTPBearer(bearerFormat="JWT", description=description)
        self.scheme_name = "BetterAuth"

    async def __call__(self, connection: HTTPConnection) -> str | None:
        token = bearer_token(connection.headers.getlist("authorization"))
        if token is None and ASSERTION in connection.headers:
            detail = "this origin verifies bearer tokens, and the request has an assertion only"
            raise EdgeAuthError("wrong_token_type", detail)
        if token is None and ConnectionState.of(connection.scope).had_authorization:
            detail = (
                "the bearer token was taken off: this app, or one around it, has another EdgeAuth "
                "in the mode assertion"
            )
            raise EdgeAuthError("wrong_token_type", detail)
        return token


class EdgeAssertion(SecurityBase):
    """The edge's assertion, in its own header."""

    def __init__(self) -> None:
        description = "Set by the edge, which takes a bearer token for it."
        self.model = APIKey(
            **{"in": APIKeyIn.header}, name="X-Edge-Jwt-Assertion", description=description
        )
        self.scheme_name = "EdgeAssertion"

    async def __call__(self, connection: HTTPConnection) -> str | None:
        assertions = connection.headers.getlist(ASSERTION)
        if len(assertions) > 1:
            raise EdgeAuthError("malformed_request", "the request has more than one assertion")
        if assertions:
            return assertions[0]
        authorization = connection.headers.getlist("authorization")
        had_one = ConnectionState.of(connection.scope).had_authorization
        if had_one or presents_credential(authorization):
            detail = (
                "the request has a bearer token and no assertion of the edge, which alone is "
                "believed here: it did not come through the edge, or the edge does not sign"
            )
            raise EdgeAuthError("wrong_token_type", detail)
        return None
