"""Settings, and the one way to prove an identity that they stand for."""

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
from better_auth_edge.names import did_you_mean, misspelt, suggestion
from better_auth_edge.network import exposure
from better_auth_edge.setting_values import SettingValues

logger = logging.getLogger(__name__)

EDGE_JWKS_PATH = "/.well-known/better-auth-edge/jwks.json"
ASSERTION_LIFETIME = 60
"""Seconds, the most that the edge gives an assertion."""
MAX_CLOCK_TOLERANCE = 300

AUDIENCE_MISSING = "is missing: the origin of the Worker's ORIGIN_URL (in Next.js: of `origin`)"

Mode = Literal["assertion", "jwks", "secret"]


MODES: dict[Mode, tuple[str, ...]] = {
    "assertion": ("edge_jwks_url", "edge_issuer", "edge_audience"),
    "jwks": ("better_auth_url", "jwks_url"),
    "secret": ("better_auth_secret",),
}
"""The settings that speak for a mode, the strongest first."""


class EdgeAuthSettings(BaseSettings):
    """Each field is the environment variable of the same name in capitals. Lists are separated by
    commas; an empty value counts as none. docs/fastapi.md says more.
    """

    model_config = SettingsConfigDict(
        env_ignore_empty=True, extra="ignore", hide_input_in_errors=True
    )

    edge_auth_mode: Mode | None = None
    """What proves an identity: the edge's assertion, a Better Auth token by its published key, or
    one by the shared secret. Needed where the settings of two are there."""

    edge_jwks_url: str | None = None
    """Where the edge publishes its keys: a URL, or its base URL."""
    edge_issuer: str | None = None
    """The edge's own origin, as clients call it; default: the origin of `edge_jwks_url`."""
    edge_audience: str | None = None
    """The origin of the Worker's `ORIGIN_URL`: this app, as the edge calls it."""
    edge_refuse_replays: bool = False
    """Believe an assertion once only; needs `EDGE_BIND_REQUEST` at the edge."""

    better_auth_url: str | None = None
    """Base URL of the Better Auth server; a path, if any, is Better Auth's own base path."""
    better_auth_base_path: str | None = None
    """Better Auth's `basePath`, if the URL does not say it: `/` for a server at the root. Default:
    `/api/auth`.
    """
    jwks_url: str | None = None
    """Default: `{better_auth_url}/api/auth/jwks`."""
    better_auth_secret: SecretStr | None = None
    """The shared secret, for the mode `secret` only."""
    allow_shared_secret: bool = False
    """Whoever holds the secret can be any user: outside of development it has to be said twice."""
    environment: str = "production"
    """`development` or `test` allow the mode `secret`."""
    issuer: str | None = None
    audience: str | None = None
    """What tokens must say; default: the origin of `better_auth_url`."""
    algorithms: str | None = None
    """Default: all that Better Auth can sign with; `HS256` in the mode `secret`."""
    profile: Literal["session", "access-token"] = "session"
    """The kind of token: that of a session, or an access token of Better Auth's OAuth provider."""
    user_claim: str = "sub"
    """The claim that says who the user is, by its name or a dotted path; of a list, the first that
    a token has.
    """
    exclusive_audience: bool | None = None
    """Whether `aud` must name accepted audiences only; default: for the profile `access-token`."""
    list_claims: str | None = None
    """Claims whose text is a comma-separated list; default: `role`."""
    clock_tolerance: float = 5
    """Seconds, at most 300."""
    ignored_variables: str | None = None
    """Variables that are nearly called as one of these settings, and are none."""

    _in_code: frozenset[str] = PrivateAttr(frozenset())
    """The settings that the code gives: faults call them as they stand there."""
    _unreadable: frozenset[str] = PrivateAttr(frozenset())
    """The settings that are not of their type, or misspelt: nothing further is said of them."""

    def __init__(self, **values: Any) -> None:
        """Reads the environment; values given here come before it. `ConfigurationError` for values
        that are no settings, or not of their type.
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
        """The same by a file too, which the environment comes before. `ConfigurationError` with
        every fault, those of the values and of the names of variables too.
        """
        fields = cls.model_fields
        unknown = [name for name in values if name not in fields]
        faults = _unknown(unknown, fields)
        meant = {suggestion(name, fields) or "" for name in unknown}
        given = {name: value for name, value in values.items() if name in fields}
        file = None if env_file is None else Path(env_file)
        if file is not None and not file.is_file():
            faults.append(f"env_file: {file} {'is no file' if file.exists() else 'does not exist'}")
            file = None
        settings, wrong = cls._read(file, given)
        settings._unreadable |= meant
        in_file = () if file is None else dotenv_values(file, interpolate=False)
        faults += settings.misspelt({*os.environ, *in_file})
        faults += [f"{settings.shown(name)}: {what}" for name, what in wrong.items()]
        if faults:
            reader = _Reader(settings, is_partial=env_file is not None and file is None)
            reader.proof()
            raise ConfigurationError(faults + reader.faults)
        return settings

    @classmethod
    def _read(
        cls, file: Path | None, given: dict[str, object]
    ) -> tuple["EdgeAuthSettings", dict[str, str]]:
        """The settings, and what is wrong with those that are not of their type, in place of which
        the defaults are there.
        """
        wrong: dict[str, str] = {}
        try:
            settings = cls(_env_file=file, **given)
        except _WrongTypesError as error:
            wrong = error.wrong
            defaults = {name: cls.model_fields[name].default for name in wrong}
            settings = cls(_env_file=file, **{**given, **defaults})
        settings._in_code = frozenset(given)
        settings._unreadable = frozenset(wrong)
        return settings, wrong

    def misspelt(self, variables: Iterable[str]) -> list[str]:
        """A fault for each variable that is nearly called as a setting."""
        ignored = [name.strip() for name in (self.ignored_variables or "").split(",")]
        known = [name.upper() for name in type(self).model_fields]
        near = misspelt(variables, known, ignored)
        self._unreadable |= {setting.lower() for setting in near.values()}
        cure = "if it is yours, name it in IGNORED_VARIABLES"
        return [f"{name}: is not a setting, but {it} is; {cure}" for name, it in near.items()]

    def shown(self, name: str) -> str:
        """A setting as it is called where it was given."""
        return name if name in self._in_code else name.upper()

    def is_given(self, name: str) -> bool:
        """Whether a setting is there, though it may be wrong."""
        return getattr(self, name) is not None or name in self._unreadable


class _WrongTypesError(ConfigurationError):
    """Values that are not of their settings' types, each with what is wrong with it."""

    def __init__(self, error: ValidationError, given: Iterable[str]) -> None:
        self.wrong = {str(fault["loc"][0]).lower(): fault["msg"] for fault in error.errors()}
        shown = {name: name if name in given else name.upper() for name in self.wrong}
        super().__init__([f"{shown[name]}: {what}" for name, what in self.wrong.items()])


