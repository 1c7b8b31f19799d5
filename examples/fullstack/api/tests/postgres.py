"""Runs a temporary PostgreSQL server: installed binaries, a temporary directory, a free port.

`python -m tests.postgres` runs one with the example's database on it, prints the URLs of its roles
and stops when its standard input ends.
"""

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from psycopg import sql

from app.database import ALEMBIC, connect

OWNER = "postgres"
TEMPLATE = "migrated"
INITDB = ["-U", OWNER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
UNPRIVILEGED_UID = 65534
"""The account for the server, because PostgreSQL does not run as root."""
START_TIMEOUT = 60
"""Seconds."""


class Postgres:
    """A running server whose database `migrated` has every table and role."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.execute("postgres", sql.SQL("CREATE DATABASE {}").format(sql.Identifier(TEMPLATE)))
        migrate(self.url(TEMPLATE))
        roles = ALEMBIC.with_name("roles.sql").read_text()
        self.execute(TEMPLATE, sql.SQL(roles))

    def url(self, database: str, role: str = OWNER) -> str:
        return f"postgresql://{role}@127.0.0.1:{self.port}/{database}"

    def copy(self, name: str) -> str:
        """Creates a copy of the database `migrated` and returns its name."""
        copy = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        self.execute("postgres", copy.format(sql.Identifier(name), sql.Identifier(TEMPLATE)))
        return name

    def execute(self, database: str, query: sql.SQL | sql.Composed) -> None:
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            connection.execute(query)


def migrate(url: str) -> None:
    """Runs `alembic upgrade head` on the database."""
    config = Config(ALEMBIC)
    engine = connect(url)
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()
    engine.dispose()


@contextmanager
def running() -> Iterator[Postgres]:
    directory = Path(tempfile.mkdtemp(prefix="better-auth-edge-postgres-"))
    account = UNPRIVILEGED_UID if os.geteuid() == 0 else None
    if account:
        os.chown(directory, account, account)
    data = str(directory / "data")
    try:
        subprocess.run(
            [program("initdb"), *INITDB, "-D", data],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=directory,
            user=account,
            group=account,
        )
        port = free_port()
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": port,
            "unix_socket_directories": directory,
            # The data need not survive a crash.
            "fsync": "off",
        }
        options = [f"--{name}={value}" for name, value in settings.items()]
        with open(directory / "log", "w") as log:
            server = subprocess.Popen(
                [program("postgres"), "-D", data, *options],
                stderr=log,
                cwd=directory,
                preexec_fn=end_with_parent,
                user=account,
                group=account,
            )
        try:
            wait_until_ready(server, port, directory / "log")
            yield Postgres(port)
        finally:
            # disconnects the remaining clients
            server.send_signal(signal.SIGINT)
            server.wait(timeout=30)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def program(name: str) -> str:
    """Returns Debian's newest version of the program, or the one on the path."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    path = str(found[-1]) if found else shutil.which(name)
    if path is None:
        raise SystemExit(f"PostgreSQL's {name} is required (Debian: postgresql)")
    return path


def free_port() -> int:
    """A port below those that the system gives to connections (32768 and above).

    Each process has ports of its own.
    """
    first = 10_000 + 32 * (os.getpid() % 700)
    for port in range(first, first + 32):
        with socket.socket() as listener:
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise RuntimeError("all ports of this process are in use")


def end_with_parent() -> None:
    """Ends the server with its parent, even if that is killed. Linux only."""
    if sys.platform == "linux":
        set_parent_death_signal = 1
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGINT)


def wait_until_ready(server: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while server.poll() is None and time.monotonic() < deadline:
        try:
            psycopg.connect(f"postgresql://{OWNER}@127.0.0.1:{port}/postgres").close()
            return
        except psycopg.OperationalError:
            time.sleep(0.05)
    raise SystemExit(f"PostgreSQL did not start:\n{log.read_text()}")


def main() -> None:
    with running() as postgres:
        api, auth = (postgres.url(TEMPLATE, role) for role in ("api", "better_auth"))
        print(f"PostgreSQL listening for {api} {auth}", flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    main()
