"""A real Better Auth in a process of its own."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

AUTH = Path(__file__).parents[2] / "examples/fullstack/auth"


@contextmanager
def running(script: str, *arguments: str) -> Iterator[str]:
    """The URL that a script of the example prints. The script ends when its input closes."""
    node = shutil.which("node")
    if node is None or not (AUTH / "node_modules/better-auth").is_dir():
        pytest.skip("Better Auth is not installed: npm ci")
    command = [node, str(AUTH / "test" / script), *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            url = process.stdout.readline().strip()
            assert url.startswith("http://127.0.0.1:"), url
            yield url
        finally:
            process.stdin.close()
