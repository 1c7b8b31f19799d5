"""Reads the credential of a request: a bearer token or the edge's assertion."""

from abc import ABC, abstractmethod

from starlette.types import Scope

from better_auth_edge.authorization import bearer_token, presents_credential
from better_auth_edge.connection import ConnectionState, header_values
from better_auth_edge.errors import EdgeAuthError
from better_auth_edge.handshake import handshake_token, offered_protocols, offers_bearer
from better_auth_edge.middleware import ASSERTION_HEADER

SCHEME = "BetterAuth"
"""The name of the security scheme in OpenAPI documents."""


class Credential(ABC):
    """Where a request has its credential. OpenAPI documents show a bearer token, which clients send
    in both modes.
    """

    description: str
    """What OpenAPI documents say."""
    missing: str
    """Why a request without the credential is rejected."""

    @abstractmethod
    def find(self, scope: Scope) -> str | None:
        """Returns the credential of a request, or None. Raises `EdgeAuthError`."""


class BearerToken(Credential):
    """A bearer token (RFC 6750, section 2.1), or the token of a WebSocket's handshake."""

    description = "A JWT of Better Auth, from `/api/auth/token`."
    missing = "the request has no bearer token"

    def find(self, scope: Scope) -> str | None:
        """Returns the token. Raises `wrong_token_type` if the request has only an assertion."""
        token = bearer_token(scope["headers"])
        if scope["type"] == "websocket":
            offered = handshake_token(offered_protocols(scope))
            if token is not None and offered is not None:
                detail = "the request has a token in Authorization and another in its handshake"
                raise EdgeAuthError("malformed_request", detail)
            token = offered if token is None else token
        if token is not None:
            return token
        if header_values(scope, ASSERTION_HEADER):
            detail = "this origin verifies bearer tokens, and the request has an assertion only"
            raise EdgeAuthError("wrong_token_type", detail)
        if ConnectionState.of(scope).had_authorization:
            detail = (
                "the bearer token was removed: this app, or one around it, has another EdgeAuth "
                "in the mode assertion"
            )
            raise EdgeAuthError("wrong_token_type", detail)
        return None


class EdgeAssertion(Credential):
    """The edge's assertion, in its own header."""

    description = (
        "A JWT of Better Auth, from `/api/auth/token`. The edge verifies it and sends this app an "
        "assertion in its place. The app rejects requests that bypass the edge."
    )
    missing = (
        "the request has no assertion; either it bypassed the edge, or the edge forwarded it "
        "without a user"
    )

    def find(self, scope: Scope) -> str | None:
        """Returns the assertion. Raises `wrong_token_type` if the request has only a token."""
        assertions = header_values(scope, ASSERTION_HEADER)
        if len(assertions) > 1:
            raise EdgeAuthError("malformed_request", "the request has more than one assertion")
        if assertions:
            return assertions[0]
        had_token = (
            ConnectionState.of(scope).had_authorization
            or presents_credential(scope["headers"])
            or offers_bearer(offered_protocols(scope))
        )
        if had_token:
            detail = (
                "the request has a bearer token and no assertion of the edge, and this app "
                "accepts only assertions; either the request bypassed the edge, or the edge has "
                "no signing key: set EDGE_SIGNING_KEY at the edge"
            )
            raise EdgeAuthError("wrong_token_type", detail)
        return None
