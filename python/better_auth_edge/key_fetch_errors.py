"""Explains to the operator why a JWK Set could not be fetched."""

import asyncio
import time

import httpx

from better_auth_edge.errors import KeyFetchError
from better_auth_edge.key_cache import FETCH_TIMEOUT
from better_auth_edge.retry_after import retry_after
from better_auth_edge.settings import EDGE_JWKS_PATH

_NO_KEYS = (
    "Better Auth's jwt plugin is missing, or its base path differs: set "
    "BETTER_AUTH_BASE_PATH or JWKS_URL"
)
_NO_EDGE = "no edge responds there; EDGE_JWKS_URL must be the URL of the edge, not of this app"
_REJECTED = "a firewall or an access rule in front of the server rejected the request"


def status_error(url: str, response: httpx.Response) -> KeyFetchError:
    """Returns the error for a response whose status is not 200."""
    status = response.status_code
    causes = {401: _REJECTED, 403: _REJECTED, 429: "too many requests"}
    causes[404] = _NO_EDGE if url.endswith(EDGE_JWKS_PATH) else _NO_KEYS
    cause = "redirects are not followed" if 300 <= status < 400 else causes.get(status)
    reason = f"status {status}{(cause and f', {cause}') or ''}"
    delay = retry_after(status, response.headers, time.time())
    return KeyFetchError(url, reason, status, retry_after=delay)


def fetch_error(url: str, error: Exception) -> KeyFetchError:
    """Converts any exception of a fetch, which becomes the `__cause__`."""
    if isinstance(error, KeyFetchError):
        return error
    if isinstance(error, (asyncio.TimeoutError, httpx.TimeoutException)):
        failure = KeyFetchError(url, f"no response within {FETCH_TIMEOUT:g} s")
    elif isinstance(error, ValueError) and not isinstance(error, UnicodeError):
        reason = str(error).removeprefix("the document ")
        failure = KeyFetchError(url, f"status 200, and the document {reason}", 200)
    else:
        failure = KeyFetchError(url, f"{type(error).__name__}: {error}")
    failure.__cause__ = error
    return failure
