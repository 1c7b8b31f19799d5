"""Runs a temporary PostgreSQL server: installed binaries, a temporary directory, a free port."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from tests.ports import free_port

START_TIMEOUT = 60
"""Seconds."""
UNPRIVILEGED_UID = 65534
"""PostgreSQL does not run as root."""
INITDB = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]


def program(name: str) -> str | None:
    """Returns Debian's newest version of the program, or the one on the path."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(found[-1]) if found else shutil.which(name)


@contextmanager
def running() -> Iterator[sa.URL]:
    """The address of its maintenance database, for a superuser."""
    directory = Path(tempfile.mkdtemp(prefix="better-auth-edge-isolation-"))
    account = UNPRIVILEGED_UID if os.geteuid() == 0 else None
    if account:
        os.chown(directory, account, account)
    as_account = {"cwd": directory, "user": account, "group": account}
    port = free_port()
    try:
        data = str(directory / "data")
        initdb = [program("initdb") or "initdb", *INITDB, "-D", data]
        subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL, **as_account)  # type: ignore[call-overload]
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": port,
            "unix_socket_directories": directory,
            "fsync": "off",
        }
        options = [f"--{name}={value}" for name, value in settings.items()]
        postgres = [program("postgres") or "postgres", "-D", data, *options]
        with open(directory / "log", "w") as log:
            server = subprocess.Popen(postgres, stderr=log, **as_account)  # type: ignore[call-overload]
        try:
            url = sa.URL.create(
                "postgresql+psycopg", "postgres", None, "127.0.0.1", port, "postgres"
            )
            wait_until_ready(url, server)
            yield url
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(timeout=30)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def wait_until_ready(url: sa.URL, server: "subprocess.Popen[bytes]") -> None:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    deadline = time.monotonic() + START_TIMEOUT
    while server.poll() is None and time.monotonic() < deadline:
        try:
            engine.connect().close()
            return
        except sa.exc.OperationalError:
            time.sleep(0.05)
    raise RuntimeError("PostgreSQL did not start")
