"""Lists in one text, claims within claims, and audiences beside ours; the rules are the core's
(tests/claims/lists.rs, tests/claims/audiences.rs).
"""

import json
from pathlib import Path
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient

from better_auth_edge import EdgeAuth, EdgeAuthSettings, User
from better_auth_edge.auth_mode import AuthMode
from better_auth_edge.claims import check_required, claim_at
from better_auth_edge.errors import ConfigurationError, EdgeAuthError
from tests.apps import asserted, bearer, outcome
from tests.better_auth import ORIGIN, Edge, Publisher

VECTORS = json.loads(
    (Path(__file__).parents[2] / "tests/vectors/named_claims.json").read_text(encoding="utf-8")
)
CLAIMS: dict[str, Any] = {
    "org": {"id": "o-1", "role": "admin,user", "team": {"id": "t-1"}},
    "org.id": "literal",
}


@pytest.mark.parametrize(("path", "expected"), VECTORS["paths"])
def test_a_path_leads_through_objects_and_a_literal_name_comes_first(
    path: str, expected: object
) -> None:
    assert claim_at(VECTORS["claims"], path) == expected


@pytest.mark.parametrize(("value", "holds"), VECTORS["lists"])
def test_one_of_several_roles_suffices(value: object, holds: bool) -> None:
    def is_accepted(*lists: str) -> bool:
        try:
            check_required({"role": value}, {"role": VECTORS["accepted"]}, lists)
        except EdgeAuthError as error:
            return error.code != "insufficient_claims"
        return True

    assert is_accepted("role") == holds
    values = value if isinstance(value, list) else [value]
    assert is_accepted("groups") == any(one in values for one in VECTORS["accepted"])


def client_for(**settings: Any) -> TestClient:
    auth = EdgeAuth(EdgeAuthSettings(**settings))
    app = FastAPI()
    auth.install(app)
    admin = auth.require(claims={"org.role": "admin"})

    @app.get("/me")
    async def me(user: Annotated[User, Depends(auth.current_user)]) -> str:
        return user.id

    @app.get("/admin", dependencies=[Depends(admin)])
    async def of_admins() -> str:
        return "ok"

    team = auth.user_from_path("team", claim="org.team.id")

    @app.get("/{team}/tasks", dependencies=[Depends(team)])
    async def of_teams() -> str:
        return "ok"

    return TestClient(app)


def test_tokens_have_claims_within_claims(better_auth: Publisher) -> None:
    client = client_for(
        better_auth_url=better_auth.url, list_claims="org.role", user_claim="org.team.id"
    )
    headers = bearer(better_auth.token(**CLAIMS))
    assert client.get("/me", headers=headers).json() == "t-1"
    assert outcome(client.get("/admin", headers=headers)) == "200"
    assert outcome(client.get("/t-1/tasks", headers=headers)) == "200"
    assert outcome(client.get("/o-1/tasks", headers=headers)) == "403 user_mismatch"
    other = better_auth.token(**{**CLAIMS, "org": {"role": "superadmin", "team": {"id": "t-2"}}})
    assert outcome(client.get("/admin", headers=bearer(other))) == "403 insufficient_claims"


def test_an_assertion_has_them_under_their_whole_path(edge: Edge) -> None:
    client = client_for(edge_jwks_url=edge.url, edge_audience=ORIGIN, list_claims="org.role")
    for claims in ({"org.role": "admin,x", "org.team": {"id": "t-1"}}, {"org": CLAIMS["org"]}):
        headers = asserted(edge.assertion(claims={"sub": "ada", **claims}))
        assert outcome(client.get("/admin", headers=headers)) == "200"
    assert outcome(client.get("/t-1/tasks", headers=headers)) == "200"


def test_the_setting_replaces_the_default(better_auth: Publisher) -> None:
    client = client_for(better_auth_url=better_auth.url)
    headers = bearer(better_auth.token(**CLAIMS))
    assert outcome(client.get("/admin", headers=headers)) == "403 insufficient_claims"
    settings = EdgeAuthSettings(better_auth_url=better_auth.url, list_claims="a,,b")
    with pytest.raises(ConfigurationError, match=r"(?i)list_claims"):
        AuthMode.from_settings(settings)


API = "https://api.example"


def access_token(better_auth: Publisher, audience: object) -> str:
    issuer = f"{better_auth.url}/api/auth"
    claims = better_auth.claims(iss=issuer, aud=audience, client_id="web", azp="web")
    return better_auth.key.sign(claims, typ="at+jwt")


def test_an_access_token_is_for_us_alone(better_auth: Publisher) -> None:
    settings = {"better_auth_url": better_auth.url, "audience": f"{API},urn:tasks"}
    user_info = f"{better_auth.url}/api/auth/oauth2/userinfo"
    client = client_for(**settings, profile="access-token")
    for audience, expected in [
        (API, "200"),
        ([API, "urn:tasks"], "200"),
        ([user_info, API], "200"),
        ([API, "https://other.example"], "401 audience_mismatch"),
        ([API, ""], "401 audience_mismatch"),
        ([API, f"{better_auth.url}/oauth2/userinfo"], "401 audience_mismatch"),
        (user_info, "401 audience_mismatch"),
        ([], "401 audience_mismatch"),
        ([API, 7], "401 invalid_claim"),
    ]:
        headers = bearer(access_token(better_auth, audience))
        assert outcome(client.get("/me", headers=headers)) == expected, audience
    lax = client_for(**settings, profile="access-token", exclusive_audience=False)
    headers = bearer(access_token(better_auth, [API, "https://other.example"]))
    assert outcome(lax.get("/me", headers=headers)) == "200"


@pytest.mark.parametrize(
    ("exclusive", "expected"), [(None, "200"), (False, "200"), (True, "401 audience_mismatch")]
)
def test_a_session_token_is_where_the_setting_says_so(
    better_auth: Publisher, exclusive: bool | None, expected: str
) -> None:
    client = client_for(better_auth_url=better_auth.url, exclusive_audience=exclusive)
    token = better_auth.token(aud=[better_auth.url, "https://other.example"])
    assert outcome(client.get("/me", headers=bearer(token))) == expected


@pytest.mark.parametrize("name", ["jti", "scope"])
@pytest.mark.parametrize("value", [7, True, [], ["openid"], {"a": 1}])
def test_an_id_and_a_scope_are_texts(better_auth: Publisher, name: str, value: object) -> None:
    client = client_for(better_auth_url=better_auth.url)
    good, bad = better_auth.token(**{name: None}), better_auth.token(**{name: value})
    assert outcome(client.get("/me", headers=bearer(good))) == "200"
    assert outcome(client.get("/me", headers=bearer(bad))) == "401 invalid_claim"
