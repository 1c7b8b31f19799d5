"""Settings, and the authentication mode that they select."""

import logging
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from dotenv import dotenv_values
from pydantic import PrivateAttr, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from better_auth_edge.base_url import BaseUrl
from better_auth_edge.claims import (
    ACCESS_TOKEN,
    ASSERTION,
    LIST_CLAIMS,
    SESSION,
    USER_INFO,
    Expectations,
)
from better_auth_edge.errors import ConfigurationError
from better_auth_edge.keys import (
    BETTER_AUTH_ALGORITHMS,
    PUBLIC_ALGORITHMS,
    SECRET_ALGORITHMS,
    Secret,
    canonical_algorithm,
)
from better_auth_edge.near_miss import did_you_mean, near_misses, suggestion
from better_auth_edge.network import exposure
from better_auth_edge.setting_values import SettingValues, wrong_type

logger = logging.getLogger(__name__)

EDGE_JWKS_PATH = "/.well-known/better-auth-edge/jwks.json"
ASSERTION_LIFETIME = 60
"""Seconds; the maximum lifetime of an assertion."""
MAX_CLOCK_TOLERANCE = 300
"""Seconds."""

ModeName = Literal["assertion", "jwks", "secret"]

MODES: dict[ModeName, tuple[str, ...]] = {
    "assertion": ("edge_jwks_url", "edge_issuer", "edge_audience"),
    "jwks": ("better_auth_url", "jwks_url"),
    "secret": ("better_auth_secret",),
}
"""The settings that select a mode, in order of precedence."""


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
    """The shared secret, for the mode `secret` only."""
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
    clock_tolerance: float = 5
    """Seconds, at most 300."""
    ignored_variables: str | None = None
    """Variables of the app that are near misses of these settings."""

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
            reader = _Reader(settings, is_partial=env_file is not None and file is None)
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


@dataclass(frozen=True)
class AuthMode:
    """The mode of an app. It rejects every other credential."""

    name: ModeName
    keys: str | Secret
    """The URL of a JWK Set, or the secret."""
    algorithms: Sequence[str]
    expectations: Expectations
    reject_replays: bool = False
    list_claims: Sequence[str] = LIST_CLAIMS
    """Claims whose text is a comma-separated list."""

    @classmethod
    def from_settings(cls, settings: EdgeAuthSettings) -> "AuthMode":
        """Returns the mode that the settings select. Raises `ConfigurationError` with every error,
        those of variable names too. Logs a warning if keys come without TLS over a public network.
        """
        reader = _Reader(settings)
        reader.errors += settings.near_misses(os.environ)
        mode = reader.mode()
        list_claims = reader.list("list_claims") or LIST_CLAIMS
        if reader.errors or mode is None:
            raise ConfigurationError(reader.errors)
        if reader.exposure is not None:
            logger.warning("%s", reader.exposure)
        return replace(mode, list_claims=list_claims)


