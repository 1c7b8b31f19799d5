"""What a request with a session needs, and what happens if the store does not answer. The sessions
are signed as Better Auth signs them.
"""

import asyncio
import base64
import hashlib
import hmac
import logging
import time
from typing import Annotated, Any
from urllib.parse import quote

import pytest
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import WebSocketDenialResponse

from better_auth_edge import EdgeAuth, EdgeAuthError, EdgeAuthSettings, User
from better_auth_edge.sessions import SessionStoreError, StoredSession, lookup
from tests.apps import add_live, app_for, bearer, outcome
from tests.session_stores import SECRET

TOKEN = "t" * 32


class Store:
    """One session, and the tokens that have been looked up."""

    def __init__(self, **user: Any) -> None:
        self.now = time.time()
        self.user = {"id": "ada", "name": "Ada", **user}
        self.record: dict[str, Any] = {"id": "s1", "expiresAt": self.now + 60}
        self.looked_up: list[str] = []
        self.error: BaseException | None = None
        self.delay = 0.0

    async def session(self, token: str) -> StoredSession | None:
        self.looked_up.append(token)
        await asyncio.sleep(self.delay)
        if self.error is not None:
            raise self.error
        return StoredSession(self.record, self.user) if token == TOKEN else None


def signed(token: str) -> str:
    digest = hmac.digest(SECRET.encode(), token.encode(), hashlib.sha256)
    return quote(f"{token}.{base64.b64encode(digest).decode()}", safe="")


def cookie(token: str = TOKEN, name: str = "better-auth.session_token") -> dict[str, str]:
    return {"Cookie": f"{name}={signed(token)}"}


def auth_for(store: Store, **settings: Any) -> EdgeAuth[User]:
    values = {"better_auth_secret": SECRET, "edge_auth_mode": "session", **settings}
    return EdgeAuth(EdgeAuthSettings(**values), session_store=store)


def client_for(store: Store, **settings: Any) -> TestClient:
    auth = auth_for(store, **settings)
    app = app_for(auth)

    @app.post("/write")
    async def write(user: Annotated[User, Depends(auth.current_user)]) -> str:
        return user.id

    return TestClient(app, base_url="http://api.example")


def test_only_signed_sessions_cost_a_look_up() -> None:
    store = Store()
    client = client_for(store)
    name = "better-auth.session_token"
    for value in ("", TOKEN, f"{TOKEN}.", signed(TOKEN)[1:], "%", f"{TOKEN}.{'A' * 43}%3D"):
        response = client.get("/me", headers={"Cookie": f"{name}={value}"})
        assert outcome(response) == "401 missing_token"
        assert client.get("/perhaps", headers={"Cookie": f"{name}={value}"}).json() == "anonymous"
    for token in (TOKEN, f"x{signed(TOKEN)}", f"{TOKEN}.{'A' * 43}="):
        assert outcome(client.get("/me", headers=bearer(token))).startswith("401 ")
    for headers in ({}, {"Cookie": "a=b"}, {"Cookie": f"x-{name}={signed(TOKEN)}"}):
        assert outcome(client.get("/me", headers=headers)) == "401 missing_token"
        assert client.get("/perhaps", headers=headers).json() == "anonymous"
    assert store.looked_up == []
    assert outcome(client.get("/me", headers=cookie())) == "200"
    assert store.looked_up == [TOKEN], "once, although a route has several dependencies"


def test_the_names_of_the_cookie_are_settings() -> None:
    for settings, name in (
        ({}, "__Secure-better-auth.session_token"),
        ({"cookie_prefix": "app"}, "app.session_token"),
        ({"session_cookie_name": "sid"}, "__Secure-sid"),
    ):
        client = client_for(Store(), **settings)
        assert outcome(client.get("/me", headers=cookie(name=name))) == "200"
        other = cookie(name="other.session_token")
        assert outcome(client.get("/me", headers=other)) == "401 missing_token"


def test_a_planted_cookie_does_not_hide_the_session() -> None:
    store = Store()
    client = client_for(store)
    name = "better-auth.session_token"
    planted = "; ".join(f"{name}={signed(f'old-{index}')}" for index in range(3))
    value = f"{planted}; __Secure-{name}={signed(TOKEN)}"
    assert outcome(client.get("/me", headers={"Cookie": value})) == "200"
    assert store.looked_up == [TOKEN], "the guarded cookie comes first"
    store.looked_up.clear()
    value = f"{planted}; {name}={signed(TOKEN)}"
    assert outcome(client.get("/me", headers={"Cookie": value})) == "200"
    assert store.looked_up == ["old-0", "old-1", "old-2", TOKEN]
    store.looked_up.clear()
    many = "; ".join(f"{name}={signed(f'old-{index}')}" for index in range(50))
    assert outcome(client.get("/me", headers={"Cookie": many})) == "401 missing_token"
    assert len(store.looked_up) == lookup.MOST_TRIED


