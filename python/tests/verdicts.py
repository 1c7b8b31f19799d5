"""What a verifier says to tokens, one after the other."""

import asyncio
from collections.abc import Iterable

from better_auth_edge.errors import EdgeAuthError
from better_auth_edge.verifier import Verifier


def verdicts(verifier: Verifier, tokens: Iterable[str]) -> list[str]:
    """For each token `ok`, or the code of the rejection."""

    async def verdict(token: str) -> str:
        try:
            await verifier.verify(token)
        except EdgeAuthError as error:
            return error.code
        return "ok"

    async def all_verdicts() -> list[str]:
        return [await verdict(token) for token in tokens]

    return asyncio.run(all_verdicts())
