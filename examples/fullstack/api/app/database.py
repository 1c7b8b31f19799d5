"""The database, with tables from the migrations and, on PostgreSQL, row-level security."""

import sqlite3
from pathlib import Path
from uuid import UUID

from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, event, make_url, text
from sqlalchemy.orm import SessionTransaction
from sqlmodel import Session, create_engine

ALEMBIC = Path(__file__).parent.parent / "alembic.ini"
BUSY_TIMEOUT_MS = 5000
"""By default, SQLite fails at once if another process, such as Better Auth, writes to the file."""


class SchemaError(Exception):
    """The database is not at the revision that this app requires."""


class RoleError(SchemaError):
    """Row-level security does not apply to the database role in the URL."""


def open_database(url: str) -> Engine:
    """Connects to a database whose tables are up to date; raises `SchemaError` otherwise.

    On PostgreSQL, it raises `RoleError` for a superuser or a role with BYPASSRLS, because policies
    do not apply to them.
    """
    engine = connect(url)
    wanted = ScriptDirectory.from_config(Config(ALEMBIC)).get_current_head()
    try:
        with engine.connect() as connection:
            reject_unrestricted_role(connection)
            found = MigrationContext.configure(connection).get_current_revision()
    finally:
        # Empty the pool, so that each user of the engine opens its own connections.
        engine.dispose()
    if found != wanted:
        state = f"at revision {found}" if found else "without tables"
        raise SchemaError(f"the database is {state}, not at {wanted}: run `alembic upgrade head`")
    return engine


def reject_unrestricted_role(connection: Connection) -> None:
    """Checks the role of the connection and the current role of the session."""
    if connection.dialect.name != "postgresql":
        return
    query = text(
        "SELECT rolname, rolsuper FROM pg_roles"
        " WHERE rolname IN (session_user, current_user) AND (rolsuper OR rolbypassrls)"
    )
    role = connection.execute(query).first()
    if role is not None:
        why = "is a superuser" if role.rolsuper else "has BYPASSRLS"
        raise RoleError(
            f"the role {role.rolname} {why}, so that row-level security is off:"
            " connect as the role `api` of roles.sql"
        )


def connect(url: str) -> Engine:
    """Creates an engine for the URL. Accepts `postgres://`, the form of many hosting providers."""
    address = make_url(url)
    if address.get_backend_name() == "sqlite":
        # FastAPI can run the parts of one request in different threads, one after another.
        engine = create_engine(address, connect_args={"check_same_thread": False})
        event.listen(engine, "connect", set_up_sqlite)
        return engine
    if address.drivername in ("postgres", "postgresql"):
        address = address.set(drivername="postgresql+psycopg")
    return create_engine(address)


def set_up_sqlite(connection: sqlite3.Connection, _: object) -> None:
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")


def act_as(session: Session, user: UUID | None) -> Session:
    """Sets the user of all transactions of the session for PostgreSQL's policies, which show only
    that user's rows. Without a user they show no rows.
    """
    session.info[USER] = user
    return session


USER = "app.user_uuid"


@event.listens_for(Session, "after_begin")
def set_database_user(session: Session, _: SessionTransaction, connection: Connection) -> None:
    user = session.info.get(USER)
    if user is not None and connection.dialect.name == "postgresql":
        # for this transaction only, because the connection returns to the pool
        statement = text("SELECT set_config('app.user_uuid', :user, true)")
        connection.execute(statement, {"user": str(user)})
