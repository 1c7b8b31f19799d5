"""Runs the migrations on the database of `DATABASE_URL`, as a role that may change its tables."""

import os

from alembic import context
from sqlalchemy import Connection

from app.database import connect
from app.models import Task


def migrate(connection: Connection) -> None:
    # SQLite can change little of a table, so that Alembic copies it
    batch = connection.dialect.name == "sqlite"
    context.configure(
        connection=connection,
        # Better Auth's tables are in it too
        target_metadata=Task.metadata,
        render_as_batch=batch,
        compare_server_default=False,
    )
    with context.begin_transaction():
        context.run_migrations()


# Tests bring a connection of their own.
given: Connection | None = context.config.attributes.get("connection")
if given is not None:
    migrate(given)
else:
    engine = connect(os.environ.get("DATABASE_URL", "sqlite:///./app.db"))
    with engine.connect() as connection:
        migrate(connection)
    engine.dispose()
