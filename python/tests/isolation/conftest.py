"""Databases to read, and databases to write to."""

from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa

from tests.isolation.world import ADA, BOB, EVE, fill

WORLDS = {"both": [ADA, BOB], "ada": [ADA], "bob": [BOB], "none": []}


@pytest.fixture(scope="session")
def sqlite_worlds() -> Iterator[dict[str, sa.Engine]]:
    worlds = {name: sa.create_engine("sqlite://", poolclass=sa.StaticPool) for name in WORLDS}
    for name, engine in worlds.items():
        fill(engine, WORLDS[name])
    yield worlds
    for engine in worlds.values():
        engine.dispose()


@pytest.fixture(params=["sqlite"])
def worlds(request: pytest.FixtureRequest) -> dict[str, sa.Engine]:
    found: dict[str, sa.Engine] = request.getfixturevalue(f"{request.param}_worlds")
    return found


World = Callable[[str], sa.Engine]
"""Makes a database of one's own, by the name of whose rows it holds."""


@pytest.fixture
def sqlite_world() -> Iterator[World]:
    made = []

    def make(name: str) -> sa.Engine:
        engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
        fill(engine, [*WORLDS[name], EVE])
        made.append(engine)
        return engine

    yield make
    for engine in made:
        engine.dispose()


@pytest.fixture(params=["sqlite"])
def world(request: pytest.FixtureRequest) -> World:
    found: World = request.getfixturevalue(f"{request.param}_world")
    return found
