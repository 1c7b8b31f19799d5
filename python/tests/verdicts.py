"""What a verifier says to tokens, one after the other."""

import asyncio
from collections.abc import Callable, Iterable

from better_auth_edge import EdgeAuthError, EdgeAuthSettings
from better_auth_edge.auth_mode import AuthMode
from better_auth_edge.driver import Driver
from tests.better_auth import Publisher


def driver_of(publisher: Publisher, issuer: str, now: float) -> Driver:
    """Returns a new driver, for session tokens that `issuer` has issued for itself."""
    url = f"{publisher.url}/jwks"
    mode = AuthMode.from_settings(EdgeAuthSettings(jwks_url=url, issuer=issuer, audience=issuer))
    return Driver(mode, lambda: now)


def verdicts(make: Callable[[], Driver], tokens: Iterable[str]) -> list[str]:
    """For each token `ok`, or the code of the rejection. Few fetches for unknown keys are allowed,
    and the clock stands still, so each is followed by a new driver.
    """

    async def all_verdicts() -> list[str]:
        driver, said = make(), list[str]()
        for token in tokens:
            code = await verdict(driver, token)
            said.append(code)
            if code == "unknown_key":
                driver = make()
        return said

    return asyncio.run(all_verdicts())


async def verdict(driver: Driver, token: str) -> str:
    try:
        await driver.wait(driver.begin(token))
    except EdgeAuthError as error:
        return error.code
    return "ok"
