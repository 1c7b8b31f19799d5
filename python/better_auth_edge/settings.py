"""Settings. `auth_mode` turns them into the mode that they select."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from dotenv import dotenv_values
from pydantic import PrivateAttr, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from better_auth_edge.auth_mode import ModeName, ModeReader
from better_auth_edge.errors import ConfigurationError
from better_auth_edge.near_miss import did_you_mean, near_misses, suggestion
from better_auth_edge.setting_values import wrong_type


class EdgeAuthSettings(BaseSettings):
    """Each field is the environment variable of the same name in capitals. Lists are separated by
    commas. An empty value equals an absent one. The FastAPI settings reference has the details.
    """

    model_config = SettingsConfigDict(
        env_ignore_empty=True, extra="ignore", hide_input_in_errors=True
    )

    edge_auth_mode: ModeName | None = None
    """Accept the edge's assertion, a Better Auth token signed by a published key, or one signed
    with the shared secret. Required if the settings of two modes are present."""

    edge_jwks_url: str | None = None
    """The URL of the edge's JWK Set, or the base URL of the edge."""
    edge_issuer: str | None = None
    """The edge's own origin, as clients call it. Default: the origin of `edge_jwks_url`."""
    edge_audience: str | None = None
    """This app's origin, as the edge calls it: the origin of the Worker's `ORIGIN_URL`."""
    edge_refuse_replays: bool = False
    """Accept an assertion only once. Requires `EDGE_BIND_REQUEST` at the edge."""

    better_auth_url: str | None = None
    """Base URL of the Better Auth server. A path in it is Better Auth's own base path."""
    better_auth_base_path: str | None = None
    """Better Auth's `basePath`, unless the URL contains it: `/` for a server at the root. Default:
    `/api/auth`.
    """
    jwks_url: str | None = None
    """Default: `{better_auth_url}/api/auth/jwks`."""
    better_auth_secret: SecretStr | None = None
    """Better Auth's secret, which signs session cookies; in the mode `secret`, tokens."""
    allow_shared_secret: bool = False
    """Allows the mode `secret` outside of development, together with `edge_auth_mode`. A holder of
    the secret can sign tokens for any user."""
    environment: str = "production"
    """`development` or `test` allow the mode `secret`."""
    issuer: str | None = None
    audience: str | None = None
    """Accepted values of `iss` and `aud`. Default: the origin of `better_auth_url`."""
    algorithms: str | None = None
    """Default: all that Better Auth can sign with; `HS256` in the mode `secret`."""
    profile: Literal["session", "access-token"] = "session"
    """The kind of token: a session token, or an access token of Better Auth's OAuth provider."""
    user_claim: str = "sub"
    """The claim that identifies the user: a name or a dotted path, or a list of them, of which the
    first that a token has counts.
    """
    exclusive_audience: bool | None = None
    """Whether `aud` may contain accepted audiences only. Default: in the profile `access-token`."""
    list_claims: str | None = None
    """Claims whose text is a comma-separated list. Default: `role`."""
    edge_revocations_url: str | None = None
    """The URL of an edge whose feed says which sessions have ended. For Better Auth's own tokens:
    the edge checks its assertions itself."""
    edge_revocations_token: SecretStr | None = None
    """The edge's `REVOCATION_FEED_TOKEN`."""
    revocation_lag: float | None = None
    """Seconds, 0.5 to 300, after which a sign-out counts. Default: 2."""
    revocation_failure_age: float | None = None
    """Seconds for which the app relies on what it has read, if the feed fails. Default: 30."""
    revocation_on_failure: Literal["allow", "refuse"] | None = None
    """Whether tokens are accepted after that. Default: `refuse`."""
    revocation_retention: float | None = None
    """The edge's own, in seconds. The app rejects tokens that live longer. Default: 86400."""
    revocation_shards: float | None = None
    """The edge's own. Default: 1."""
    clock_tolerance: float = 5
    """Seconds, at most 300."""
    ignored_variables: str | None = None
    """Variables of the app that are near misses of these settings."""

    session_database_url: SecretStr | None = None
    """Better Auth's database, by SQLAlchemy with an asynchronous driver:
    `postgresql+asyncpg://…`."""
    session_redis_url: SecretStr | None = None
    """Better Auth's secondary storage: `redis://…` or `rediss://…`."""
    session_redis_prefix: str | None = None
    """What Better Auth's secondary storage puts before each key."""
    session_table: str | None = None
    session_user_table: str | None = None
    """Better Auth's tables, perhaps with a schema. Default: found in the database."""
    session_user_fields: str | None = None
    """More fields of the user that become claims. Default: none."""
    session_bearer: Literal["signed", "any"] = "signed"
    """Whether a session's token in `Authorization` needs Better Auth's signature."""
    session_max_age: float = 0
    """Seconds for which a session is not looked up again, at most 300."""
    cookie_prefix: str | None = None
    """Better Auth's `cookiePrefix`. Default: `better-auth`."""
    session_cookie_name: str | None = None
    """The name of Better Auth's session cookie, if `advanced.cookies` changes it."""
    trusted_origins: str | None = None
    """Origins whose pages may send session cookies, or patterns of them."""

    _in_code: frozenset[str] = PrivateAttr(frozenset())
    """The settings that the app's code passes. Errors name them in lower case, as the code does."""
    _invalid: frozenset[str] = PrivateAttr(frozenset())
    """Settings that are misspelled or have the wrong type. They get no second error."""

    def __init__(self, **values: Any) -> None:
        """Reads the environment, which `values` override. Raises `ConfigurationError` for unknown
        settings and for values of the wrong type.
        """
        fields = type(self).model_fields
        unknown = [name for name in values if name not in fields and not name.startswith("_")]
        if unknown:
            raise ConfigurationError(_unknown(unknown, fields))
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise _WrongTypesError(error, values) from None
        self._in_code = frozenset(values)

    @classmethod
    def load(
        cls, env_file: str | os.PathLike[str] | None = None, **values: object
    ) -> "EdgeAuthSettings":
        """Reads the environment and a file, which the environment overrides. Raises
        `ConfigurationError` with every error, those of values and of variable names too.
        """
        fields = cls.model_fields
        unknown = [name for name in values if name not in fields]
        errors = _unknown(unknown, fields)
        suggested = {suggestion(name, fields) or "" for name in unknown}
        known = {name: value for name, value in values.items() if name in fields}
        file = None if env_file is None else Path(env_file)
        if file is not None and not file.is_file():
            reason = "is not a file" if file.exists() else "does not exist"
            errors.append(f"env_file: {file} {reason}")
            file = None
        settings, wrong_types = cls._read(file, known)
        settings._invalid |= suggested - settings.model_fields_set
        in_file = () if file is None else dotenv_values(file, interpolate=False)
        errors += settings.near_misses({*os.environ, *in_file})
        errors += [f"{settings.shown(name)}: {reason}" for name, reason in wrong_types.items()]
        if errors:
            reader = ModeReader(settings, is_partial=env_file is not None and file is None)
            reader.mode()
            raise ConfigurationError(errors + reader.errors)
        return settings

    @classmethod
    def _read(
        cls, file: Path | None, values: dict[str, object]
    ) -> tuple["EdgeAuthSettings", dict[str, str]]:
        """Returns the settings, and the errors of those with a wrong type, which have their
        defaults.
        """
        wrong_types: dict[str, str] = {}
        try:
            settings = cls(_env_file=file, **values)
        except _WrongTypesError as error:
            wrong_types = error.wrong_types
            defaults = {name: cls.model_fields[name].default for name in wrong_types}
            settings = cls(_env_file=file, **{**values, **defaults})
        settings._in_code = frozenset(values)
        settings._invalid = frozenset(wrong_types)
        return settings, wrong_types

    def near_misses(self, variables: Iterable[str]) -> list[str]:
        """Returns an error for each variable whose name is close to a setting."""
        ignored = [name.strip() for name in (self.ignored_variables or "").split(",")]
        known = [name.upper() for name in type(self).model_fields]
        near = near_misses(variables, known, ignored)
        # a setting that is present besides its near miss keeps its own errors
        self._invalid |= {setting.lower() for setting in near.values()} - self.model_fields_set
        hint = "if it is your own variable, list it in IGNORED_VARIABLES"
        return [f"{name}: is not a setting, but {it} is; {hint}" for name, it in near.items()]

    def shown(self, name: str) -> str:
        """Returns the name of a setting as its source spells it."""
        return name if name in self._in_code else name.upper()

    def is_present(self, name: str) -> bool:
        """Whether a setting is present, even with an invalid value."""
        return getattr(self, name) is not None or name in self._invalid


class _WrongTypesError(ConfigurationError):
    """Settings whose values have the wrong type."""

    def __init__(self, error: ValidationError, in_code: Iterable[str]) -> None:
        self.wrong_types = {str(one["loc"][0]).lower(): wrong_type(one) for one in error.errors()}
        shown = {name: name if name in in_code else name.upper() for name in self.wrong_types}
        super().__init__([f"{shown[name]}: {reason}" for name, reason in self.wrong_types.items()])


def _unknown(names: Iterable[str], fields: Iterable[str]) -> list[str]:
    return [f"{name}: is not a setting{did_you_mean(name, fields)}" for name in names]
