"""Why the answer is no: one exception, and one stable code for each reason.

The codes are those of the edge; docs/errors.md says for each what causes and what cures it.
"""

from collections.abc import Sequence

from fastapi import HTTPException

REALM = "better-auth-edge"

PROBLEMS: dict[str, tuple[int, str]] = {
    "malformed_request": (400, "The request is malformed"),
    "missing_token": (401, "A token is required"),
    "opaque_token": (401, "This is a session token, not a JWT"),
    "malformed_token": (401, "The token is malformed"),
    "token_too_large": (401, "The token is too large"),
    "wrong_token_type": (401, "The token is of another kind"),
    "unsupported_algorithm": (401, "The algorithm is not accepted"),
    "unknown_key": (401, "The signing key is not known"),
    "bad_signature": (401, "The signature is not valid"),
    "expired": (401, "The token has expired"),
    "not_yet_valid": (401, "The token is not valid yet"),
    "issuer_mismatch": (401, "The issuer is not accepted"),
    "audience_mismatch": (401, "The audience is not accepted"),
    "missing_claim": (401, "A required claim is missing"),
    "invalid_claim": (401, "A claim is not valid"),
    "user_mismatch": (403, "This path belongs to another user"),
    "insufficient_claims": (403, "The token's claims do not suffice"),
    "insufficient_scope": (403, "The token's scope does not suffice"),
    "misconfigured": (500, "The edge is misconfigured"),
    "keys_unavailable": (503, "The signing keys are not available"),
}
"""Status and title of every code that this package answers with."""


class EdgeAuthError(HTTPException):
    """A request is refused. FastAPI answers with its status, `detail` and headers by itself;
    `EdgeAuth.install` makes a problem document (RFC 9457) of it.

    `code` is stable and meant for programs. `detail` is meant for the developer who reads it at
    night: it never holds a token, nor anything taken from a token that has not been verified.
    """

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        retry_after: int | None = None,
        scopes: Sequence[str] = (),
    ) -> None:
        status, self.title = PROBLEMS[code]
        headers = {"Cache-Control": "no-store"}
        challenge = _challenge(code, status, self.title, scopes)
        if challenge is not None:
            headers["WWW-Authenticate"] = challenge
        if retry_after is not None:
            headers["Retry-After"] = str(retry_after)
        super().__init__(status, detail, headers)
        self.code = code
        self.retry_after = retry_after
        """Seconds until another try makes sense, where the fault will pass."""

    @property
    def status(self) -> int:
        """The HTTP status that goes with the code."""
        return self.status_code

    def __str__(self) -> str:
        return f"{self.code}: {self.detail}"


class KeyFetchError(ValueError):
    """Why a JWK Set could not be had: the `__cause__` of `keys_unavailable`, and in the log."""

    def __init__(
        self, url: str, fault: str, status: int | None = None, *, retry_after: int | None = None
    ) -> None:
        super().__init__(f"{url}: {fault}")
        self.url = url
        self.status = status
        """The HTTP status, where there was an answer."""
        self.retry_after = retry_after
        """Seconds for which the server has asked to be left alone, from 1 to 300, if it has."""


class ConfigurationError(ValueError):
    """Settings are missing or cannot be used. Raised at start-up, with every fault at once."""

    code = "misconfigured"

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join([f"{self.code}:", *(f"  {fault}" for fault in faults)]))
        self.faults = list(faults)
        """Lines of the form `SETTING: what is wrong with it`."""


def _challenge(code: str, status: int, title: str, scopes: Sequence[str]) -> str | None:
    """RFC 6750, section 3: no error code where the request had no token."""
    if code == "missing_token":
        return f'Bearer realm="{REALM}"'
    reasons = {"malformed_request": "invalid_request", "insufficient_scope": "insufficient_scope"}
    reason = reasons.get(code, "invalid_token" if status == 401 else None)
    if reason is None:
        return None
    challenge = f'Bearer realm="{REALM}", error="{reason}", error_description="{title}"'
    return challenge + (f', scope="{" ".join(scopes)}"' if scopes else "")
