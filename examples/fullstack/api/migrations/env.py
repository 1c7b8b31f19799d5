"""Runs the migrations on the database of `DATABASE_URL`. The role must own the tables."""

import os

from alembic import context
from sqlalchemy import Connection

from app.database import connect
from app.models import Task


def migrate(connection: Connection) -> None:
    # Alembic copies tables on SQLite, which supports few changes of a table
    batch = connection.dialect.name == "sqlite"
    context.configure(
        connection=connection,
        # includes Better Auth's tables
        target_metadata=Task.metadata,
        render_as_batch=batch,
        compare_server_default=False,
    )
    with context.begin_transaction():
        context.run_migrations()


# Tests pass their own connection.
given: Connection | None = context.config.attributes.get("connection")
if given is not None:
    migrate(given)
else:
    engine = connect(os.environ.get("DATABASE_URL", "sqlite:///./app.db"))
    with engine.connect() as connection:
        migrate(connection)
    engine.dispose()
