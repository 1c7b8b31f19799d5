"""Measures verifications in rounds. In each round every candidate takes a turn of some
milliseconds. Prints microseconds per verification as JSON, one figure per round.
"""

import asyncio
import gc
import itertools
import json
import platform
import sys
import time
from collections.abc import Iterator
from importlib.metadata import version

from material import Key, auth_server
from verifiers import Candidate, candidates

ALGORITHMS = ("EdDSA", "ES256", "RS256")
PACKAGES = (
    "cryptography",
    "fastapi",
    "fastapi-better-auth-bridge",
    "fastapi-betterauth",
    "httptools",
    "joserfc",
    "pydantic",
    "PyJWT",
    "starlette",
    "uvicorn",
    "uvloop",
)
TURN = 0.01
"""Seconds."""
WARM_UP = 300
"""Verifications: enough for every table that the core precomputes for a key."""


class Turn:
    """A candidate and its figures."""

    def __init__(self, key: Key, issuer: str, candidate: Candidate, numbers: Iterator[int]) -> None:
        self.key, self.issuer, self.candidate, self.numbers = key, issuer, candidate, numbers
        self.repeated = ""
        self.count = 0
        self.rounds: list[float] = []

    async def check(self) -> None:
        """The candidate accepts a valid token and rejects a forged one."""
        token = self.key.token(next(self.numbers), self.issuer)
        await self.candidate.verify(self.candidate.prepare([token]))
        at = token.rindex(".") + 10
        forged = f"{token[:at]}{'A' if token[at] != 'A' else 'B'}{token[at + 1 :]}"
        try:
            await self.candidate.verify(self.candidate.prepare([forged]))
        except Exception:
            return
        raise SystemExit(f"{self.candidate.name} accepts a forged token")

    async def warm_up(self) -> None:
        self.repeated = self.key.token(0, self.issuer)
        await self.measure(WARM_UP)
        microseconds = await self.measure(WARM_UP)
        self.count = min(max(int(TURN * 1e6 / microseconds), 8), 2_000)

    async def measure(self, count: int) -> float:
        if self.candidate.is_new:
            made = [self.key.token(next(self.numbers), self.issuer) for _ in range(count)]
        else:
            # as many strings, as each request makes a new one
            made = [self.repeated] * count
        tokens = self.candidate.prepare([token.encode().decode() for token in made])
        started = time.perf_counter()
        await self.candidate.verify(tokens)
        return (time.perf_counter() - started) / count * 1e6


async def main(rounds: int) -> None:
    numbers = itertools.count(1)
    keys = [Key(algorithm) for algorithm in ALGORITHMS]
    turns: list[Turn] = []
    servers = []
    for key in keys:
        # each has a server of its own: fastapi-betterauth fetches once per issuer
        server = auth_server([key])
        servers.append(server)
        issuer = server.__enter__()
        turns += [Turn(key, issuer, one, numbers) for one in candidates(key, issuer)]
    for turn in turns:
        await turn.check()
        await turn.warm_up()
    gc.collect()
    gc.freeze()
    for number in range(rounds):
        # each round begins with another candidate
        first = number * len(turns) // rounds
        for turn in turns[first:] + turns[:first]:
            turn.rounds.append(await turn.measure(turn.count))
    figures = [
        {
            "algorithm": turn.key.algorithm,
            "candidate": turn.candidate.name,
            "rounds": turn.rounds,
        }
        for turn in turns
    ]
    print(json.dumps({"versions": versions(), "figures": figures}))
    for server in servers:
        server.__exit__(None, None, None)


def versions() -> dict[str, str]:
    installed = {name: version(name) for name in PACKAGES}
    return {"Python": platform.python_version(), **installed}


asyncio.run(main(int(sys.argv[1])))
