"""Which mode the settings of sessions select, and what is wrong with them."""

import subprocess
import sys
from typing import Any

import pytest

from better_auth_edge import ConfigurationError, EdgeAuth, EdgeAuthSettings, Verifier
from better_auth_edge.sessions import StoredSession
from tests.session_stores import SECRET

DATABASE = "sqlite+aiosqlite:////nowhere/auth.db"
BY_DATABASE = {"session_database_url": DATABASE, "better_auth_secret": SECRET}
BY_URL = {"better_auth_url": "https://auth.example"}
BY_EDGE = {"edge_jwks_url": "https://edge.example", "edge_audience": "https://api.example"}


class Store:
    async def session(self, token: str) -> StoredSession | None:
        return None


def mode_of(store: Store | None = None, **settings: Any) -> tuple[str, bool]:
    """The mode, and whether sessions are looked up."""
    auth = EdgeAuth(EdgeAuthSettings(**settings), session_store=store)
    if store is None:
        assert EdgeAuth.from_env(**settings).mode == auth.mode
    return auth.mode, auth._sessions is not None


def errors_of(store: Store | None = None, **settings: Any) -> list[str]:
    with pytest.raises(ConfigurationError) as raised:
        EdgeAuth(EdgeAuthSettings(**settings), session_store=store)
    assert SECRET not in str(raised.value)
    return raised.value.errors


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (BY_DATABASE, ("session", True)),
        (
            {"session_redis_url": "redis://localhost", "better_auth_secret": SECRET},
            ("session", True),
        ),
        ({**BY_DATABASE, **BY_URL}, ("jwks", True)),
        ({**BY_DATABASE, **BY_URL, "edge_auth_mode": "jwks"}, ("jwks", True)),
        ({**BY_DATABASE, **BY_URL, "edge_auth_mode": "session"}, ("session", True)),
        (
            {**BY_DATABASE, **BY_URL, "edge_auth_mode": "secret", "environment": "test"},
            ("secret", True),
        ),
        ({**BY_DATABASE, **BY_EDGE, "edge_auth_mode": "assertion"}, ("assertion", False)),
        ({**BY_DATABASE, **BY_EDGE, "edge_auth_mode": "session"}, ("session", True)),
        ({**BY_URL, "better_auth_secret": SECRET}, ("jwks", False)),
    ],
)
def test_the_settings_of_a_store_select_the_mode(
    settings: dict[str, Any], expected: tuple[str, bool]
) -> None:
    assert mode_of(**settings) == expected


def test_a_store_in_code_selects_the_mode() -> None:
    assert mode_of(Store(), better_auth_secret=SECRET) == ("session", True)
    assert mode_of(Store(), better_auth_secret=SECRET, **BY_URL) == ("jwks", True)
    [error] = errors_of(Store(), edge_auth_mode="assertion", **BY_EDGE)
    assert error == "session_store: the mode assertion accepts the edge's assertions only"
    [error] = errors_of(Store(), **BY_DATABASE)
    assert error.startswith("session_database_url: is present, and the code passes session_store")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"session_database_url": DATABASE}, "better_auth_secret: is required"),
        ({**BY_DATABASE, "better_auth_secret": ""}, "better_auth_secret: is required"),
        ({"edge_auth_mode": "session", "better_auth_secret": SECRET}, "SESSION_DATABASE_URL"),
        ({**BY_DATABASE, "session_redis_url": "redis://h"}, "session_redis_url: is present beside"),
        ({**BY_DATABASE, **BY_EDGE}, "edge_auth_mode: is required, because settings of both"),
        ({**BY_DATABASE, "session_max_age": 301}, "session_max_age: is not between 0 and 300"),
        ({**BY_DATABASE, "session_max_age": -1}, "session_max_age: is not between 0 and 300"),
        ({**BY_DATABASE, "session_max_age": float("nan")}, "session_max_age: is not between"),
        ({**BY_DATABASE, "session_bearer": "all"}, "session_bearer: is not 'signed' or 'any'"),
        ({**BY_DATABASE, "cookie_prefix": "__Secure-a"}, "cookie_prefix: begins with __Secure-"),
        ({**BY_DATABASE, "session_cookie_name": "a b"}, "session_cookie_name: is not a cookie's"),
        ({**BY_DATABASE, "trusted_origins": "app"}, "trusted_origins: item 1 is not an origin"),
        ({**BY_DATABASE, "session_user_fields": "a,"}, "session_user_fields: has an empty value"),
        ({**BY_DATABASE, "better_auth_url": "x"}, "better_auth_url: "),
        ({**BY_DATABASE, "better_auth_base_path": "/a"}, "better_auth_base_path: requires"),
    ],
)
def test_a_wrong_setting_is_an_error(settings: dict[str, Any], said: str) -> None:
    [error] = errors_of(**settings)
    assert said.lower() in error.lower()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql+psycopg2://u:hidden@h/d", "not asynchronous: write postgresql+asyncpg://"),
        ("postgres://u:hidden@h/d", "write postgresql+asyncpg://"),
        ("sqlite:///hidden.db", "names a driver that is not asynchronous: write sqlite+aiosqlite"),
        ("mysql+aiomysql://u:hidden@h/d", "needs the package aiomysql"),
        ("nonsense hidden", "is not a URL of SQLAlchemy"),
    ],
)
def test_a_url_without_an_asynchronous_driver_is_an_error(url: str, said: str) -> None:
    [error] = errors_of(session_database_url=url, better_auth_secret=SECRET)
    assert error.startswith("SESSION_DATABASE_URL: ")
    assert said in error
    assert "hidden" not in error


