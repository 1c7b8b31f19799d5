"""An app with every dependency, and a check of its responses."""

from typing import Annotated, Any

from fastapi import Depends, FastAPI, WebSocket
from fastapi.testclient import TestClient
from httpx2 import Response

from better_auth_edge import EdgeAuth, EdgeAuthSettings, User
from tests.better_auth import ORIGIN, Edge, Publisher

SECRET = "a secret that is long enough for a hash"  # noqa: S105


def app_for(auth: EdgeAuth[Any]) -> FastAPI:
    app = FastAPI()
    auth.install(app)

    @app.get("/me")
    async def me(user: Annotated[User, Depends(auth.current_user)]) -> User:
        return user

    @app.get("/sync")
    def sync(user: Annotated[User, Depends(auth.current_user)]) -> str:
        return user.id

    @app.get("/perhaps")
    async def perhaps(user: Annotated[User | None, Depends(auth.optional_user)]) -> str:
        return "anonymous" if user is None else user.id

    @app.get("/api/{user_id}/tasks")
    async def tasks(user: Annotated[User, Depends(auth.user_from_path("user_id"))]) -> str:
        return user.id

    @app.get(
        "/by-email/{email}", dependencies=[Depends(auth.user_from_path("email", claim="email"))]
    )
    async def by_email() -> str:
        return "ok"

    @app.get("/admin", dependencies=[Depends(auth.require(claims={"role": ["admin", "root"]}))])
    async def admin() -> str:
        return "ok"

    @app.get("/scoped", dependencies=[Depends(auth.require(scopes=["tasks:read", "tasks:write"]))])
    async def scoped() -> str:
        return "ok"

    return app


def add_live(app: FastAPI, auth: EdgeAuth[Any]) -> None:
    """Adds a WebSocket that sends the user's id."""

    @app.websocket("/live")
    async def live(
        websocket: WebSocket, user: Annotated[User | None, Depends(auth.optional_user)]
    ) -> None:
        await websocket.accept()
        await websocket.send_text("anonymous" if user is None else user.id)
        await websocket.close()


def client_for(**settings: Any) -> TestClient:
    return TestClient(app_for(EdgeAuth(EdgeAuthSettings(**settings))))


def by_tokens(better_auth: Publisher, **settings: Any) -> TestClient:
    return client_for(better_auth_url=better_auth.url, **settings)


def by_assertions(edge: Edge, **settings: Any) -> TestClient:
    return client_for(edge_jwks_url=edge.url, edge_audience=ORIGIN, **settings)


def by_secret(**settings: Any) -> TestClient:
    own = {"better_auth_secret": SECRET, "better_auth_url": "http://auth.example"}
    return client_for(edge_auth_mode="secret", environment="test", **own, **settings)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def asserted(assertion: str) -> dict[str, str]:
    return {"X-Edge-Jwt-Assertion": assertion}


def outcome(response: Response) -> str:
    """Returns `200`, or the status and the code of a rejection, whose form it checks."""
    if response.status_code == 200:
        return "200"
    body = response.json()
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["cache-control"] == "no-store"
    assert body.keys() == {"type", "title", "status", "code", "detail", "request_id"}
    assert body["type"] == f"tag:better-auth-edge,2026:errors#{body['code']}"
    assert (body["status"], body["request_id"]) == (
        response.status_code,
        response.headers["x-request-id"],
    )
    assert ("www-authenticate" in response.headers) == (
        response.status_code == 401 or body["code"] in ("insufficient_scope", "malformed_request")
    )
    assert ("retry-after" in response.headers) == (response.status_code == 503)
    return f"{response.status_code} {body['code']}"
