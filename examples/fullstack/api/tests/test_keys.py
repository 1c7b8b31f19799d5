"""The key set, seen through the app where time stands still, and by itself where it moves."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from http.server import BaseHTTPRequestHandler

import httpx
import pytest
from fastapi.testclient import TestClient

from app import keys
from app.keys import KeySet, KeysUnavailableError
from tests.better_auth import JSON, BetterAuth, Key, respond
from tests.conftest import Person, assert_problem

# Through the app


def test_one_fetch_serves_many_requests(
    api: TestClient, better_auth: BetterAuth, ada: Person, bob: Person
) -> None:
    for person in (ada, bob, ada):
        assert api.get(f"{person.path}/tasks", headers=person.headers()).status_code == 200
    assert better_auth.fetches == 1


def test_a_rotation_is_picked_up_at_once(
    api: TestClient, better_auth: BetterAuth, ada: Person
) -> None:
    old = ada.headers()
    assert api.get(f"{ada.path}/tasks", headers=old).status_code == 200

    better_auth.rotate()

    assert api.get(f"{ada.path}/tasks", headers=ada.headers()).status_code == 200
    assert api.get(f"{ada.path}/tasks", headers=old).status_code == 200
    assert better_auth.fetches == 2


def test_an_unknown_key_is_asked_for_once(
    api: TestClient, better_auth: BetterAuth, ada: Person
) -> None:
    assert api.get(f"{ada.path}/tasks", headers=ada.headers()).status_code == 200

    for _ in range(5):
        token = better_auth.sign(better_auth.claims(uuid=str(ada.uuid)), key=Key())
        response = api.get(f"{ada.path}/tasks", headers=ada.headers(token))
        assert_problem(response, 401, "unknown_key")

    assert better_auth.fetches == 2


def test_known_keys_outlive_their_source_and_unknown_ones_are_not_the_callers_fault(
    api: TestClient, better_auth: BetterAuth, ada: Person
) -> None:
    known = ada.headers()
    assert api.get(f"{ada.path}/tasks", headers=known).status_code == 200

    better_auth.goes_down()
    better_auth.rotate()

    for _ in range(3):
        response = api.get(f"{ada.path}/tasks", headers=ada.headers())
        assert_problem(response, 503, "keys_unavailable")
        assert 1 <= int(response.headers["retry-after"]) <= keys.COOLDOWN
        assert api.get(f"{ada.path}/tasks", headers=known).status_code == 200
    assert better_auth.fetches == 2


def test_without_any_keys_the_source_is_not_hammered(
    api: TestClient, better_auth: BetterAuth, ada: Person
) -> None:
    better_auth.goes_down()
    for _ in range(3):
        response = api.get(f"{ada.path}/tasks", headers=ada.headers())
        assert_problem(response, 503, "keys_unavailable")
    assert better_auth.fetches == 1


# By itself


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def key_set(better_auth: BetterAuth, clock: Clock) -> AsyncIterator[KeySet]:
    async with httpx.AsyncClient() as client:
        yield KeySet(f"{better_auth.url}/api/auth/jwks", client, clock=clock)


@pytest.mark.anyio
async def test_a_set_is_renewed_when_its_time_is_over(
    better_auth: BetterAuth, key_set: KeySet, clock: Clock
) -> None:
    for now, fetches in [(0, 1), (keys.TTL - 1, 1), (keys.TTL, 2), (2 * keys.TTL - 1, 2)]:
        clock.now = now
        assert await key_set.find(better_auth.key.kid)
        assert better_auth.fetches == fetches


@pytest.mark.anyio
async def test_a_key_that_is_withdrawn_ends_with_the_set(
    better_auth: BetterAuth, key_set: KeySet, clock: Clock
) -> None:
    assert await key_set.find(better_auth.key.kid)
    better_auth.published.clear()
    clock.now += keys.TTL
    assert await key_set.find(better_auth.key.kid) is None


@pytest.mark.anyio
async def test_the_first_load_leaves_an_unknown_key_its_fetch(
    better_auth: BetterAuth, key_set: KeySet
) -> None:
    assert await key_set.find("made up") is None
    better_auth.rotate()
    assert await key_set.find(better_auth.key.kid)
    assert better_auth.fetches == 2


@pytest.mark.anyio
async def test_unknown_keys_cost_one_fetch_a_cooldown(
    better_auth: BetterAuth, key_set: KeySet, clock: Clock
) -> None:
    assert await key_set.find(better_auth.key.kid)
    for second in range(2 * keys.COOLDOWN):
        assert await key_set.find(f"made up {second}") is None
        clock.now += 1
    assert better_auth.fetches == 3


@pytest.mark.anyio
async def test_unknown_keys_cost_one_fetch_a_cooldown_when_the_source_is_down(
    better_auth: BetterAuth, key_set: KeySet, clock: Clock
) -> None:
    assert await key_set.find(better_auth.key.kid)
    better_auth.goes_down()
    for second in range(2 * keys.COOLDOWN):
        with pytest.raises(KeysUnavailableError) as error:
            await key_set.find(f"made up {second}")
        assert error.value.retry_after == keys.COOLDOWN - second % keys.COOLDOWN
        clock.now += 1
    assert better_auth.fetches == 3


@pytest.mark.anyio
async def test_an_old_key_is_used_for_as_long_as_the_source_is_down(
    better_auth: BetterAuth, key_set: KeySet, clock: Clock
) -> None:
    assert await key_set.find(better_auth.key.kid)
    better_auth.goes_down()
    clock.now += 10 * keys.TTL
    assert await key_set.find(better_auth.key.kid)
    assert await key_set.find(better_auth.key.kid)
    assert better_auth.fetches == 2

    better_auth.comes_back()
    better_auth.rotate()
    clock.now += keys.COOLDOWN
    assert await key_set.find(better_auth.key.kid)


@pytest.mark.anyio
async def test_requests_at_the_same_time_share_one_fetch(
    better_auth: BetterAuth, key_set: KeySet
) -> None:
    found = await asyncio.gather(*(key_set.find(better_auth.key.kid) for _ in range(20)))
    assert all(found)
    assert better_auth.fetches == 1


@pytest.mark.anyio
async def test_a_known_key_does_not_wait_for_a_slow_source(
    better_auth: BetterAuth, key_set: KeySet, clock: Clock
) -> None:
    kid = better_auth.key.kid
    assert await key_set.find(kid)
    better_auth.answer = slow
    clock.now += keys.TTL

    renewing = asyncio.create_task(key_set.find(kid))
    await asyncio.sleep(0.05)
    assert await asyncio.wait_for(key_set.find(kid), 0.1)
    assert await renewing


def slow(request: BaseHTTPRequestHandler) -> None:
    time.sleep(0.3)
    respond(request, 500, b"")


def broken(status: int, body: bytes, **headers: str) -> Callable[[BaseHTTPRequestHandler], None]:
    return lambda request: respond(request, status, body, headers)


def dripping(request: BaseHTTPRequestHandler) -> None:
    """Never silent for long, but a second until it is done."""
    request.send_response(200)
    request.end_headers()
    try:
        for part in [b'{"keys":[', *[b" "] * 20, b"]}"]:
            request.wfile.write(part)
            time.sleep(0.05)
    except OSError:
        pass


@pytest.mark.anyio
@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(broken(200, b"<!doctype html>"), id="is a page"),
        pytest.param(broken(200, b"\xff"), id="is not UTF-8"),
        pytest.param(broken(200, b"[" * 200_000), id="is nested too deeply"),
        pytest.param(broken(200, b"[]"), id="is a list"),
        pytest.param(broken(200, b'{"keys":{}}'), id="holds no list"),
        pytest.param(broken(200, b'{"keys":[]}' + b" " * keys.MAX_BYTES), id="is too large"),
        pytest.param(broken(404, b'{"keys":[]}'), id="is a 404"),
        pytest.param(broken(302, b'{"keys":[]}', Location="/"), id="is a redirect"),
        pytest.param(dripping, id="takes too long"),
    ],
)
async def test_the_old_keys_stay_when_the_answer(
    better_auth: BetterAuth,
    key_set: KeySet,
    monkeypatch: pytest.MonkeyPatch,
    answer: Callable[[BaseHTTPRequestHandler], None],
) -> None:
    assert await key_set.find(better_auth.key.kid)
    monkeypatch.setattr(keys, "FETCH_TIMEOUT", 0.2)
    better_auth.answer = answer

    with pytest.raises(KeysUnavailableError):
        await key_set.find("made up")

    assert await key_set.find(better_auth.key.kid)
    assert better_auth.fetches == 2


GOOD, OTHER = Key(), Key()


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param(GOOD.jwk, id="as Better Auth writes it"),
        pytest.param({**GOOD.jwk, "use": "sig"}, id="that says what it is for"),
        pytest.param({k: v for k, v in GOOD.jwk.items() if k != "alg"}, id="without alg"),
    ],
)
def test_a_key_is_usable(entry: JSON) -> None:
    assert keys.usable_keys({"keys": [entry]}).keys() == {GOOD.kid}


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param("key", id="that is no object"),
        pytest.param({}, id="that is empty"),
        pytest.param({**GOOD.jwk, "kid": 1}, id="whose kid is a number"),
        pytest.param({**GOOD.jwk, "alg": "HS256"}, id="for another algorithm"),
        pytest.param({**GOOD.jwk, "use": "enc"}, id="for encryption"),
        pytest.param(GOOD.private_jwk, id="that is private"),
        pytest.param({**GOOD.jwk, "crv": "Ed448"}, id="on another curve"),
        pytest.param({**GOOD.jwk, "x": "AAAA"}, id="that is too short"),
        pytest.param({**GOOD.jwk, "x": None}, id="whose x is null"),
        pytest.param({"kty": "oct", "k": "c2VjcmV0", "kid": "1"}, id="that is symmetric"),
    ],
)
def test_a_key_is_left_out(entry: object) -> None:
    assert keys.usable_keys({"keys": [entry, OTHER.jwk]}).keys() == {OTHER.kid}