def _unknown(names: Iterable[str], fields: Iterable[str]) -> list[str]:
    return [f"{name}: is no setting{did_you_mean(name, fields)}" for name in names]


@dataclass(frozen=True)
class Proof:
    """What proves an identity: one way, by which everything else is refused."""

    mode: Mode
    keys: str | Secret
    """The URL of a JWK Set, or the secret."""
    algorithms: Sequence[str]
    expectations: Expectations
    refuse_replays: bool = False
    list_claims: Sequence[str] = LIST_CLAIMS
    """Claims whose text is a comma-separated list."""

    @classmethod
    def from_settings(cls, settings: EdgeAuthSettings) -> "Proof":
        """The way that the settings stand for. `ConfigurationError` with every fault, those of the
        environment's names too. Keys that come without TLS over a network that may be public are
        warned of, in the log.
        """
        reader = _Reader(settings)
        reader.faults += settings.misspelt(os.environ)
        proof = reader.proof()
        list_claims = reader.list("list_claims") or LIST_CLAIMS
        if reader.faults or proof is None:
            raise ConfigurationError(reader.faults)
        if reader.exposure is not None:
            logger.warning("%s", reader.exposure)
        return replace(proof, list_claims=list_claims)


class _Reader(SettingValues["EdgeAuthSettings"]):
    """Reads settings and collects what is wrong with them."""

    def proof(self) -> Proof | None:
        settings = self.settings
        if not 0 <= settings.clock_tolerance <= MAX_CLOCK_TOLERANCE:
            self.fault("clock_tolerance", f"is not between 0 and {MAX_CLOCK_TOLERANCE} seconds")
        if not all(name.strip() for name in settings.user_claim.split(",")):
            self.fault("user_claim", "is empty or has an empty member")
        match self.mode():
            case "assertion":
                return self.assertion()
            case "jwks":
                return self.jwks()
            case "secret":
                return self.secret()
            case None:
                self.check_what_is_given()
                return None

    def check_what_is_given(self) -> None:
        """Where nobody can tell which settings count, those that are there are still read."""
        for name in ("better_auth_url", "jwks_url", "edge_jwks_url"):
            if getattr(self.settings, name) is not None:
                self.url(name)
        if self.settings.better_auth_base_path is not None:
            self.with_base_path(BaseUrl("", ""))
        self.origins("edge_issuer")
        self.origins("edge_audience")
        for name in ("issuer", "audience"):
            self.list(name)

    def mode(self) -> Mode | None:
        """The mode that is named, or the only one whose settings are there. Better Auth's secret
        stands in many an environment for Better Auth's sake: it asks for nothing by itself where
        `BETTER_AUTH_URL` is there too.
        """
        settings = self.settings
        if settings.edge_auth_mode is not None:
            return settings.edge_auth_mode
        known = [
            mode for mode, names in MODES.items() if any(getattr(settings, name) for name in names)
        ]
        wrong = [mode for mode, names in MODES.items() if settings._unreadable.intersection(names)]
        if known[:2] == ["assertion", "jwks"]:
            self.fault(
                "edge_auth_mode",
                "is needed where settings of both the edge (EDGE_JWKS_URL, EDGE_ISSUER, "
                "EDGE_AUDIENCE) and Better Auth (BETTER_AUTH_URL, JWKS_URL) are there: "
                "assertion or jwks",
            )
            return None
        if known or wrong:
            return (known or wrong)[0]
        if not settings._unreadable:
            self.fault(
                "edge_auth_mode",
                "cannot be told: set EDGE_JWKS_URL, EDGE_AUDIENCE and, where clients call the edge "
                "by another origin, EDGE_ISSUER to believe the edge, or BETTER_AUTH_URL to verify "
                "Better Auth's tokens",
            )
        return None

    def assertion(self) -> Proof:
        settings = self.settings
        url = self.key_url("edge_jwks_url")
        origin, path = (url.origin, url.path) if url else ("", "")
        self.exposure = exposure(origin)
        if settings.edge_audience is None:
            self.fault("edge_audience", AUDIENCE_MISSING)
        return Proof(
            mode="assertion",
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
            refuse_replays=settings.edge_refuse_replays,
        )

    def jwks(self) -> Proof:
        algorithms = self.algorithms(BETTER_AUTH_ALGORITHMS, PUBLIC_ALGORITHMS)
        origin, base = self.better_auth(is_required=not self.settings.is_given("jwks_url"))
        url = None if self.settings.jwks_url is None else self.key_url("jwks_url")
        keys = f"{url.origin}{url.path}" if url else f"{base}/jwks"
        self.exposure = exposure(url.origin if url else origin)
        return Proof("jwks", keys, algorithms, self.expectations(origin, base))

    def secret(self) -> Proof | None:
        settings = self.settings
        is_development = settings.environment in ("development", "test")
        is_said_twice = settings.edge_auth_mode == "secret" and settings.allow_shared_secret
        if not is_development and not is_said_twice:
            self.fault(
                "edge_auth_mode",
                "is secret: whoever holds BETTER_AUTH_SECRET can be any user. Set "
                "ENVIRONMENT=development, or say it twice: EDGE_AUTH_MODE=secret and "
                "ALLOW_SHARED_SECRET=true",
            )
        algorithms = self.algorithms(("HS256",), tuple(SECRET_ALGORITHMS))
        secret = self.shared_secret(algorithms)
        origin, base = self.better_auth(is_required=False)
        expectations = self.expectations(origin, base)
        return None if secret is None else Proof("secret", secret, algorithms, expectations)

    def better_auth(self, *, is_required: bool) -> tuple[str, str]:
        """Better Auth's origin, and its base URL. Empty where it may be left out, if issuer and
        audience are there.
        """
        base_path = self.settings.better_auth_base_path
        if self.settings.is_given("better_auth_url") or is_required:
            # the base path is looked at beside a URL that is wrong too
            base = self.with_base_path(self.url("better_auth_url") or BaseUrl("", ""))
            return base.origin, base.better_auth
        if base_path is not None:
            self.fault("better_auth_base_path", "needs BETTER_AUTH_URL")
        for name in ("issuer", "audience"):
            if not self.settings.is_given(name):
                self.fault(name, "is missing, as BETTER_AUTH_URL is")
        return "", ""

    def with_base_path(self, url: BaseUrl) -> BaseUrl:
        base_path = self.settings.better_auth_base_path
        try:
            return url if base_path is None else url.with_base_path(base_path)
        except ValueError as error:
            self.fault("better_auth_base_path", str(error))
            return url

    def shared_secret(self, algorithms: Sequence[str]) -> Secret | None:
        secret = self.settings.better_auth_secret
        if secret is None:
            self.fault("better_auth_secret", "is missing")
            return None
        known = tuple(name for name in algorithms if name in SECRET_ALGORITHMS)
        try:
            return Secret(secret.get_secret_value().encode(), known) if known else None
        except ValueError as error:
            self.fault("better_auth_secret", str(error))
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
                wanted = ", ".join(possible)
                self.fault("algorithms", f"has {name!r}, which is none of {wanted}")
        return names
