"""Fetches a JWK Set."""

import asyncio
import ssl
from functools import cache

import httpcore  # noqa: F401  # httpx imports it late, perhaps in a thread that a fork ends
import httpx

from better_auth_edge import content_coding
from better_auth_edge._core import Request

MAX_ERROR_BYTES = 1024
"""What is read of a response with another status than 200, which says who answered."""

Response = tuple[int, list[tuple[str, str]], bytes]
"""Status, headers in lower case, and body."""


class UnusableResponseError(ValueError):
    """A response with status 200 whose body exceeds its limit, compressed or not, or is damaged."""


async def fetch(request: Request) -> Response:
    """Returns the response to a request, with any status. Does not follow redirects. Raises
    `TimeoutError`, `httpx.HTTPError`, and `UnusableResponseError`.
    """
    # asyncio's own class before Python 3.11
    try:
        return await asyncio.wait_for(_fetch(request), request.timeout)
    except (asyncio.TimeoutError, httpx.TimeoutException) as error:
        raise TimeoutError(f"no response within {request.timeout:g} s") from error


async def _fetch(request: Request) -> Response:
    # Servers may send the document compressed although the request asks for `identity`.
    headers = [*request.headers, ("accept-encoding", "identity")]
    # A new client for each fetch, about every eight minutes: the app has no client to close.
    async with (
        httpx.AsyncClient(verify=_tls(), timeout=request.timeout) as client,
        client.stream("GET", request.url, headers=headers) as response,
    ):
        if response.status_code != 200:
            return response.status_code, response.headers.multi_items(), await _start(response)
        document = bytearray()
        async for chunk in response.aiter_raw():
            document += chunk
            if len(document) > request.max_bytes:
                too_large = f"the document has more than {request.max_bytes} bytes"
                raise UnusableResponseError(too_large)
        codings = response.headers.get("content-encoding", "")
        try:
            body = content_coding.decode(bytes(document), codings, request.max_bytes)
        except ValueError as error:
            raise UnusableResponseError(str(error)) from error
        return 200, response.headers.multi_items(), body


async def _start(response: httpx.Response) -> bytes:
    start = bytearray()
    async for chunk in response.aiter_raw():
        start += chunk
        if len(start) >= MAX_ERROR_BYTES:
            break
    return bytes(start[:MAX_ERROR_BYTES])


@cache
def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context()
