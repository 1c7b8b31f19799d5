"""Parses a compact JWS (RFC 7515, section 7.1) whose payload is a JWT claims set (RFC 7519). The
checks have the order of the Rust core, so that a token gets the same code everywhere.
"""

import base64
import re
from dataclasses import dataclass

from better_auth_edge.errors import EdgeAuthError
from better_auth_edge.strict_json import JsonObject, parse_object

MAX_TOKEN_BYTES = 16_384
MAX_HEADER_BYTES = 4_096
"""The limits of the encoded token and header. Better Auth's tokens are far smaller."""

SESSION_TOKEN_MIN = 32
"""A Better Auth session token: 32 characters, or those, a dot and a base64 HMAC-SHA256."""

REJECTED_MEMBERS = {
    "crit": 'the header has "crit", and no extension is supported',
    "b64": 'the header has "b64", and unencoded payloads are not supported',
    "zip": 'the header has "zip", and compression is not supported',
    "enc": 'the header has "enc": encrypted tokens are not supported',
}
"""Members that change the meaning of a token. Better Auth uses none of them."""


@dataclass(frozen=True)
class Jws:
    """A parsed token, whose signature is not verified.

    `jwk`, `jku`, `x5u` and `x5c` are ignored, because a token cannot choose the key that the app
    trusts (RFC 8725, section 3.10).
    """

    algorithm: str
    kid: str | None
    typ: str | None
    """In lower case, without `application/` (RFC 7515, section 4.1.9)."""
    claims: JsonObject
    signing_input: bytes
    signature: bytes

    @classmethod
    def parse(cls, token: str) -> "Jws":
        """Parses a token. Raises `EdgeAuthError`: `missing_token` for an empty text,
        `token_too_large`, `opaque_token` or `malformed_token`.
        """
        if not token:
            raise EdgeAuthError("missing_token", "the token is empty")
        if len(token.encode("utf-8", "surrogatepass")) > MAX_TOKEN_BYTES:
            raise _too_large(f"the token has more than {MAX_TOKEN_BYTES} bytes")
        segments = _segments(token)
        if len(segments[0].encode("utf-8", "surrogatepass")) > MAX_HEADER_BYTES:
            raise _too_large(f"the token's header has more than {MAX_HEADER_BYTES} bytes")
        names = ("header", "payload", "signature")
        header, payload, signature = map(_decoded, names, segments)
        members, claims = _object("header", header), _object("payload", payload)
        algorithm, kid, typ = _checked(members)
        return cls(
            algorithm=algorithm,
            kid=kid,
            typ=None if typ is None else media_type(typ),
            claims=claims,
            signing_input=token.rpartition(".")[0].encode("ascii"),
            signature=signature,
        )


def decode_base64url(text: str) -> bytes:
    """Decodes strictly (RFC 7515, section 2): each byte string has exactly one text. Raises
    `ValueError` for padding, white space, another alphabet, and trailing bits that are not zero.
    """
    if not _BASE64URL.fullmatch(text):
        raise ValueError("is not base64url without padding")
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if base64.urlsafe_b64encode(data).rstrip(b"=") != text.encode("ascii"):
        raise ValueError("is not base64url without padding")
    return data


def media_type(text: str) -> str:
    """Normalizes a media type (RFC 7515, section 4.1.9): `application/` is optional, and case is
    ignored.
    """
    return text.lower().removeprefix("application/") if text.isascii() else text


_BASE64URL = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)


def _segments(token: str) -> list[str]:
    segments = token.split(".", 4)
    if len(segments) == 3:
        if not all(segments):
            raise malformed("a segment of the token is empty; unsigned tokens are refused")
        return segments
    if len(segments) < 3 and len(token.encode("utf-8", "surrogatepass")) >= SESSION_TOKEN_MIN:
        detail = (
            "this looks like a Better Auth session token; get a JWT for it from /api/auth/token"
        )
        raise EdgeAuthError("opaque_token", detail)
    raise malformed("the token is not three segments separated by dots")


def _decoded(which: str, segment: str) -> bytes:
    try:
        return decode_base64url(segment)
    except ValueError as error:
        raise malformed(f"the token's {which} {error}") from None


def _object(which: str, data: bytes) -> JsonObject:
    try:
        return parse_object(data)
    except ValueError as error:
        raise malformed(f"the token's {which} {error}") from None


def _checked(header: JsonObject) -> tuple[str, str | None, str | None]:
    """Checks a header. Returns its `alg`, `kid` and `typ`."""
    for name, why in REJECTED_MEMBERS.items():
        if name in header:
            raise malformed(why)
    texts: dict[str, str | None] = {}
    for name in ("cty", "alg", "kid", "typ"):
        text = header.get(name)
        if name in header and not isinstance(text, str):
            raise malformed(f'the header\'s "{name}" is not a string')
        texts[name] = text
        if name == "cty" and text is not None and media_type(text) == "jwt":
            raise malformed('the token wraps another token ("cty" is JWT)')
    if texts["alg"] is None:
        raise malformed('the header has no "alg"')
    return texts["alg"], texts["kid"], texts["typ"]


def malformed(detail: str) -> EdgeAuthError:
    return EdgeAuthError("malformed_token", detail)


def _too_large(detail: str) -> EdgeAuthError:
    return EdgeAuthError("token_too_large", detail)
