"""FastAPI applications with one route each, a page of a user's tasks: without authentication, with
ours, and with each peer as its documentation shows it. Every route returns the same body.
"""

from collections.abc import Callable
from typing import Annotated, Any

import jwt
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from joserfc import errors as joserfc_errors
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import KeySet
from pydantic import BaseModel
from starlette.requests import HTTPConnection

PATH = "/api/{user_id}/tasks"


class Task(BaseModel):
    id: int
    title: str
    done: bool


TASKS = [Task(id=number, title=f"Measure {number} times", done=False) for number in range(20)]


def check(owner: object, user_id: str) -> None:
    """What an app with a peer's dependency checks by itself."""
    if owner != user_id:
        raise HTTPException(403)


def unprotected(_: str) -> FastAPI:
    """No authentication: the upper bound."""
    app = FastAPI()

    @app.get(PATH)
    async def tasks(user_id: str, done: bool = False) -> list[Task]:
        return TASKS

    return app


def empty_dependency(_: str) -> FastAPI:
    """What FastAPI itself spends on a dependency."""
    app = FastAPI()

    async def constant(connection: HTTPConnection) -> str:
        return "ada"

    @app.get(PATH)
    async def tasks(user: Annotated[str, Depends(constant)], done: bool = False) -> list[Task]:
        return TASKS

    return app


def ours(auth_server: str) -> FastAPI:
    from better_auth_edge import EdgeAuth, User

    app = FastAPI()
    auth = EdgeAuth.from_env(better_auth_url=auth_server)
    auth.install(app)

    @app.get(PATH)
    async def tasks(
        user: Annotated[User, Depends(auth.user_from_path("user_id"))], done: bool = False
    ) -> list[Task]:
        return TASKS

    return app


def pyjwt(auth_server: str) -> FastAPI:
    """A bearer scheme of FastAPI, `PyJWKClient` and `decode`. The dependency is not a coroutine
    function, because the client can block while it fetches.
    """
    app = FastAPI()
    keys = jwt.PyJWKClient(f"{auth_server}/api/auth/jwks")
    bearer = HTTPBearer()

    def current_user(
        credentials: Annotated[HTTPAuthorizationCredentials, Depends(bearer)],
    ) -> dict[str, Any]:
        token = credentials.credentials
        try:
            key = keys.get_signing_key_from_jwt(token)
            return jwt.decode(
                token, key, algorithms=["EdDSA"], issuer=auth_server, audience=auth_server
            )
        except jwt.PyJWTError as error:
            raise HTTPException(401) from error

    @app.get(PATH)
    async def tasks(
        user: Annotated[dict[str, Any], Depends(current_user)], user_id: str, done: bool = False
    ) -> list[Task]:
        check(user["sub"], user_id)
        return TASKS

    return app


def joserfc(auth_server: str) -> FastAPI:
    """A bearer scheme of FastAPI, `decode` with a key set that was fetched at the start, and a
    registry of claims.
    """
    import httpx

    app = FastAPI()
    keys = KeySet.import_key_set(httpx.get(f"{auth_server}/api/auth/jwks").json())
    registry = joserfc_jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": auth_server},
        aud={"essential": True, "value": auth_server},
        exp={"essential": True},
    )
    bearer = HTTPBearer()

    async def current_user(
        credentials: Annotated[HTTPAuthorizationCredentials, Depends(bearer)],
    ) -> dict[str, Any]:
        try:
            token = joserfc_jwt.decode(credentials.credentials, keys, algorithms=["EdDSA"])
            registry.validate(token.claims)
        except joserfc_errors.JoseError as error:
            raise HTTPException(401) from error
        return token.claims

    @app.get(PATH)
    async def tasks(
        user: Annotated[dict[str, Any], Depends(current_user)], user_id: str, done: bool = False
    ) -> list[Task]:
        check(user["sub"], user_id)
        return TASKS

    return app


def fastapi_betterauth(auth_server: str) -> FastAPI:
    from fastapi_betterauth import BetterAuth, User

    app = FastAPI()
    better_auth = BetterAuth(auth_server)

    @app.get(PATH)
    async def tasks(
        user: Annotated[User, Depends(better_auth)], user_id: str, done: bool = False
    ) -> list[Task]:
        check(user["id"], user_id)
        return TASKS

    return app


def fastapi_better_auth_bridge(auth_server: str) -> FastAPI:
    from fastapi_better_auth import BetterAuth, JwtVerifier, Session, User

    app = FastAPI()
    auth = BetterAuth(verifiers=[JwtVerifier(base_url=auth_server)])

    @app.get(PATH)
    async def tasks(
        session: Annotated[Session[User], Depends(auth.current_session())],
        user_id: str,
        done: bool = False,
    ) -> list[Task]:
        check(session.user.id, user_id)
        return TASKS

    return app


APPS: dict[str, Callable[[str], FastAPI]] = {
    "no authentication": unprotected,
    "empty dependency": empty_dependency,
    "ours": ours,
    "PyJWT": pyjwt,
    "joserfc": joserfc,
    "fastapi-betterauth": fastapi_betterauth,
    "fastapi-better-auth-bridge": fastapi_better_auth_bridge,
}
