"""Better Auth's tables, with a `uuid` in addition to its `id`, and the tasks, which refer to it.

Better Auth can create its tables itself. Here one tool migrates the whole database, so that
`tasks.user_id` can refer to `user.uuid`.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Better Auth's types on each database. On SQLite, dates and uuids are text.
TIME = sa.DateTime(timezone=True).with_variant(sa.Date(), "sqlite")
FLAG = sa.Boolean().with_variant(sa.Integer(), "sqlite")
UUID = sa.Uuid().with_variant(sa.Text(), "sqlite")


def new_uuid() -> sa.TextClause:
    """A random uuid from the database, for rows that are inserted without one."""
    if op.get_bind().dialect.name == "postgresql":
        return sa.text("gen_random_uuid()")
    groups = [
        "hex(randomblob(4))",
        "hex(randomblob(2))",
        "'4' || substr(hex(randomblob(2)), 2)",
        "substr('89AB', 1 + (abs(random()) % 4), 1) || substr(hex(randomblob(2)), 2)",
        "hex(randomblob(6))",
    ]
    return sa.text("(lower(" + " || '-' || ".join(groups) + "))")


def of_user(name: str) -> sa.Column[str]:
    return sa.Column(
        name, sa.Text(), sa.ForeignKey("user.id", ondelete="CASCADE"), nullable=False, index=True
    )


def upgrade() -> None:
    op.create_table(
        "user",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False, unique=True),
        sa.Column("emailVerified", FLAG, nullable=False),
        sa.Column("image", sa.Text()),
        sa.Column("createdAt", TIME, nullable=False),
        sa.Column("updatedAt", TIME, nullable=False),
        sa.Column("uuid", UUID, nullable=False, unique=True, server_default=new_uuid()),
    )
    op.create_table(
        "session",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("expiresAt", TIME, nullable=False),
        sa.Column("token", sa.Text(), nullable=False, unique=True),
        sa.Column("createdAt", TIME, nullable=False),
        sa.Column("updatedAt", TIME, nullable=False),
        sa.Column("ipAddress", sa.Text()),
        sa.Column("userAgent", sa.Text()),
        of_user("userId"),
    )
    op.create_table(
        "account",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("accountId", sa.Text(), nullable=False),
        sa.Column("providerId", sa.Text(), nullable=False),
        of_user("userId"),
        sa.Column("accessToken", sa.Text()),
        sa.Column("refreshToken", sa.Text()),
        sa.Column("idToken", sa.Text()),
        sa.Column("accessTokenExpiresAt", TIME),
        sa.Column("refreshTokenExpiresAt", TIME),
        sa.Column("scope", sa.Text()),
        sa.Column("password", sa.Text()),
        sa.Column("createdAt", TIME, nullable=False),
        sa.Column("updatedAt", TIME, nullable=False),
    )
    op.create_table(
        "verification",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("identifier", sa.Text(), nullable=False, index=True),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("expiresAt", TIME, nullable=False),
        sa.Column("createdAt", TIME, nullable=False),
        sa.Column("updatedAt", TIME, nullable=False),
    )
    op.create_table(
        "jwks",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("publicKey", sa.Text(), nullable=False),
        sa.Column("privateKey", sa.Text(), nullable=False),
        sa.Column("createdAt", TIME, nullable=False),
        sa.Column("expiresAt", TIME),
        sa.Column("alg", sa.Text()),
        sa.Column("crv", sa.Text()),
    )
    op.create_table(
        "tasks",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column(
            "user_id",
            UUID,
            sa.ForeignKey("user.uuid", ondelete="CASCADE"),
            nullable=False,
            index=True,
        ),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("done", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    )


def downgrade() -> None:
    for table in ["tasks", "jwks", "verification", "account", "session", "user"]:
        op.drop_table(table)