@pytest.mark.parametrize(
    "url", ["postgresql+asyncpg://u:p@h/d", "postgresql+psycopg://u:p@h/d", DATABASE]
)
def test_every_asynchronous_driver_that_is_installed_serves(url: str) -> None:
    assert mode_of(session_database_url=url, better_auth_secret=SECRET) == ("session", True)


def test_a_wrong_url_of_redis_is_an_error() -> None:
    [error] = errors_of(session_redis_url="http://:hidden@h", better_auth_secret=SECRET)
    assert error == "SESSION_REDIS_URL: is not a URL of Redis: write redis:// or rediss://"


def test_secrets_are_not_shown() -> None:
    settings = EdgeAuthSettings(
        better_auth_secret=SECRET, session_database_url="postgresql+asyncpg://u:hidden@h/d"
    )
    auth = EdgeAuth(settings)
    assert "hidden" not in f"{settings!r} {auth._mode!r}"
    assert SECRET not in f"{settings!r} {auth._mode!r}"


def test_a_verifier_verifies_no_sessions() -> None:
    with pytest.raises(ConfigurationError, match="a Verifier verifies tokens only"):
        Verifier(EdgeAuthSettings(**BY_DATABASE))
    assert Verifier(EdgeAuthSettings(**BY_DATABASE, **BY_URL)).mode == "jwks"


@pytest.mark.parametrize(
    ("absent", "settings", "said"),
    [
        ("sqlalchemy", BY_DATABASE, "better-auth-edge[sqlalchemy]"),
        ("redis", {"session_redis_url": "redis://h"}, "better-auth-edge[redis]"),
    ],
)
def test_an_extra_that_is_not_installed_is_named(
    absent: str, settings: dict[str, str], said: str
) -> None:
    program = (
        f"import sys; sys.modules[{absent!r}] = None\n"
        "from better_auth_edge import EdgeAuth, EdgeAuthSettings\n"
        "from better_auth_edge.sessions import RedisSessions, SQLAlchemySessions\n"
        f"EdgeAuth(EdgeAuthSettings(better_auth_secret={SECRET!r}, better_auth_url='https://a.b'))\n"
        f"EdgeAuth(EdgeAuthSettings(**{ {**settings, 'better_auth_secret': SECRET}!r}))\n"
    )
    command = [sys.executable, "-W", "error", "-c", program]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "misconfigured:" in result.stderr
    assert said in result.stderr.splitlines()[-1]


def test_a_plain_import_loads_neither_sqlalchemy_nor_redis() -> None:
    program = "import better_auth_edge, sys; print({'sqlalchemy', 'redis'} & sys.modules.keys())"
    command = [sys.executable, "-c", program]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"
