"""Any token gets a user or a rejection, never a server error by the app."""

import random
from collections import Counter
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI, Request
from fastapi.testclient import TestClient
from pydantic import AliasPath, Field

from better_auth_edge import EdgeAuth, EdgeAuthSettings, User
from tests.apps import bearer, outcome
from tests.better_auth import Publisher
from tests.strange import ISSUER, NOW, VALUES, Strange

COUNT = 800
PERMITS = 4
"""The fetches for unknown keys that are allowed at once (src/keys/cache/bucket.rs)."""


class Member(User):
    """Reads claims with unusual values."""

    x: Any = None
    level: float = Field(default=0, alias="iat")
    first: Any = Field(default=None, validation_alias=AliasPath("aud", 0))


def client_of(better_auth: Publisher, clock: int | None = None, **settings: Any) -> TestClient:
    time: dict[str, Any] = {} if clock is None else {"clock": lambda: float(clock)}
    auth = EdgeAuth(
        EdgeAuthSettings(better_auth_url=better_auth.url, **settings), user_model=Member, **time
    )
    app = FastAPI()
    auth.install(app)

    @app.get("/{user_id}")
    async def me(
        _: Request,
        user: Annotated[Member, Depends(auth.current_user)],
        __: Annotated[Member | None, Depends(auth.optional_user)],
    ) -> Member:
        return user

    @app.get("/users/{user_id}", dependencies=[Depends(auth.user_from_path("user_id", claim="x"))])
    @app.get("/x/x", dependencies=[Depends(auth.require(claims={"x": [1, "x", True]}))])
    @app.get("/s/x", dependencies=[Depends(auth.require(scopes=["x"]))])
    async def other() -> str:
        return "ok"

    return TestClient(app)  # which raises what an app raises


@pytest.mark.parametrize("seed", [1, random.SystemRandom().randrange(10**9)], ids=["fixed", "new"])
def test_an_unusual_token_gets_a_user_or_a_rejection(better_auth: Publisher, seed: int) -> None:
    strange = Strange(seed)
    better_auth.keys = strange.jwks["keys"]
    client = client_of(better_auth, NOW, issuer=ISSUER, audience=ISSUER)
    tokens = [strange.token() for _ in range(COUNT)]
    sendable = [token for token in tokens if token.isascii() and token.isprintable()]
    outcomes = Counter(outcome(client.get("/x", headers=bearer(token))) for token in sendable)
    # `outcome` asserts that a 503 has a Retry-After header.
    permits_ran_out = outcomes.pop("503 keys_unavailable", 0) > 0
    assert {said.partition(" ")[0] for said in outcomes} <= {"200", "400", "401", "403"}, seed
    # Each unknown `kid` takes a permit, and the first fetch takes none. The response is a 503 only
    # when no permit is left.
    assert not permits_ran_out or better_auth.fetches > PERMITS, seed
    assert outcomes["200"] > COUNT / 20


@pytest.mark.parametrize("name", ["x", "scope", "uuid", "email", "name", "claims", "id", "jti"])
def test_any_value_of_a_claim_gets_a_user_or_a_rejection(better_auth: Publisher, name: str) -> None:
    client = client_of(better_auth)
    start = str(better_auth.claims(**{name: ...})).replace("'", '"')[:-1]
    for value in VALUES:
        token = better_auth.key.sign_bytes(f'{start},"{name}":{value}}}'.encode())
        for path in ("/x", "/users/x", "/x/x", "/s/x"):
            said = outcome(client.get(path, headers=bearer(token)))
            assert said.partition(" ")[0] in ("200", "401", "403"), (value[:40], path, said)


@pytest.mark.parametrize("depth", [33, 1_000, 4_000])
@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_depth_causes_no_server_error(better_auth: Publisher, depth: int, opening: str) -> None:
    claims = b'{"x":' + opening.encode() * depth
    token = better_auth.key.sign_bytes(claims[:11_000])
    response = client_of(better_auth).get("/x", headers=bearer(token))
    assert outcome(response) == "401 malformed_token"
