"""Sessions in Better Auth's database, by SQLAlchemy."""

import hmac
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from better_auth_edge.errors import ConfigurationError
from better_auth_edge.sessions.per_loop import PerLoop
from better_auth_edge.sessions.stored import SessionStoreError, StoredSession
from better_auth_edge.sessions.tables import SessionTables, TableNames

if TYPE_CHECKING:
    from sqlalchemy import URL
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

INSTALL = "pip install 'better-auth-edge[sqlalchemy]', and the driver of the database"


class SQLAlchemySessions:
    """Looks sessions up by an engine of the app, with one query for a session and its user.

        auth = EdgeAuth(EdgeAuthSettings(), session_store=SQLAlchemySessions(engine))

    At the first query, it finds Better Auth's tables and columns: `session` and `user` or their
    plurals, and fields in camelCase or snake_case. Name the others here.
    """

    def __init__(
        self,
        engine: "AsyncEngine",
        *,
        session_table: str | None = None,
        user_table: str | None = None,
        session_columns: Mapping[str, str] | None = None,
        user_columns: Mapping[str, str] | None = None,
        user_fields: Sequence[str] = (),
    ) -> None:
        """A table's name may contain a schema: `auth.session`. The columns are those of Better
        Auth's fields: `{"expiresAt": "expires"}`. `user_fields` are more fields of the user that
        become claims.
        """
        self._engine = engine
        names = TableNames(
            session_table, user_table, session_columns or {}, user_columns or {}, user_fields
        )
        self._tables = _KnownTables(names)

    async def session(self, token: str) -> StoredSession | None:
        """Returns the session with this token, or None. Raises `SessionStoreError` if a table or a
        column is missing, and what the engine raises.
        """
        return await _look_up(self._engine, self._tables, token)


class DatabaseSessions:
    """Looks sessions up in the database at a URL. Inside of an app whose lifespan it shares, it
    has a pool of connections. Elsewhere nothing would close a pool, so that each look-up has a
    connection of its own.
    """

    def __init__(self, url: str, names: TableNames) -> None:
        """Raises `ConfigurationError`."""
        try:
            import sqlalchemy.ext.asyncio  # noqa: F401
        except ImportError:
            error = f"SESSION_DATABASE_URL: needs SQLAlchemy: {INSTALL}"
            raise ConfigurationError([error]) from None
        from sqlalchemy.pool import NullPool

        self._url = _parsed(url)
        self._tables = _KnownTables(names)
        self._unpooled = _engine(self._url, poolclass=NullPool)
        self._pools: PerLoop[AsyncEngine] = PerLoop(self._open_pool, lambda pool: pool.dispose())

    async def session(self, token: str) -> StoredSession | None:
        """Returns the session with this token, or None."""
        engine = self._pools.current() or self._unpooled
        return await _look_up(engine, self._tables, token)

    async def open(self) -> None:
        """Makes a pool of connections for the running event loop."""
        await self._pools.open()

    async def close(self) -> None:
        """Closes the pool of the running event loop."""
        await self._pools.close()

    def _open_pool(self) -> "AsyncEngine":
        return _engine(self._url, pool_recycle=POOL_RECYCLE)


POOL_RECYCLE = 1_800
"""Seconds after which a connection of the pool is replaced. Servers and proxies close idle ones."""


class _KnownTables:
    """The tables, once they have been found. Any thread may use it."""

    def __init__(self, names: TableNames) -> None:
        self._names = names
        self._found: SessionTables | None = None

    async def find(self, connection: "AsyncConnection") -> SessionTables:
        if self._found is None:
            _check_file(connection.engine.url)
            self._found = await connection.run_sync(SessionTables.find, self._names)
        return self._found

    def forget(self) -> None:
        """A migration may have changed them."""
        self._found = None


MOST_ATTEMPTS = 3
"""The server may have closed an idle connection of the pool. SQLAlchemy notices that at the first
error, except for errors of asyncpg that its older versions do not know: at the second."""


async def _look_up(engine: "AsyncEngine", tables: _KnownTables, token: str) -> StoredSession | None:
    from sqlalchemy.exc import DBAPIError, SQLAlchemyError

    _check_file(engine.url)
    for _ in range(MOST_ATTEMPTS - 1):
        try:
            return await _query(engine, tables, token)
        except SessionStoreError:
            raise
        except Exception as error:
            tables.forget()
            is_closed = isinstance(error, DBAPIError) and error.connection_invalidated
            if isinstance(error, SQLAlchemyError) and not is_closed:
                raise
    return await _query(engine, tables, token)


async def _query(engine: "AsyncEngine", tables: _KnownTables, token: str) -> StoredSession | None:
    async with engine.connect() as plain:
        # One statement needs no transaction, which would cost two more round trips.
        connection = await plain.execution_options(isolation_level="AUTOCOMMIT")
        known = await tables.find(connection)
        rows = (await connection.execute(known.query, {"token": token})).fetchmany(2)
    found = [known.stored(row) for row in rows]
    # MySQL compares texts without case.
    same = [one for one in found if _is_same(one.session["token"], token)]
    return same[0] if len(same) == 1 else None


def _is_same(stored: object, token: str) -> bool:
    return isinstance(stored, str) and hmac.compare_digest(stored.encode(), token.encode())


def _check_file(url: "URL") -> None:
    """SQLite would create a missing file, without tables."""
    name = url.database
    if url.get_backend_name() != "sqlite" or not name or name.startswith((":memory:", "file:")):
        return
    path = Path(name)
    if path.is_file():
        return
    relative = "three slashes begin a relative path, and four an absolute one"
    hint = "" if path.is_absolute() else f"; {relative}"
    raise SessionStoreError(
        f"the file of the SQLite database does not exist: {path.resolve()}{hint}"
    )


def _parsed(text: str) -> "URL":
    """Raises `ConfigurationError`, without the URL, which can contain a password."""
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError

    try:
        url = make_url(text)
    except ArgumentError:
        raise _wrong("is not a URL of SQLAlchemy") from None
    asynchronous = ASYNC_DRIVERS.get(url.get_backend_name())
    instead = f": write {asynchronous}://…" if asynchronous else ""
    try:
        dialect = url.get_dialect().get_async_dialect_cls(url)
        if not dialect.is_async:
            raise _wrong(f"names a driver that is not asynchronous{instead}")
        dialect.import_dbapi()
    except NoSuchModuleError:
        raise _wrong(f"names no database that SQLAlchemy knows{instead}") from None
    except ImportError as error:
        detail = f"needs the package {error.name}" if error.name else "needs another package"
        raise _wrong(f"{detail}{instead}") from None
    return url


ASYNC_DRIVERS = {
    "postgres": "postgresql+asyncpg",
    "postgresql": "postgresql+asyncpg",
    "mysql": "mysql+aiomysql",
    "mariadb": "mariadb+aiomysql",
    "sqlite": "sqlite+aiosqlite",
}
"""The driver to suggest for a database."""


def _wrong(reason: str) -> ConfigurationError:
    return ConfigurationError([f"SESSION_DATABASE_URL: {reason}"])


def _engine(url: "URL", **options: object) -> "AsyncEngine":
    from sqlalchemy.ext.asyncio import create_async_engine

    # Parameters are the tokens of sessions, and errors would contain them.
    return create_async_engine(url, hide_parameters=True, **options)
