"""`python -m app` as a child process."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.conftest import Database, Person
from tests.edge import Edge

ROOT = Path(__file__).parent.parent
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    processes: list[subprocess.Popen[str]] = []

    def start(**environment: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-m", "app"],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PORT": "0", **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        with process:  # closes the pipes and waits
            process.kill()


def address(process: "subprocess.Popen[str]") -> str:
    assert process.stdout
    line = process.stdout.readline()
    match = re.fullmatch(r"FastAPI listening on (http://127\.0\.0\.1:\d+)\n", line)
    assert match, line or process.communicate()[1]
    return match[1]


def test_it_prints_its_address_and_stops_on_sigterm(
    start: Start, edge: Edge, database: Database, ada: Person
) -> None:
    process = start(EDGE_JWKS_URL=edge.url, DATABASE_URL=database.url)
    url = address(process)
    headers = ada.headers()
    for path in ["/health", f"{ada.path}/whoami", f"{ada.path}/tasks"]:
        assert httpx.get(f"{url}{path}", headers=headers).status_code == 200

    # An unread download does not prevent the stop.
    with httpx.stream("GET", f"{url}{ada.path}/export", headers=headers):
        process.send_signal(signal.SIGTERM)
        stdout, stderr = process.communicate(timeout=10)

    assert (process.returncode, stdout) == (0, "")
    assert headers["X-Edge-Jwt-Assertion"].split(".")[1] not in stderr


def test_it_stops_when_stdin_closes(start: Start, edge: Edge, database: Database) -> None:
    process = start(EDGE_JWKS_URL=edge.url, DATABASE_URL=database.url, EXIT_WITH_PARENT="1")
    address(process)
    assert process.stdin
    process.stdin.close()
    assert process.wait(timeout=10) == 0


def test_it_does_not_start_without_an_authentication_mode(start: Start) -> None:
    stdout, stderr = start(EDGE_JWKS_URL="", EDGE_AUDIENCE="").communicate(timeout=30)
    assert stdout == ""
    assert stderr.startswith("Configuration error:\n  EDGE_AUTH_MODE: ")


def test_it_does_not_start_on_a_database_without_tables(start: Start, edge: Edge) -> None:
    stdout, stderr = start(EDGE_JWKS_URL=edge.url).communicate(timeout=30)
    wanted = "the database is without tables, not at 0002: run `alembic upgrade head`"
    assert (stdout, stderr) == ("", f"Database error: {wanted}\n")


def test_the_error_for_an_unreachable_database_does_not_contain_the_password(
    start: Start, edge: Edge
) -> None:
    url = "postgresql://api:very-secret@127.0.0.1:1/app"
    stdout, stderr = start(EDGE_JWKS_URL=edge.url, DATABASE_URL=url).communicate(timeout=30)
    assert stdout == ""
    assert stderr.startswith("Database error: ")
    assert "very-secret" not in stderr


def test_it_does_not_start_on_a_port_that_is_taken(
    start: Start, edge: Edge, database: Database
) -> None:
    taken = edge.url.rsplit(":", 1)[1]
    process = start(EDGE_JWKS_URL=edge.url, DATABASE_URL=database.url, PORT=taken)
    assert process.communicate(timeout=30)[0] == ""
    assert process.returncode not in (0, None)
