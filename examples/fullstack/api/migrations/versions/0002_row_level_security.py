"""Row-level security on PostgreSQL: each user sees only their own tasks.

`app.database.act_as` sets the user of each transaction. A query without the user's filter returns
only that user's tasks, and a transaction without a user returns none.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute("ALTER TABLE tasks ENABLE ROW LEVEL SECURITY")
    # applies to the tables' owner too, in case the API connects as that role
    op.execute("ALTER TABLE tasks FORCE ROW LEVEL SECURITY")
    op.execute(
        "CREATE POLICY own_tasks ON tasks"
        " USING (user_id = NULLIF(current_setting('app.user_uuid', true), '')::uuid)"
    )


def downgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute("DROP POLICY own_tasks ON tasks")
    op.execute("ALTER TABLE tasks NO FORCE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE tasks DISABLE ROW LEVEL SECURITY")
