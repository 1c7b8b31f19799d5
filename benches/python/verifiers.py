"""Verifiers of one process: ours, the peers, and the signature check alone. Each candidate verifies
a list of tokens and reads the subject from the claims.
"""

import warnings
from base64 import urlsafe_b64decode
from collections.abc import Awaitable, Callable
from typing import Any

import jwt
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, utils
from joserfc import jwk as joserfc_jwk
from joserfc import jwt as joserfc_jwt
from material import Key

# joserfc warns of the name EdDSA, which Better Auth uses
warnings.filterwarnings("ignore", module="joserfc")

Measured = Callable[[list[Any]], Awaitable[None]]
Prepare = Callable[[list[str]], list[Any]]


class Candidate:
    """`new` candidates get tokens that they have never seen, the others one token. `prepare` turns
    tokens into the input of `verify`, outside of the measurement.
    """

    def __init__(
        self,
        name: str,
        verify: Measured,
        *,
        is_new: bool = True,
        prepare: Prepare = list,
    ) -> None:
        self.name = name
        self.verify = verify
        self.is_new = is_new
        self.prepare = prepare


def candidates(key: Key, auth_server: str) -> list[Candidate]:
    return [
        *ours(key, auth_server),
        pyjwt(key, auth_server),
        joserfc(key, auth_server),
        fastapi_betterauth(key, auth_server),
        fastapi_better_auth_bridge(key, auth_server),
        cryptography(key),
    ]


def ours(key: Key, auth_server: str) -> list[Candidate]:
    from better_auth_edge import Verifier

    verifier = Verifier.from_env(better_auth_url=auth_server)
    core = verifier._driver._core

    async def verify(tokens: list[str]) -> None:
        for token in tokens:
            (await verifier.verify(token)).claims["sub"]

    async def verify_sync(tokens: list[str]) -> None:
        for token in tokens:
            verifier.verify_sync(token).claims["sub"]

    async def core_alone(tokens: list[str]) -> None:
        for token in tokens:
            core.verify(token).claims["sub"]

    return [
        Candidate("ours new", verify),
        Candidate("ours new, verify_sync", verify_sync),
        Candidate("ours new, the core alone", core_alone),
        Candidate("ours cached", verify, is_new=False),
        Candidate("ours cached, verify_sync", verify_sync, is_new=False),
        Candidate("ours cached, the core alone", core_alone, is_new=False),
    ]


def pyjwt(key: Key, auth_server: str) -> Candidate:
    public = jwt.PyJWK(key.jwk)
    options: Any = {"require": ["exp", "iss", "aud", "sub"]}

    async def verify(tokens: list[str]) -> None:
        for token in tokens:
            jwt.decode(
                token,
                public,
                algorithms=[key.algorithm],
                issuer=auth_server,
                audience=auth_server,
                options=options,
            )["sub"]

    return Candidate("PyJWT", verify)


def joserfc(key: Key, auth_server: str) -> Candidate:
    public = joserfc_jwk.import_key(key.jwk)
    registry = joserfc_jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": auth_server},
        aud={"essential": True, "value": auth_server},
        exp={"essential": True},
        sub={"essential": True},
    )

    async def verify(tokens: list[str]) -> None:
        for token in tokens:
            decoded = joserfc_jwt.decode(token, public, algorithms=[key.algorithm])
            registry.validate(decoded.claims)
            decoded.claims["sub"]

    return Candidate("joserfc", verify)


def fastapi_betterauth(key: Key, auth_server: str) -> Candidate:
    from fastapi_betterauth import BetterAuth

    better_auth = BetterAuth(auth_server, algorithms=[key.algorithm])

    async def verify(tokens: list[str]) -> None:
        for token in tokens:
            better_auth.fetch_token(token)["sub"]

    return Candidate("fastapi-betterauth", verify)


def fastapi_better_auth_bridge(key: Key, auth_server: str) -> Candidate:
    from fastapi_better_auth import JwtVerifier, User

    verifier = JwtVerifier(base_url=auth_server, algorithms=[key.algorithm])

    async def verify(tokens: list[str]) -> None:
        for token in tokens:
            (await verifier.verify(token, User)).raw["sub"]

    return Candidate("fastapi-better-auth-bridge", verify)


def cryptography(key: Key) -> Candidate:
    """The signature alone, of bytes that are decoded before."""
    public = key.public
    verify_one: dict[str, Callable[[bytes, bytes], None]] = {
        "EdDSA": lambda signature, message: public.verify(signature, message),
        "ES256": lambda signature, message: public.verify(
            signature, message, ec.ECDSA(hashes.SHA256())
        ),
        "RS256": lambda signature, message: public.verify(
            signature, message, padding.PKCS1v15(), hashes.SHA256()
        ),
    }
    check = verify_one[key.algorithm]

    def prepare(tokens: list[str]) -> list[Any]:
        return [parts(token) for token in tokens]

    def parts(token: str) -> tuple[bytes, bytes]:
        message, _, encoded = token.rpartition(".")
        signature = urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
        if key.algorithm == "ES256":
            numbers = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
            signature = utils.encode_dss_signature(*numbers)
        return signature, message.encode()

    async def verify(inputs: list[tuple[bytes, bytes]]) -> None:
        for signature, message in inputs:
            check(signature, message)

    return Candidate("cryptography alone", verify, prepare=prepare)
