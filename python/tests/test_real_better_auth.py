"""Tokens of a real Better Auth, with every algorithm that it issues, over HTTP."""

from collections.abc import Iterator

import httpx
import pytest

from tests.apps import bearer, client_for, outcome
from tests.auth_process import running
from tests.better_auth import GENERATE


@pytest.fixture(scope="module")
def better_auth() -> Iterator[str]:
    """Its base URL."""
    with running("algorithms.mjs", *GENERATE) as url:
        yield url


def signed_up(url: str) -> tuple[str, str]:
    """A user's id, and their session token."""
    origin = "/".join(url.split("/")[:3])
    body = {"name": "Ada", "email": "ada@example.com", "password": "correct horse battery"}
    response = httpx.post(f"{url}/sign-up/email", json=body, headers={"Origin": origin})
    assert response.status_code == 200, response.text
    return response.json()["user"]["id"], response.headers["set-auth-token"]


@pytest.mark.parametrize("algorithm", GENERATE)
def test_its_tokens_are_verified(better_auth: str, algorithm: str) -> None:
    url = f"{better_auth}/{algorithm}"
    user_id, session = signed_up(url)
    token = httpx.get(f"{url}/token", headers=bearer(session)).json()["token"]
    client = client_for(better_auth_url=url)

    assert client.get("/sync", headers=bearer(token)).json() == user_id
    assert outcome(client.get(f"/api/{user_id}/tasks", headers=bearer(token))) == "200"
    assert outcome(client.get("/api/other/tasks", headers=bearer(token))) == "403 user_mismatch"
    assert outcome(client.get("/me", headers=bearer(session))) == "401 opaque_token"

    # The same server with another set of keys is another issuer's, even with equal names.
    for other in sorted(GENERATE.keys() - {algorithm}):
        client = client_for(better_auth_url=f"{better_auth}/{other}")
        assert outcome(client.get("/me", headers=bearer(token))) == "401 unknown_key"
