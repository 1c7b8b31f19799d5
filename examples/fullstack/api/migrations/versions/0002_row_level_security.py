"""On PostgreSQL the database itself keeps users apart: a task is there only for its owner.

Who asks is set for each transaction (`app.database.act_as`). Where no user is set there are no
tasks: a query that forgets the user's filter finds nothing of others, and one that forgets the
user finds nothing at all.
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
    # for the tables' owner too, should the API connect as that
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