class _Reader(SettingValues["EdgeAuthSettings"]):
    """Turns settings into a mode and collects their errors."""

    def mode(self) -> AuthMode | None:
        settings = self.settings
        if not 0 <= settings.clock_tolerance <= MAX_CLOCK_TOLERANCE:
            self.error("clock_tolerance", f"is not between 0 and {MAX_CLOCK_TOLERANCE} seconds")
        if not all(name.strip() for name in settings.user_claim.split(",")):
            self.error("user_claim", "is empty or has an empty member")
        match self.mode_name():
            case "assertion":
                return self.assertion()
            case "jwks":
                return self.jwks()
            case "secret":
                return self.secret()
            case None:
                self.check_present_settings()
                return None

    def check_present_settings(self) -> None:
        """Checks the values of all settings, for when the mode is unknown."""
        for name in ("better_auth_url", "jwks_url", "edge_jwks_url"):
            if getattr(self.settings, name) is not None:
                self.url(name)
        if self.settings.better_auth_base_path is not None:
            self.with_base_path(BaseUrl("", ""))
        self.origins("edge_issuer")
        self.origins("edge_audience")
        for name in ("issuer", "audience"):
            self.list(name)

    def mode_name(self) -> ModeName | None:
        """Returns `edge_auth_mode`, or the only mode whose settings are present. Better Auth itself
        reads `BETTER_AUTH_SECRET`, so it selects no mode if `BETTER_AUTH_URL` is present too.
        """
        settings = self.settings
        if settings.edge_auth_mode is not None:
            return settings.edge_auth_mode
        present = [
            mode for mode, names in MODES.items() if any(getattr(settings, name) for name in names)
        ]
        invalid = [mode for mode, names in MODES.items() if settings._invalid.intersection(names)]
        if present[:2] == ["assertion", "jwks"]:
            self.error(
                "edge_auth_mode",
                "is required, because settings of both the edge (EDGE_JWKS_URL, EDGE_ISSUER, "
                "EDGE_AUDIENCE) and Better Auth (BETTER_AUTH_URL, JWKS_URL) are present: "
                "set it to assertion or jwks",
            )
            return None
        if present or invalid:
            return (present or invalid)[0]
        if not settings._invalid:
            self.error(
                "edge_auth_mode",
                "is missing, and no other setting selects a mode: set EDGE_JWKS_URL, EDGE_AUDIENCE "
                "and, if clients call the edge by another origin, EDGE_ISSUER to accept the edge's "
                "assertions, or BETTER_AUTH_URL to verify Better Auth's tokens",
                is_missing=True,
            )
        return None

    def assertion(self) -> AuthMode:
        settings = self.settings
        url = self.key_url("edge_jwks_url")
        origin, path = (url.origin, url.path) if url else ("", "")
        self.exposure = exposure(origin)
        if settings.edge_audience is None:
            reason = "is missing: set it to the origin of the Worker's ORIGIN_URL (in Next.js: of "
            self.error("edge_audience", f"{reason}`origin`)", is_missing=True)
        return AuthMode(
            name="assertion",
            keys=f"{origin}{path or EDGE_JWKS_PATH}",
            algorithms=("EdDSA",),
            expectations=Expectations(
                issuers=self.origins("edge_issuer") or [origin],
                audiences=self.origins("edge_audience"),
                profile=ASSERTION,
                required=("sub", "jti", "claims"),
                clock_tolerance=settings.clock_tolerance,
                max_lifetime=ASSERTION_LIFETIME,
            ),
            reject_replays=settings.edge_refuse_replays,
        )

    def jwks(self) -> AuthMode:
        algorithms = self.algorithms(BETTER_AUTH_ALGORITHMS, PUBLIC_ALGORITHMS)
        origin, base = self.better_auth(is_required=not self.settings.is_present("jwks_url"))
        url = None if self.settings.jwks_url is None else self.key_url("jwks_url")
        keys = f"{url.origin}{url.path}" if url else f"{base}/jwks"
        self.exposure = exposure(url.origin if url else origin)
        return AuthMode("jwks", keys, algorithms, self.expectations(origin, base))

    def secret(self) -> AuthMode | None:
        settings = self.settings
        is_development = settings.environment in ("development", "test")
        is_confirmed = settings.edge_auth_mode == "secret" and settings.allow_shared_secret
        if not is_development and not is_confirmed:
            self.error(
                "edge_auth_mode",
                "is secret, and a holder of BETTER_AUTH_SECRET can sign tokens for any user. Set "
                "ENVIRONMENT=development, or set both EDGE_AUTH_MODE=secret and "
                "ALLOW_SHARED_SECRET=true",
            )
        algorithms = self.algorithms(("HS256",), tuple(SECRET_ALGORITHMS))
        secret = self.shared_secret(algorithms)
        origin, base = self.better_auth(is_required=False)
        expectations = self.expectations(origin, base)
        return None if secret is None else AuthMode("secret", secret, algorithms, expectations)

    def better_auth(self, *, is_required: bool) -> tuple[str, str]:
        """Returns Better Auth's origin and its base URL. Both are empty if the URL is absent, which
        requires issuer and audience.
        """
        base_path = self.settings.better_auth_base_path
        if self.settings.is_present("better_auth_url") or is_required:
            # an invalid URL does not hide an invalid base path
            base = self.with_base_path(self.url("better_auth_url") or BaseUrl("", ""))
            return base.origin, base.better_auth
        if base_path is not None:
            self.error("better_auth_base_path", "requires BETTER_AUTH_URL")
        for name in ("issuer", "audience"):
            if not self.settings.is_present(name):
                self.error(name, "is missing: set it or BETTER_AUTH_URL", is_missing=True)
        return "", ""

    def with_base_path(self, url: BaseUrl) -> BaseUrl:
        base_path = self.settings.better_auth_base_path
        try:
            return url if base_path is None else url.with_base_path(base_path)
        except ValueError as error:
            self.error("better_auth_base_path", str(error))
            return url

    def shared_secret(self, algorithms: Sequence[str]) -> Secret | None:
        secret = self.settings.better_auth_secret
        if secret is None:
            self.error("better_auth_secret", "is missing", is_missing=True)
            return None
        known = tuple(name for name in algorithms if name in SECRET_ALGORITHMS)
        try:
            return Secret(secret.get_secret_value().encode(), known) if known else None
        except ValueError as error:
            self.error("better_auth_secret", str(error))
            return None

    def expectations(self, origin: str, base: str) -> Expectations:
        is_access_token = self.settings.profile == "access-token"
        return Expectations(
            issuers=self.list("issuer") or [base if is_access_token else origin],
            audiences=self.list("audience") or [origin],
            profile=ACCESS_TOKEN if is_access_token else SESSION,
            exclusive_audience=self.settings.exclusive_audience,
            user_info=f"{base}{USER_INFO}" if base else None,
            user_claims=[name.strip() for name in self.settings.user_claim.split(",")],
            clock_tolerance=self.settings.clock_tolerance,
        )

    def algorithms(self, default: Sequence[str], possible: Sequence[str]) -> Sequence[str]:
        names = [canonical_algorithm(name) for name in self.list("algorithms")] or default
        for name in names:
            if name not in possible:
                self.error("algorithms", f"has {name!r}, which is not one of {', '.join(possible)}")
        return names
