from collections.abc import Iterator

import pytest

from better_auth_edge import EdgeAuthSettings
from tests.better_auth import Edge, Publisher


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in EdgeAuthSettings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def better_auth() -> Iterator[Publisher]:
    with Publisher() as server:
        yield server


@pytest.fixture
def edge() -> Iterator[Edge]:
    with Edge() as server:
        yield server
