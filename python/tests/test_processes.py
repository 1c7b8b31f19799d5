"""Other processes: forks, the end of the interpreter during a fetch, and uvicorn's workers."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import httpx
import pytest

from tests.apps import bearer
from tests.better_auth import Publisher
from tests.key_lookups import Gate
from tests.ports import free_port

PYTHON = Path(__file__).parents[1]

START = """
import asyncio, os, signal, sys, threading, time
from better_auth_edge import EdgeAuthError, EdgeAuthSettings, Verifier

url, token = sys.argv[1:]
verifier = Verifier(EdgeAuthSettings(better_auth_url=url))
"""


def run(script: str, better_auth: Publisher) -> str:
    """Runs a script to its end. It must print nothing to stderr."""
    # Python 3.12 and later warns of forks of a process with threads.
    quiet = ["-W", "ignore:.*fork:DeprecationWarning"]
    arguments = [START + script, better_auth.url, better_auth.token()]
    command = [sys.executable, *quiet, "-c", *arguments]
    done = subprocess.run(
        command, cwd=PYTHON, capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")


@needs_fork
def test_a_child_fetches_at_once_after_a_fork_during_a_fetch(better_auth: Publisher) -> None:
    """The parent's fetch never ends."""
    gate = Gate(better_auth, only_first=True)
    script = """
threading.Thread(target=verifier.verify_sync, args=(token,), daemon=True).start()
time.sleep(0.5)
child = os.fork()
if child == 0:
    start = time.monotonic()
    assert verifier.verify_sync(token).id == "ada"
    assert asyncio.run(verifier.verify(token)).id == "ada"
    print(time.monotonic() - start, flush=True)
    os._exit(0)
_, status = os.waitpid(child, 0)
sys.stdout.flush()
os._exit(os.waitstatus_to_exitcode(status))
"""
    try:
        assert float(run(script, better_auth)) < 2
    finally:
        gate.opened.set()
    assert better_auth.fetches == 2


@needs_fork
def test_children_use_the_keys_that_the_parent_has_fetched(better_auth: Publisher) -> None:
    script = """
verifier.verify_sync(token)
children = []
for _ in range(3):
    child = os.fork()
    if child == 0:
        os._exit(0 if verifier.verify_sync(token).id == "ada" else 1)
    children.append(child)
print([os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children])
"""
    assert run(script, better_auth) == "[0, 0, 0]\n"
    assert better_auth.fetches == 1


@pytest.mark.parametrize(
    "script",
    [
        """
threading.Thread(target=verifier.verify_sync, args=(token,), daemon=True).start()
time.sleep(0.5)
""",
        """
async def main():
    task = asyncio.create_task(verifier.verify(token))
    await asyncio.sleep(0.5)

asyncio.run(main())
""",
        """
loop = asyncio.new_event_loop()
task = loop.create_task(verifier.verify(token))
loop.run_until_complete(asyncio.sleep(0.5))
task._log_destroy_pending = False
""",
    ],
    ids=["in a thread", "in an event loop", "in a loop that is stopped"],
)
@pytest.mark.parametrize("delay", [0.01, 0.05, 0.5])
def test_a_program_that_ends_during_a_fetch_ends_at_once(
    better_auth: Publisher, script: str, delay: float
) -> None:
    """The thread of the fetch is anywhere: in Python, in the core, or waiting."""
    gate, script = Gate(better_auth), script.replace("0.5", str(delay))
    try:
        ended = float(run(f"{script}\nprint(time.time())", better_auth))
        assert time.time() - ended < 2
    finally:
        gate.opened.set()
    assert better_auth.fetches <= 1


def test_a_program_that_is_interrupted_while_it_waits_for_keys_stops(
    better_auth: Publisher,
) -> None:
    gate = Gate(better_auth)
    script = """
# a shell that runs the tests in the background has it ignored
signal.signal(signal.SIGINT, signal.default_int_handler)
threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    verifier.verify_sync(token)
except KeyboardInterrupt:
    print("interrupted")
"""
    try:
        assert run(script, better_auth) == "interrupted\n"
    finally:
        gate.opened.set()


APP = """
import os

from fastapi import Depends, FastAPI
from better_auth_edge import EdgeAuth

auth = EdgeAuth.from_env()
app = FastAPI()
auth.install(app)

@app.get("/pid", dependencies=[Depends(auth.current_user)])
async def pid() -> int:
    return os.getpid()
"""


def test_each_worker_of_uvicorn_fetches_once(better_auth: Publisher, tmp_path: Path) -> None:
    (tmp_path / "served.py").write_text(APP)
    port = free_port()
    paths = os.pathsep.join([str(PYTHON), str(tmp_path)])
    environment = {**os.environ, "BETTER_AUTH_URL": better_auth.url, "PYTHONPATH": paths}
    command = [sys.executable, "-m", "uvicorn", "served:app", "--workers=2", f"--port={port}"]
    server = subprocess.Popen(
        [*command, "--log-level=warning"], cwd=tmp_path, env=environment, start_new_session=True
    )
    workers = Counter[int]()
    try:
        deadline = time.monotonic() + 30
        headers = {**bearer(better_auth.token()), "connection": "close"}
        while len(workers) < 2 and time.monotonic() < deadline:
            try:
                response = httpx.get(f"http://127.0.0.1:{port}/pid", headers=headers)
            except httpx.TransportError:
                time.sleep(0.1)
                continue
            assert response.status_code == 200
            workers[response.json()] += 1
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        assert server.wait(15) is not None
    assert len(workers) == 2
    assert better_auth.fetches == 2
