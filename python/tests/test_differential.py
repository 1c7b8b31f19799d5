"""Strange tokens get the code here that the core gives them, asked at the same time."""

import json
import random
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from tests.better_auth import JSON, Publisher
from tests.strange import ISSUER, NOW, Strange
from tests.verdicts import driver_of, verdicts

CORE = Path(__file__).parents[2] / "target/javascript"
COUNT = 2_000


def said_by_the_core(jwks: JSON, tokens: list[str]) -> list[str]:
    node = shutil.which("node")
    if node is None or not (CORE / "index_bg.wasm").is_file():
        pytest.skip("the core is not built for JavaScript: cargo xtask build")
    command = [node, str(Path(__file__).parent / "core.mjs"), str(CORE), ISSUER, str(NOW)]
    lines = "".join(f"{json.dumps(line)}\n" for line in [jwks, *tokens])
    finished = subprocess.run(command, input=lines, capture_output=True, text=True, timeout=120)
    assert finished.returncode == 0, finished.stderr
    return finished.stdout.splitlines()


def said_here(better_auth: Publisher, jwks: JSON, tokens: list[str]) -> list[str]:
    better_auth.keys = jwks["keys"]
    return verdicts(lambda: driver_of(better_auth, ISSUER, NOW), tokens)


@pytest.mark.parametrize("seed", [1, random.SystemRandom().randrange(10**9)], ids=["fixed", "new"])
def test_strange_tokens_get_the_code_that_the_core_gives(better_auth: Publisher, seed: int) -> None:
    strange = Strange(seed)
    tokens = [strange.token() for _ in range(COUNT)]
    core = said_by_the_core(strange.jwks, tokens)
    here = said_here(better_auth, strange.jwks, tokens)
    assert len(core) == COUNT
    differences = [both for both in zip(tokens, core, here, strict=True) if both[1] != both[2]]
    assert differences == [], f"seed {seed}"
    # The test would prove nothing if all were rejected for one reason.
    counts = Counter(core)
    assert counts["ok"] > COUNT / 10
    assert len(counts) > 10
