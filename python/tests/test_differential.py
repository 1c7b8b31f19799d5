"""Strange tokens get the code here that the core gives them, asked at the same time."""

import json
import random
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from better_auth_edge.claims import Expectations
from better_auth_edge.keys import BETTER_AUTH_ALGORITHMS, KeySet
from better_auth_edge.verifier import Verifier
from tests.strange import ISSUER, NOW, Strange
from tests.test_core import StaticKeys
from tests.verdicts import verdicts

CORE = Path(__file__).parents[2] / "target/javascript"
COUNT = 2_000


def said_by_the_core(jwks: dict[str, Any], tokens: list[str]) -> list[str]:
    node = shutil.which("node")
    if node is None or not (CORE / "index_bg.wasm").is_file():
        pytest.skip("the core is not built for JavaScript: cargo xtask build")
    command = [node, str(Path(__file__).parent / "core.mjs"), str(CORE), ISSUER, str(NOW)]
    lines = "".join(f"{json.dumps(line)}\n" for line in [jwks, *tokens])
    finished = subprocess.run(command, input=lines, capture_output=True, text=True, timeout=120)
    assert finished.returncode == 0, finished.stderr
    return finished.stdout.splitlines()


def said_here(jwks: dict[str, Any], tokens: list[str]) -> list[str]:
    keys: Any = StaticKeys(KeySet.parse(json.dumps(jwks).encode()))
    expectations = Expectations([ISSUER], [ISSUER])
    verifier = Verifier(keys, BETTER_AUTH_ALGORITHMS, expectations, clock=lambda: NOW)
    return verdicts(verifier, tokens)


@pytest.mark.parametrize("seed", [1, random.SystemRandom().randrange(10**9)], ids=["fixed", "new"])
def test_strange_tokens_get_the_code_that_the_core_gives(seed: int) -> None:
    strange = Strange(seed)
    tokens = [strange.token() for _ in range(COUNT)]
    core, here = said_by_the_core(strange.jwks, tokens), said_here(strange.jwks, tokens)
    assert len(core) == COUNT
    differences = [both for both in zip(tokens, core, here, strict=True) if both[1] != both[2]]
    assert differences == [], f"seed {seed}"
    # The test would prove nothing if all were rejected for one reason.
    counts = Counter(core)
    assert counts["ok"] > COUNT / 10
    assert len(counts) > 10
