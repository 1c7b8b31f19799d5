"""Who is asking.

Two things have to agree: what the edge says (`X-Edge-User`) and the bearer token, which is
verified here once more. A request that went around the edge lacks the first, a request whose
headers were forged fails the second.
"""

from typing import Annotated, Any
from uuid import UUID

import jwt
from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from jwt.exceptions import InvalidSubjectError
from pydantic import BaseModel, ConfigDict

from app.keys import KeySet, KeysUnavailableError
from app.problems import Problem
from app.settings import Settings

ALGORITHMS = ["EdDSA"]
"""What tokens may be signed with: Better Auth's default. The token's header has no say."""
REQUIRED_CLAIMS = ["exp", "iss", "aud", "sub"]
LEEWAY = 5
"""Seconds by which clocks may differ."""
MAX_TOKEN_LENGTH = 16_384

CODES: dict[type[jwt.PyJWTError], str] = {
    jwt.ExpiredSignatureError: "expired",
    jwt.ImmatureSignatureError: "not_yet_valid",
    jwt.InvalidAlgorithmError: "unsupported_algorithm",
    jwt.InvalidAudienceError: "audience_mismatch",
    jwt.InvalidIssuedAtError: "invalid_claim",
    jwt.InvalidIssuerError: "issuer_mismatch",
    jwt.InvalidSignatureError: "bad_signature",
    InvalidSubjectError: "invalid_claim",
    jwt.MissingRequiredClaimError: "missing_claim",
}
DETAILS = {
    "ambiguous_edge_user": "The request names more than one edge user.",
    "audience_mismatch": "The token is meant for another audience.",
    "bad_signature": "The token's signature does not verify.",
    "edge_user_mismatch": "The token belongs to another user than the edge says.",
    "expired": "The token has expired.",
    "invalid_claim": "A claim of the token has a value that it must not have.",
    "issuer_mismatch": "The token comes from another issuer.",
    "malformed_token": "The token is no well-formed JWT.",
    "missing_claim": "The token lacks a claim that is required.",
    "missing_edge_user": "The request did not come through the edge.",
    "missing_token": "The request carries no bearer token.",
    "not_yet_valid": "The token is not valid yet.",
    "opaque_token": "The token is an opaque session token, not a JWT.",
    "token_too_large": "The token is too large.",
    "unknown_key": "The token is signed with a key that is not published.",
    "unsupported_algorithm": "The token is signed with an algorithm that is not accepted.",
    "wrong_token_type": "The token is of another kind than a session JWT.",
}


class User(BaseModel):
    """A user whose token has been verified."""

    model_config = ConfigDict(frozen=True)

    id: str
    """Better Auth's user id, the token's `sub`."""
    uuid: UUID | None
    """The `uuid` claim, where Better Auth is set up to issue one."""
    email: str | None
    name: str | None
    claims: dict[str, Any]


def get_settings(request: Request) -> Settings:
    settings: Settings = request.state.settings
    return settings


def get_keys(request: Request) -> KeySet:
    keys: KeySet = request.state.keys
    return keys


bearer_token = HTTPBearer(
    auto_error=False, bearerFormat="JWT", description="A session JWT of Better Auth."
)


async def current_user(
    request: Request,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer_token)],
    keys: Annotated[KeySet, Depends(get_keys)],
    settings: Annotated[Settings, Depends(get_settings)],
) -> User:
    """The user that the edge and the token agree on; 401 otherwise, 503 without keys."""
    if credentials is None:
        raise unauthorized("missing_token")
    edge_users = request.headers.getlist("x-edge-user")
    if len(edge_users) > 1:
        raise unauthorized("ambiguous_edge_user")
    if not edge_users or not edge_users[0]:
        raise unauthorized("missing_edge_user")

    claims = await verify(credentials.credentials, keys, settings)
    if edge_users[0] not in (claims.get("uuid"), claims["sub"]):
        raise unauthorized("edge_user_mismatch")
    return User(
        id=claims["sub"],
        uuid=uuid_or_none(claims.get("uuid")),
        email=text_or_none(claims.get("email")),
        name=text_or_none(claims.get("name")),
        claims=claims,
    )


CurrentUser = Annotated[User, Depends(current_user)]


async def user_from_path(user_id: UUID, user: CurrentUser) -> User:
    """The current user, provided that the path is theirs; 403 otherwise."""
    if user.uuid is None or user.uuid != user_id:
        raise Problem(403, "user_mismatch", "The path belongs to another user than the token.")
    return user


PathUser = Annotated[User, Depends(user_from_path)]


async def verify(token: str, keys: KeySet, settings: Settings) -> dict[str, Any]:
    """The claims of a session JWT that Better Auth signed and that is valid now."""
    if len(token) > MAX_TOKEN_LENGTH:
        raise unauthorized("token_too_large")
    if token.count(".") < 2:
        raise unauthorized("opaque_token")
    try:
        header = jwt.get_unverified_header(token)
        # Checked before looking for a key, so that only a token of ours can cause a fetch.
        if header.get("typ") not in (None, "JWT"):
            raise unauthorized("wrong_token_type")
        if header.get("alg") not in ALGORITHMS:
            raise unauthorized("unsupported_algorithm")
        if "kid" not in header:
            raise unauthorized("unknown_key")
        key = await keys.find(header["kid"])
        if key is None:
            raise unauthorized("unknown_key")
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=ALGORITHMS,
            issuer=settings.issuer,
            audience=settings.audience,
            leeway=LEEWAY,
            options={"require": REQUIRED_CLAIMS},
        )
    except KeysUnavailableError as error:
        raise Problem(
            503,
            "keys_unavailable",
            "Better Auth's keys cannot be had at present.",
            {"Retry-After": str(error.retry_after)},
        ) from None
    except jwt.PyJWTError as error:
        raise unauthorized(CODES.get(type(error), "malformed_token")) from None
    if not claims["sub"]:
        raise unauthorized("invalid_claim")
    return claims


def unauthorized(code: str) -> Problem:
    """401 with a challenge by RFC 6750: the error is named only where a token was sent."""
    challenge = "Bearer" if code == "missing_token" else 'Bearer error="invalid_token"'
    return Problem(401, code, DETAILS[code], {"WWW-Authenticate": challenge})


def uuid_or_none(value: object) -> UUID | None:
    try:
        return UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None


def text_or_none(value: object) -> str | None:
    return value if isinstance(value, str) else None