def test_a_cookie_on_an_unsafe_method_needs_a_trusted_origin() -> None:
    store = Store()
    settings = {"better_auth_url": "https://auth.example", "trusted_origins": "https://*.app.test"}
    client = client_for(store, **settings)
    for origin in ("http://api.example", "https://auth.example", "https://a.app.test"):
        response = client.post("/write", headers={**cookie(), "Origin": origin})
        assert outcome(response) == "200", origin
    assert outcome(
        client.post("/write", headers={**cookie(), "Sec-Fetch-Site": "same-origin"})
    ) == ("200")
    store.looked_up.clear()
    for headers in (
        {},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://api.example"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"},
        {"Origin": "https://evil.example", "Host": "evil.example:x"},
    ):
        response = client.post("/write", headers={**cookie(), **headers})
        assert outcome(response) == "403 cross_site_request", headers
        assert "TRUSTED_ORIGINS" in response.json()["detail"]
    assert store.looked_up == []
    # a bearer token is never sent unasked
    headers = {**bearer(signed(TOKEN)), "Origin": "https://evil.example"}
    assert outcome(client.post("/write", headers=headers)) == "200"


def test_a_handshake_by_cookie_needs_a_trusted_origin() -> None:
    app = FastAPI()
    auth = auth_for(Store(), trusted_origins="https://app.example")
    auth.install(app)
    add_live(app, auth)

    client = TestClient(app, base_url="http://api.example")
    own = {**cookie(), "Host": "api.example"}
    for origin in ("https://app.example", "http://api.example"):
        with client.websocket_connect("/live", headers={**own, "Origin": origin}) as websocket:
            assert websocket.receive_text() == "ada"
    for headers in ({}, {"Origin": "https://evil.example"}):
        refused = pytest.raises(WebSocketDenialResponse)
        with refused as response, client.websocket_connect("/live", headers={**own, **headers}):
            pass
        assert outcome(response.value) == "403 cross_site_request"
    with client.websocket_connect("/live", headers={"Origin": "https://evil.example"}) as websocket:
        assert websocket.receive_text() == "anonymous"
    with client.websocket_connect("/live", subprotocols=["bearer", signed(TOKEN)]) as websocket:
        assert websocket.receive_text() == "ada"


@pytest.mark.parametrize(
    ("record", "user", "code"),
    [
        ({"expiresAt": 1.0}, {}, "401 missing_token"),
        ({"expiresAt": "2001-01-01T00:00:00Z"}, {}, "401 missing_token"),
        ({"expiresAt": "2999-01-01T00:00:00Z"}, {}, "200"),
        ({"expiresAt": None}, {}, "500 misconfigured"),
        ({"expiresAt": "soon"}, {}, "500 misconfigured"),
        ({"id": None}, {}, "500 misconfigured"),
        ({}, {"id": ""}, "500 misconfigured"),
        ({}, {"id": 7}, "200"),
        ({}, {"banned": True}, "401 missing_token"),
        ({}, {"banned": 1, "banExpires": "never"}, "401 missing_token"),
        ({}, {"banned": "true", "banExpires": 2.0e12 * 2}, "401 missing_token"),
        ({}, {"banned": 1, "banExpires": "2001-01-01 00:00:00"}, "200"),
        ({}, {"banned": 0, "banExpires": None}, "200"),
    ],
)
def test_a_session_is_live_only_before_its_end_and_without_a_ban(
    record: dict[str, Any], user: dict[str, Any], code: str
) -> None:
    store = Store(**user)
    store.record.update(record)
    assert outcome(client_for(store).get("/me", headers=cookie())) == code


