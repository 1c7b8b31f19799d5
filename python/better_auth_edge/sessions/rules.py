"""The settings of sessions in a store."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from better_auth_edge._core import BaseUrl, SessionTokens
from better_auth_edge.sessions.database import DatabaseSessions
from better_auth_edge.sessions.redis import RedisUrlSessions
from better_auth_edge.sessions.stored import SessionStore
from better_auth_edge.sessions.tables import TableNames
from better_auth_edge.setting_values import SettingValues

if TYPE_CHECKING:
    from better_auth_edge.settings import EdgeAuthSettings

MAX_AGE = 300
"""Seconds."""
STORES = ("session_database_url", "session_redis_url")
OF_TOKENS = (
    "better_auth_url",
    "better_auth_base_path",
    "cookie_prefix",
    "session_cookie_name",
    "trusted_origins",
)
"""The settings, beside the secret, that the core reads for session cookies."""


@dataclass(frozen=True)
class SessionRules:
    """How an app finds sessions and looks them up."""

    tokens: SessionTokens
    """Finds the tokens of sessions in requests."""
    cookie_name: str
    """The name of the session cookie, for OpenAPI documents."""
    bearer: Literal["signed", "any"] = "signed"
    """Whether a bearer token needs Better Auth's signature."""
    max_age: float = 0
    """Seconds for which a session is not looked up again."""
    user_claims: Sequence[str] = ("sub",)
    database_url: str | None = field(default=None, repr=False)
    redis_url: str | None = field(default=None, repr=False)
    redis_prefix: str = ""
    tables: TableNames = field(default_factory=TableNames)

    def store(self) -> SessionStore | None:
        """Returns the store at the URL of the settings. Raises `ConfigurationError`."""
        if self.database_url is not None:
            return DatabaseSessions(self.database_url, self.tables)
        if self.redis_url is not None:
            fields = self.tables.user_fields
            return RedisUrlSessions(self.redis_url, prefix=self.redis_prefix, user_fields=fields)
        return None


def read_session_rules(
    reader: SettingValues["EdgeAuthSettings"], *, has_store: bool
) -> SessionRules | None:
    """Returns the rules, or None after it has noted the errors. `has_store` says that the app's
    code passes a store.
    """
    settings = reader.settings
    count = len(reader.errors)
    present = [name for name in STORES if getattr(settings, name) is not None]
    if len(present) > 1:
        reader.error(STORES[1], "is present beside SESSION_DATABASE_URL: remove one of them")
    elif present and has_store:
        reader.error(present[0], "is present, and the code passes session_store: remove one")
    elif not present and not has_store and not settings._invalid.intersection(STORES):
        detail = "is missing: set it or SESSION_REDIS_URL, or pass session_store"
        reader.error(STORES[0], detail, is_missing=True)
    if not 0 <= settings.session_max_age <= MAX_AGE:
        reader.error("session_max_age", f"is not between 0 and {MAX_AGE} seconds")
    fields = reader.list("session_user_fields")
    tokens = _tokens(reader)
    if tokens is None or len(reader.errors) > count:
        return None
    database, redis = settings.session_database_url, settings.session_redis_url
    return SessionRules(
        tokens,
        _cookie_name(settings),
        settings.session_bearer,
        settings.session_max_age,
        [name.strip() for name in settings.user_claim.split(",")],
        None if database is None else database.get_secret_value(),
        None if redis is None else redis.get_secret_value(),
        settings.session_redis_prefix or "",
        TableNames(settings.session_table, settings.session_user_table, user_fields=fields),
    )


def _tokens(reader: SettingValues["EdgeAuthSettings"]) -> SessionTokens | None:
    settings = reader.settings
    present = {name: getattr(settings, name) for name in OF_TOKENS}
    if settings.better_auth_secret is not None:
        present["better_auth_secret"] = settings.better_auth_secret.get_secret_value()
    values = {name.upper(): value for name, value in present.items() if value is not None}
    try:
        return SessionTokens(values)
    except ValueError as error:
        for setting, detail in error.args[0]:
            name = setting.lower()
            reader.error(name, detail, is_missing=name not in present)
        return None


def _cookie_name(settings: "EdgeAuthSettings") -> str:
    """As Better Auth names its cookie: over https with a prefix."""
    prefix = settings.cookie_prefix or "better-auth"
    name = settings.session_cookie_name or f"{prefix}.session_token"
    try:
        origin = BaseUrl(settings.better_auth_url or "").origin
    except ValueError:
        origin = ""
    return name if origin.startswith("http:") else f"__Secure-{name}"
