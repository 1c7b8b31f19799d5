"""Holds tokens of one version of Better Auth against this package:

python -m tests.better_auth_versions <file of the cases> <file for the verdicts>

`cargo xtask test compat` makes the cases. Those that this package has no setting for are left out.
"""

import asyncio
import json
import logging
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import httpx
from fastapi import Depends, FastAPI

from better_auth_edge import ConfigurationError, EdgeAuth, EdgeAuthSettings, User

JSON = dict[str, Any]

SETTINGS = {
    "ALGORITHMS",
    "AUDIENCE",
    "BETTER_AUTH_BASE_PATH",
    "BETTER_AUTH_URL",
    "ISSUER",
    "JWKS_URL",
    "PROFILE",
    "ROUTES",
    "USER_CLAIM",
}
"""The Worker's settings that have the same meaning here; `ROUTES` of one rule is `require`."""


async def verdicts_on(case: JSON, network: httpx.AsyncClient) -> list[JSON]:
    """What an app says to each step."""
    try:
        app = app_for(dict(case["settings"]))
    except ConfigurationError as error:
        return [{"code": str(error), "user": None}]
    transport = httpx.ASGITransport(app)
    said = []
    async with httpx.AsyncClient(transport=transport, base_url="http://api.example") as client:
        for step in case["steps"]:
            if publish := step.get("publish"):
                await network.put(publish["url"], content=publish["body"])
            response = await client.get("/", headers=step["headers"])
            body = response.json()
            user = body if response.status_code == 200 else None
            said.append({"code": "ok" if user is not None else body["code"], "user": user})
    return said


def app_for(settings: dict[str, str]) -> FastAPI:
    """An app with one route, which says who is calling."""
    (rule,) = json.loads(settings.pop("ROUTES", "[{}]"))
    auth = EdgeAuth(EdgeAuthSettings.load(**{k.lower(): v for k, v in settings.items()}))
    app = FastAPI()
    auth.install(app)
    claims = rule.get("claims")
    user = auth.require(claims=claims) if claims else auth.current_user

    @app.get("/")
    async def who(user: Annotated[User, Depends(user)]) -> str:
        return user.id

    return app


def is_for_us(case: JSON) -> bool:
    has_tokens = all("authorization" in step["headers"] for step in case["steps"])
    return has_tokens and case["settings"].keys() <= SETTINGS


async def verdicts(cases: Iterable[JSON]) -> JSON:
    """The verdicts by the cases' names."""
    async with httpx.AsyncClient() as network:
        return {case["id"]: await verdicts_on(case, network) for case in cases}


def main(cases: Path, output: Path) -> None:
    logging.disable()
    ours = filter(is_for_us, json.loads(cases.read_text())["cases"])
    output.write_text(json.dumps(asyncio.run(verdicts(ours))))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
