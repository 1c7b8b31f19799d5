"""Errors with stable codes, the same codes as at the edge.

The error reference of the documentation lists the cause and the fix for each code.
"""

from collections.abc import Sequence

from fastapi import HTTPException

from better_auth_edge import _core

REALM = "better-auth-edge"

REASONS = {
    "malformed_request": "invalid_request",
    "insufficient_scope": "insufficient_scope",
    "session_too_old": "insufficient_user_authentication",
}
"""The error codes of challenges that differ from `invalid_token`."""

PROBLEMS = {code: (status, title) for code, status, title in _core.problems()}
"""Status and title of every code, by the core."""


class EdgeAuthError(HTTPException):
    """Rejects a request. FastAPI responds with its status, `detail` and headers;
    `EdgeAuth.install` turns it into a problem response (RFC 9457).

    `code` is stable and meant for programs. `detail` is meant for developers. It never contains a
    token or a claim of an unverified token.
    """

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        retry_after: int | None = None,
        scopes: Sequence[str] = (),
        max_age: int | None = None,
    ) -> None:
        status, self.title = PROBLEMS[code]
        headers = {"Cache-Control": "no-store"}
        challenge = _challenge(code, status, self.title, scopes, max_age)
        if challenge is not None:
            headers["WWW-Authenticate"] = challenge
        if retry_after is not None:
            headers["Retry-After"] = str(retry_after)
        super().__init__(status, detail, headers)
        self.code = code
        self.retry_after = retry_after
        """Seconds after which the client may retry, or None."""

    @property
    def status(self) -> int:
        """The HTTP status of the code."""
        return self.status_code

    def __str__(self) -> str:
        return f"{self.code}: {self.detail}"


class KeyFetchError(ValueError):
    """A JWK Set could not be fetched. It is the `__cause__` of `keys_unavailable`, and logged."""

    def __init__(
        self, url: str, reason: str, status: int | None = None, *, retry_after: int | None = None
    ) -> None:
        super().__init__(f"{url}: {reason}")
        self.url = url
        self.status = status
        """The HTTP status, or None if there was no response."""
        self.retry_after = retry_after
        """Seconds from the server's `Retry-After`, from 1 to 300, or None."""


class ConfigurationError(ValueError):
    """Settings are missing or invalid. Raised at start-up, and lists every error at once."""

    code = "misconfigured"

    def __init__(self, errors: Sequence[str]) -> None:
        super().__init__("\n".join([f"{self.code}:", *(f"  {error}" for error in errors)]))
        self.errors = list(errors)
        """Lines of the form `SETTING: what is wrong`."""


def _challenge(
    code: str, status: int, title: str, scopes: Sequence[str], max_age: int | None
) -> str | None:
    """RFC 6750, section 3. The challenge has no error code if the request had no token. RFC 9470,
    section 3: it has the accepted age, in seconds, if the session is too old.
    """
    if code == "missing_token":
        return f'Bearer realm="{REALM}"'
    reason = REASONS.get(code, "invalid_token" if status == 401 else None)
    if reason is None:
        return None
    challenge = f'Bearer realm="{REALM}", error="{reason}", error_description="{title}"'
    challenge += f', scope="{" ".join(scopes)}"' if scopes else ""
    return challenge + ("" if max_age is None else f', max_age="{max_age}"')
