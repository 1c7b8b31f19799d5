"""The database: its tables are the migrations' doing, and on PostgreSQL it knows who asks."""

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
"""SQLite gives up at once when another process writes to the file, as Better Auth does."""


class SchemaError(Exception):
    """The database is not at the migration that this app was written for."""


class RoleError(SchemaError):
    """The database does not hold the role that the URL names to row-level security."""


def open_database(url: str) -> Engine:
    """Connects to a database whose tables are up to date; raises `SchemaError` otherwise.

    On PostgreSQL it raises `RoleError` for a superuser and a role with BYPASSRLS, to which policies
    do not apply.
    """
    engine = connect(url)
    wanted = ScriptDirectory.from_config(Config(ALEMBIC)).get_current_head()
    try:
        with engine.connect() as connection:
            reject_unrestricted_role(connection)
            found = MigrationContext.configure(connection).get_current_revision()
    finally:
        # Each user of the engine opens its own connections from here on.
        engine.dispose()
    if found != wanted:
        is_at = f"at revision {found}" if found else "without tables"
        raise SchemaError(f"the database is {is_at}, not at {wanted}: run `alembic upgrade head`")
    return engine


def reject_unrestricted_role(connection: Connection) -> None:
    """Checks the role that connected and the role that the session has been set to since."""
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
    """An engine for that URL. `postgres://`, as hosters write it, is `postgresql://`."""
    address = make_url(url)
    if address.get_backend_name() == "sqlite":
        # FastAPI may run the parts of one request on different threads, one after the other.
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
    """Has every transaction of the session be that user's for PostgreSQL too, whose policies show
    it no other user's rows. Before that, and without it, they show none.
    """
    session.info[USER] = user
    return session


USER = "app.user_uuid"


@event.listens_for(Session, "after_begin")
def tell_the_database(session: Session, _: SessionTransaction, connection: Connection) -> None:
    user = session.info.get(USER)
    if user is not None and connection.dialect.name == "postgresql":
        # until the end of this transaction, so that a pooled connection forgets it
        name = text("SELECT set_config('app.user_uuid', :user, true)")
        connection.execute(name, {"user": str(user)})
