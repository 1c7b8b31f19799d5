"""The one proof that a request carries, or none. Each way to prove an identity is also a security
scheme of OpenAPI, so that `/docs` says what a route wants.
"""

from fastapi.openapi.models import APIKey, APIKeyIn, HTTPBearer
from fastapi.security.base import SecurityBase
from starlette.requests import HTTPConnection

from better_auth_edge.errors import EdgeAuthError
from better_auth_edge.middleware import ASSERTION_HEADER, BEARER_SCOPE_KEY

ASSERTION = ASSERTION_HEADER.decode()


class BearerToken(SecurityBase):
    """A bearer token (RFC 6750, section 2.1)."""

    def __init__(self, description: str) -> None:
        self.model = HTTPBearer(bearerFormat="JWT", description=description)
        self.scheme_name = "BetterAuth"

    async def __call__(self, connection: HTTPConnection) -> str | None:
        token = bearer_token(connection)
        if token is None and ASSERTION in connection.headers:
            detail = "this origin verifies bearer tokens, and the request has an assertion only"
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
        if connection.scope.get(BEARER_SCOPE_KEY) or bearer_token(connection) is not None:
            detail = (
                "the request has a bearer token and no assertion of the edge, which alone is "
                "believed here: it did not come through the edge, or the edge does not sign"
            )
            raise EdgeAuthError("wrong_token_type", detail)
        return None


def bearer_token(connection: HTTPConnection) -> str | None:
    """The bearer token, None without an `Authorization` header or with one of another scheme.

    Raises `EdgeAuthError`: `malformed_request` for more than one credential, because choosing one
    would be a guess; `missing_token` for the scheme without a token.
    """
    values = connection.headers.getlist("authorization")
    if not values:
        return None
    if len(values) > 1:
        raise _more_than_one()
    scheme, _, token = values[0].partition(" ")
    if not _is_bearer(scheme):
        if any(_is_bearer(member.strip().partition(" ")[0]) for member in values[0].split(",")):
            raise _more_than_one()
        return None
    token = token.strip(" ")
    if not token:
        raise EdgeAuthError("missing_token", "the Authorization header has no token")
    if any(sign in token for sign in " \t,"):
        raise _more_than_one()
    return token


def _is_bearer(scheme: str) -> bool:
    return scheme.lower() == "bearer"


def _more_than_one() -> EdgeAuthError:
    detail = "the request has more than one Authorization header or token, or a list of them"
    return EdgeAuthError("malformed_request", detail)
