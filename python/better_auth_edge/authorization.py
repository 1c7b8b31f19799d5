"""Parses the header `Authorization` (RFC 9110, section 11.6.2; RFC 6750, section 2.1), by the same
rules as the Rust core.
"""

import re
from collections.abc import Sequence

from better_auth_edge.errors import EdgeAuthError

_SCHEME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]*", re.ASCII)
"""A token (RFC 9110, section 5.6.2)."""
_JWT = re.compile(r"(?<![\w-])eyJ[\w-]*\.[\w-]*\.", re.ASCII)
"""The start of a JWT at any position: a JSON object in base64url, and two dots."""


def bearer_token(values: Sequence[str]) -> str | None:
    """Returns the bearer token of a request with these `Authorization` headers. None if the header
    is absent or empty, or has credentials of another scheme.

    Raises `EdgeAuthError`: `malformed_request` for more than one credential, because choosing one
    would be a guess; `missing_token` for the scheme without a token, and for every other value
    that is not a scheme, a space and credentials.
    """
    if len(values) > 1:
        raise _more_than_one()
    value = values[0].strip(" \t") if values else ""
    if not value:
        return None
    scheme, rest = _split(value)
    if scheme.lower() != "bearer":
        _check_another_scheme(value, rest)
        return None
    token = rest.lstrip(" ")
    if not token:
        raise EdgeAuthError("missing_token", "the Authorization header has no token")
    if not rest.startswith(" "):
        raise _misplaced()
    if any(sign in token for sign in " \t,"):
        raise _more_than_one()
    return token


def presents_credential(values: Sequence[str]) -> bool:
    """Whether the headers have a bearer token, or a malformed one."""
    try:
        return bearer_token(values) is not None
    except EdgeAuthError:
        return True


def _split(credentials: str) -> tuple[str, str]:
    """Returns the scheme, which may be empty, and the rest."""
    match = _SCHEME.match(credentials)
    end = match.end() if match else 0
    return credentials[:end], credentials[end:]


def _check_another_scheme(value: str, rest: str) -> None:
    if any(_split(member.strip(" \t"))[0].lower() == "bearer" for member in value.split(",")):
        raise _more_than_one()
    if not rest.startswith(" ") or _JWT.search(value):
        raise _misplaced()


def _misplaced() -> EdgeAuthError:
    detail = 'the Authorization header has no bearer token: it must be "Bearer", a space, the token'
    return EdgeAuthError("missing_token", detail)


def _more_than_one() -> EdgeAuthError:
    detail = "the request has more than one Authorization header or token, or a list of them"
    return EdgeAuthError("malformed_request", detail)