def test_a_store_that_fails_is_neither_a_rejection_nor_a_pass(
    caplog: pytest.LogCaptureFixture,
) -> None:
    store = Store()
    client = client_for(store)
    for error in (OSError(f"refused {TOKEN}"), RuntimeError(), KeyError(TOKEN)):
        store.error = error
        for path in ("/me", "/perhaps"):
            for headers in (cookie(), bearer(signed(TOKEN))):
                response = client.get(path, headers=headers)
                assert outcome(response) == "503 keys_unavailable"
                assert response.headers["retry-after"] == str(lookup.RETRY_AFTER)
    assert "the session store is unavailable: OSError" in caplog.text
    assert TOKEN not in caplog.text
    assert len(caplog.records) == 1, "not one for each request"
    store.error = SessionStoreError("the table is missing")
    assert outcome(client.get("/perhaps", headers=cookie())) == "500 misconfigured"
    assert "the table is missing" in caplog.text
    store.error = None
    assert outcome(client.get("/me", headers=cookie())) == "200"


def test_a_store_that_hangs_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookup, "TIME_LIMIT", 0.05)
    store = Store()
    store.delay = 60
    with client_for(store) as client:
        for path in ("/me", "/perhaps"):
            assert outcome(client.get(path, headers=cookie())) == "503 keys_unavailable"
        store.delay = 0
        assert outcome(client.get("/me", headers=cookie())) == "200"


def test_a_cached_session_expires_and_its_ban_counts() -> None:
    store, now = Store(), [1_000.0]
    store.record["expiresAt"] = 1_150.0
    values = {"better_auth_secret": SECRET, "edge_auth_mode": "session", "session_max_age": 100}
    auth = EdgeAuth(EdgeAuthSettings(**values), session_store=store, clock=lambda: now[0])
    client = TestClient(app_for(auth))
    for moment, looked_up, code in [
        (1_000, 1, "200"),
        (1_099, 1, "200"),
        (1_100, 2, "200"),
        (1_149, 2, "200"),
        (1_150, 2, "401 missing_token"),
        (999, 3, "200"),
    ]:
        now[0] = moment
        assert outcome(client.get("/me", headers=cookie())) == code
        assert len(store.looked_up) == looked_up, moment


def test_a_record_cannot_replace_the_claims_of_the_session() -> None:
    store = Store(sub="eve", sid="x", exp=9e9, impersonatedBy="root", activeOrganizationId="o")
    store.record["createdAt"] = 1_700_000_000_123
    claims = client_for(store).get("/me", headers=cookie()).json()["claims"]
    assert (claims["sub"], claims["sid"], claims["exp"]) == ("ada", "s1", store.now + 60)
    assert claims["session_iat"] == 1_700_000_000.123
    assert not {"impersonatedBy", "activeOrganizationId"} & claims.keys()


def test_verify_accepts_the_token_of_a_session_in_a_message() -> None:
    auth = auth_for(Store())
    assert asyncio.run(auth.verify(signed(TOKEN))).id == "ada"
    for token, code in [
        (TOKEN, "opaque_token"),
        ("a.b.c", "wrong_token_type"),
        ("\udcff", "wrong_token_type"),
        (signed("other" * 8), "missing_token"),
    ]:
        with pytest.raises(EdgeAuthError) as rejected:
            asyncio.run(auth.verify(token))
        assert rejected.value.code == code


def test_starlette_needs_no_fastapi_route() -> None:
    auth = auth_for(Store())

    async def home(request: Request) -> PlainTextResponse:
        user = await auth.optional_user(request)
        return PlainTextResponse("anonymous" if user is None else user.id)

    client = TestClient(Starlette(routes=[Route("/", home)]))
    assert client.get("/", headers=cookie()).text == "ada"
    assert client.get("/").text == "anonymous"
    assert client.get("/", headers=cookie("old")).text == "anonymous"


def test_the_openapi_document_has_the_cookie() -> None:
    settings = {"better_auth_url": "https://auth.example"}
    document = client_for(Store(), **settings).get("/openapi.json").json()
    scheme = document["components"]["securitySchemes"]["BetterAuthSession"]
    assert (scheme["type"], scheme["in"]) == ("apiKey", "cookie")
    assert scheme["name"] == "__Secure-better-auth.session_token"
    security = document["paths"]["/me"]["get"]["security"]
    assert security == [{"BetterAuthSession": []}, {"BetterAuth": []}]
    security = document["paths"]["/perhaps"]["get"]["security"]
    assert security == [{}, {"BetterAuthSession": []}, {"BetterAuth": []}]


def test_neither_the_log_nor_a_representation_has_the_token(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.DEBUG):
        assert outcome(client_for(Store()).get("/me", headers=cookie())) == "200"
    assert TOKEN not in caplog.text
    stored = StoredSession({"token": TOKEN}, {"email": "ada@example.com"})
    assert (TOKEN in repr(stored), "ada@" in repr(stored)) == (False, False)
