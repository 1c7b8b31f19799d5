"""Reads the credential of a request: a bearer token, a session or the edge's assertion."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field

from starlette.types import Scope

from better_auth_edge.authorization import bearer_token, presents_credential
from better_auth_edge.connection import ConnectionState, header_values
from better_auth_edge.errors import EdgeAuthError
from better_auth_edge.handshake import handshake_token, offered_protocols, offers_bearer
from better_auth_edge.middleware import ASSERTION_HEADER
from better_auth_edge.sessions.rules import SessionRules

SCHEME = "BetterAuth"
"""The name of the security scheme in OpenAPI documents."""
COOKIE_SCHEME = "BetterAuthSession"
"""The name of the security scheme of session cookies."""


@dataclass(frozen=True)
class PresentedSession:
    """A session that a request presents, by its tokens. Better Auth has signed them, unless the
    settings accept others.
    """

    tokens: tuple[str, ...] = field(repr=False)
    """Several if the request has several session cookies, the most trustworthy first."""
    is_cookie: bool = False
    """Browsers send cookies unasked, so a route whose user is optional ignores the cookie of a
    session that has ended."""
    rejection: EdgeAuthError | None = field(default=None, compare=False)
    """Why there are no tokens."""


Presented = str | PresentedSession
"""A JWT, or a session."""


class Credential(ABC):
    """Where a request has its credential. OpenAPI documents show a bearer token, which clients can
    send in every mode.
    """

    cookie_name: str | None = None
    """The session cookie that OpenAPI documents show too."""

    description: str
    """What OpenAPI documents say."""
    missing: str
    """Why a request without the credential is rejected."""

    @abstractmethod
    def find(self, scope: Scope) -> Presented | None:
        """Returns the credential of a request, or None. Raises `EdgeAuthError`."""

    def of_message(self, token: str) -> Presented:
        """Returns the credential that a client sends outside of a request's headers."""
        return token


class BearerToken(Credential):
    """A bearer token (RFC 6750, section 2.1), or the token of a WebSocket's handshake."""

    description = "A JWT of Better Auth, from `/api/auth/token`."
    missing = "the request has no bearer token"

    def find(self, scope: Scope) -> Presented | None:
        """Returns the token. Raises `wrong_token_type` if the request has only an assertion."""
        token = self.token(scope)
        if token is None:
            self.check_others(scope)
        return token

    def token(self, scope: Scope) -> str | None:
        """Returns the token of the request's header or of its handshake."""
        token = bearer_token(scope["headers"])
        if scope["type"] == "websocket":
            offered = handshake_token(offered_protocols(scope))
            if token is not None and offered is not None:
                detail = "the request has a token in Authorization and another in its handshake"
                raise EdgeAuthError("malformed_request", detail)
            token = offered if token is None else token
        return token

    def check_others(self, scope: Scope) -> None:
        """Raises `wrong_token_type` if the request has a credential of another mode."""
        if header_values(scope, ASSERTION_HEADER):
            detail = "this origin verifies bearer tokens, and the request has an assertion only"
            raise EdgeAuthError("wrong_token_type", detail)
        if ConnectionState.of(scope).had_authorization:
            detail = (
                "the bearer token was removed: this app, or one around it, has another EdgeAuth "
                "in the mode assertion"
            )
            raise EdgeAuthError("wrong_token_type", detail)


class SessionOrBearer(BearerToken):
    """A session of Better Auth, by its cookie or as a bearer token; perhaps a JWT."""

    def __init__(self, rules: SessionRules, *, accepts_jwts: bool) -> None:
        self._rules = rules
        self._accepts_jwts = accepts_jwts
        self.cookie_name = rules.cookie_name
        self.missing = "the request has neither a session cookie nor a bearer token"
        jwt = ", or a JWT of Better Auth, from `/api/auth/token`" if accepts_jwts else ""
        self.description = f"A session token of Better Auth, from `set-auth-token`{jwt}."

    def find(self, scope: Scope) -> Presented | None:
        """Returns the session or the token. A cookie counts only without a bearer token."""
        token = self.token(scope)
        if token is not None:
            return self.of_message(token)
        session = self._of_cookies(scope)
        if session is None:
            self.check_others(scope)
        return session

    def of_message(self, token: str) -> Presented:
        """Returns the session of a bearer token, or a JWT. Raises `bad_signature` for a session
        token that Better Auth has not signed, `opaque_token` for one without a signature, and
        `wrong_token_type` for a JWT if the app accepts none.
        """
        # A lone surrogate, which no token contains, has no UTF-8.
        is_text = token.isascii()
        session = self._rules.tokens.in_bearer(token) if is_text else None
        if session is None:
            if self._accepts_jwts:
                return token
            detail = "this app accepts sessions of Better Auth, and the token is not a session's"
            raise EdgeAuthError("wrong_token_type", detail)
        session_token, is_signed = session
        if not is_signed and self._rules.bearer != "any":
            detail = "the session token has no signature; send the value of set-auth-token"
            raise EdgeAuthError("opaque_token", detail)
        return PresentedSession((session_token,))

    def _of_cookies(self, scope: Scope) -> PresentedSession | None:
        is_handshake = scope["type"] == "websocket"
        scheme = scope.get("scheme", "http")
        try:
            tokens = self._rules.tokens.in_cookies(
                scope["headers"],
                method=scope.get("method", "GET"),
                scheme="https" if scheme in ("https", "wss") else "http",
                is_handshake=is_handshake,
            )
        except EdgeAuthError as error:
            if error.status != 401:
                raise
            return PresentedSession((), is_cookie=True, rejection=error)
        return None if tokens is None else PresentedSession(tuple(tokens), is_cookie=True)


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
