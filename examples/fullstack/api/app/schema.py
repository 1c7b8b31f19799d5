"""The parts of Better Auth's tables that the migrations need.

The API does not read or write them, and on PostgreSQL its role has no access. They are defined here
so that tasks can refer to a user, and so that Alembic can compare the migrations with the models.
"""

import sqlalchemy as sa
from sqlmodel import SQLModel

metadata = SQLModel.metadata

TIME = sa.DateTime(timezone=True).with_variant(sa.Date(), "sqlite")
FLAG = sa.Boolean().with_variant(sa.Integer(), "sqlite")
USER_UUID = sa.Uuid().with_variant(sa.Text(), "sqlite")
"""SQLite has no type for uuids; Better Auth stores them as text with hyphens."""


def text(name: str, *, unique: bool = False, index: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False, unique=unique, index=index)


def optional(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text()) for name in names]


def time(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, TIME, nullable=nullable)


def identifier() -> sa.Column[str]:
    return sa.Column("id", sa.Text(), primary_key=True)


def of_user() -> sa.Column[str]:
    user = sa.ForeignKey("user.id", ondelete="CASCADE")
    return sa.Column("userId", sa.Text(), user, nullable=False, index=True)


sa.Table(
    "user",
    metadata,
    identifier(),
    text("name"),
    text("email", unique=True),
    sa.Column("emailVerified", FLAG, nullable=False),
    *optional("image"),
    time("createdAt"),
    time("updatedAt"),
    sa.Column("uuid", USER_UUID, nullable=False, unique=True),
)
sa.Table(
    "session",
    metadata,
    identifier(),
    time("expiresAt"),
    text("token", unique=True),
    time("createdAt"),
    time("updatedAt"),
    *optional("ipAddress", "userAgent"),
    of_user(),
)
sa.Table(
    "account",
    metadata,
    identifier(),
    text("accountId"),
    text("providerId"),
    of_user(),
    *optional("accessToken", "refreshToken", "idToken"),
    time("accessTokenExpiresAt", nullable=True),
    time("refreshTokenExpiresAt", nullable=True),
    *optional("scope", "password"),
    time("createdAt"),
    time("updatedAt"),
)
sa.Table(
    "verification",
    metadata,
    identifier(),
    text("identifier", index=True),
    text("value"),
    time("expiresAt"),
    time("createdAt"),
    time("updatedAt"),
)
sa.Table(
    "jwks",
    metadata,
    identifier(),
    text("publicKey"),
    text("privateKey"),
    time("createdAt"),
    time("expiresAt", nullable=True),
    *optional("alg", "crv"),
)
