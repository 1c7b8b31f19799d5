"""Databases to read, and databases to write to, on SQLite and PostgreSQL."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
import sqlalchemy as sa

from tests.isolation.postgres import program, running
from tests.isolation.world import ADA, BOB, EVE, Bind, fill, reset_sequences

WORLDS = {"both": [ADA, BOB], "ada": [ADA], "bob": [BOB], "none": []}
"""Whose rows a database holds."""
DATABASES = ["sqlite", "postgresql"]

World = Callable[[str], Bind]
"""Makes a database of one's own, by the name of whose rows it holds."""


@pytest.fixture(params=DATABASES)
def worlds(request: pytest.FixtureRequest) -> dict[str, sa.Engine]:
    """Databases to read."""
    found: dict[str, sa.Engine] = request.getfixturevalue(f"{request.param}_worlds")
    return found


@pytest.fixture(params=DATABASES)
def world(request: pytest.FixtureRequest) -> World:
    """Databases to write to."""
    found: World = request.getfixturevalue(f"{request.param}_world")
    return found


@pytest.fixture(scope="session")
def sqlite_worlds() -> Iterator[dict[str, sa.Engine]]:
    worlds = {name: in_memory() for name in WORLDS}
    for name, engine in worlds.items():
        fill(engine, WORLDS[name])
    yield worlds
    for engine in worlds.values():
        engine.dispose()


@pytest.fixture
def sqlite_world() -> Iterator[World]:
    made = []

    def make(name: str) -> sa.Engine:
        engine = in_memory()
        fill(engine, [*WORLDS[name], EVE], strays=False)
        made.append(engine)
        return engine

    yield make
    for engine in made:
        engine.dispose()


def in_memory() -> sa.Engine:
    return sa.create_engine("sqlite://", poolclass=sa.StaticPool)


@pytest.fixture(scope="session")
def postgres() -> Iterator[sa.Engine]:
    """A server, where this machine has one."""
    if program("initdb") is None:
        pytest.skip("PostgreSQL is not installed")
    with running() as url:
        engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        yield engine


def created(server: sa.Engine, name: str) -> sa.Engine:
    with server.connect() as connection:
        connection.execute(sa.text(f'CREATE DATABASE "{name}"'))
    return sa.create_engine(server.url.set(database=name))


@pytest.fixture(scope="session")
def postgresql_worlds(postgres: sa.Engine) -> Iterator[dict[str, sa.Engine]]:
    worlds = {name: created(postgres, f"read_{name}") for name in WORLDS}
    for name, engine in worlds.items():
        fill(engine, WORLDS[name])
    yield worlds
    for engine in worlds.values():
        engine.dispose()


@pytest.fixture(scope="session")
def postgresql_templates(postgres: sa.Engine) -> Iterator[dict[str, sa.Engine]]:
    templates = {name: created(postgres, f"write_{name}") for name in WORLDS}
    for name, engine in templates.items():
        fill(engine, [*WORLDS[name], EVE], strays=False)
    yield templates
    for engine in templates.values():
        engine.dispose()


@pytest.fixture
def postgresql_world(postgresql_templates: dict[str, sa.Engine]) -> Iterator[World]:
    """Connections whose transaction is rolled back in the end; sessions have savepoints in it."""
    with ExitStack() as stack:

        def make(name: str) -> sa.Connection:
            connection = stack.enter_context(postgresql_templates[name].connect())
            connection.begin()
            reset_sequences(connection)
            return connection

        yield make
