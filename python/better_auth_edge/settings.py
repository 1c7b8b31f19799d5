"""Settings, and the one way to prove an identity that they stand for."""

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal
from urllib.parse import urlsplit

from pydantic import SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

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
from better_auth_edge.network import exposure

logger = logging.getLogger(__name__)

EDGE_JWKS_PATH = "/.well-known/better-auth-edge/jwks.json"
BETTER_AUTH_PATH = "/api/auth"
ASSERTION_LIFETIME = 60
"""Seconds, the most that the edge gives an assertion."""
MAX_CLOCK_TOLERANCE = 300
_QUERY = re.compile(r"[A-Za-z0-9._~%!$&'()*+,;=:@/?-]+", re.ASCII)
"""RFC 3986, section 3.4."""

Mode = Literal["assertion", "jwks", "secret"]


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
    """The claim that says who the user is, by its name or a dotted path."""
    exclusive_audience: bool | None = None
    """Whether `aud` must name accepted audiences only; default: for the profile `access-token`."""
    list_claims: str | None = None
    """Claims whose text is a comma-separated list; default: `role`."""
    clock_tolerance: float = 5
    """Seconds, at most 300."""

    @classmethod
    def load(cls, env_file: str | None = None, **values: object) -> "EdgeAuthSettings":
        """Reads the environment; values given here come before it. `ConfigurationError` with every
        fault.
        """
        unknown = [f"{name}: is no setting" for name in values if name not in cls.model_fields]
        if unknown:
            raise ConfigurationError(unknown)
        try:
            return cls(_env_file=env_file, **values)  # type: ignore[arg-type]
        except ValidationError as error:
            raise ConfigurationError([_line(fault) for fault in error.errors()]) from None


def _line(fault: object) -> str:
    assert isinstance(fault, dict)
    return f"{'.'.join(map(str, fault['loc'])).upper()}: {fault['msg']}"


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
        """The way that the settings stand for. `ConfigurationError` with every fault. Keys that
        come without TLS over a network that may be public are warned of, in the log.
        """
        reader = _Reader(settings)
        proof = reader.proof()
        list_claims = reader.list("list_claims") or LIST_CLAIMS
        if reader.faults or proof is None:
            raise ConfigurationError(reader.faults)
        if reader.exposure is not None:
            logger.warning("%s", reader.exposure)
        return replace(proof, list_claims=list_claims)


class _Reader:
    """Reads settings and collects what is wrong with them."""

    def __init__(self, settings: EdgeAuthSettings) -> None:
        self.settings = settings
        self.faults: list[str] = []
        self.exposure: str | None = None
        """What is to be said of where the keys come from."""

    def proof(self) -> Proof | None:
        settings = self.settings
        if not 0 <= settings.clock_tolerance <= MAX_CLOCK_TOLERANCE:
            self.fault("clock_tolerance", f"is not between 0 and {MAX_CLOCK_TOLERANCE} seconds")
        if not settings.user_claim:
            self.fault("user_claim", "is empty")
        match self.mode():
            case "assertion":
                return self.assertion()
            case "jwks":
                return self.jwks()
            case "secret":
                return self.secret()
            case None:
                return None

    def mode(self) -> Mode | None:
        """The mode that is named, or the only one whose settings are there. Better Auth's secret
        stands in many an environment for Better Auth's sake: it asks for nothing by itself where
        `BETTER_AUTH_URL` is there too.
        """
        settings = self.settings
        if settings.edge_auth_mode is not None:
            return settings.edge_auth_mode
        edge = any((settings.edge_jwks_url, settings.edge_issuer, settings.edge_audience))
        jwks = any((settings.better_auth_url, settings.jwks_url))
        if edge and jwks:
            self.fault(
                "edge_auth_mode",
                "is needed where settings of both the edge and Better Auth are there: "
                "assertion or jwks",
            )
        elif edge:
            return "assertion"
        elif jwks:
            return "jwks"
        elif settings.better_auth_secret is not None:
            return "secret"
        else:
            self.fault(
                "edge_auth_mode",
                "cannot be told: set EDGE_JWKS_URL and EDGE_AUDIENCE to believe the edge, or "
                "BETTER_AUTH_URL to verify Better Auth's tokens",
            )
        return None

    def assertion(self) -> Proof:
        settings = self.settings
        origin, path = self.key_url("edge_jwks_url")
        self.exposure = exposure(origin)
        if settings.edge_audience is None:
            self.fault("edge_audience", "is missing: the origin of the Worker's ORIGIN_URL")
        return Proof(
            mode="assertion",
            keys=(path and settings.edge_jwks_url) or f"{origin}{EDGE_JWKS_PATH}",
            algorithms=("EdDSA",),
            expectations=Expectations(
                issuers=self.list("edge_issuer") or [origin],
                audiences=self.list("edge_audience"),
                profile=ASSERTION,
                required=("sub", "jti", "claims"),
                clock_tolerance=settings.clock_tolerance,
                max_lifetime=ASSERTION_LIFETIME,
            ),
            refuse_replays=settings.edge_refuse_replays,
        )

    def jwks(self) -> Proof:
        algorithms = self.algorithms(BETTER_AUTH_ALGORITHMS, PUBLIC_ALGORITHMS)
        own = self.settings.jwks_url
        origin, base = self.better_auth(is_required=own is None)
        keys = f"{base}/jwks" if own is None else own
        self.exposure = exposure(origin if own is None else self.key_url("jwks_url")[0])
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
        if self.settings.better_auth_url is not None or is_required:
            origin, path = self.url("better_auth_url")
            return origin, f"{origin}{path or BETTER_AUTH_PATH}"
        for name in ("issuer", "audience"):
            if getattr(self.settings, name) is None:
                self.fault(name, "is missing, as BETTER_AUTH_URL is")
        return "", ""

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
            user_claim=self.settings.user_claim,
            clock_tolerance=self.settings.clock_tolerance,
        )

    def algorithms(self, default: Sequence[str], possible: Sequence[str]) -> Sequence[str]:
        names = [canonical_algorithm(name) for name in self.list("algorithms")] or default
        for name in names:
            if name not in possible:
                wanted = ", ".join(possible)
                self.fault("algorithms", f"has {name!r}, which is none of {wanted}")
        return names

    def list(self, name: str) -> list[str]:
        """A list separated by commas; none where nothing is said."""
        text = getattr(self.settings, name)
        if text is None:
            return []
        values = [value.strip() for value in text.split(",")]
        if not all(values):
            self.fault(name, "has an empty value: a comma too many?")
        return values

    def key_url(self, name: str) -> tuple[str, str]:
        """Origin and path of a URL that may have a query, which comes with the path: some identity
        providers tell key sets apart by it.
        """
        address, mark, query = (getattr(self.settings, name) or "").partition("?")
        if "#" in address + query:
            self.fault(name, "has a fragment")
            return "", ""
        if mark and not _QUERY.fullmatch(query):
            self.fault(name, "has an empty query, or an unusual one")
        update = {name: address} if mark else {}
        reader = _Reader(self.settings.model_copy(update=update))
        origin, path = reader.url(name)
        self.faults.extend(reader.faults)
        return origin, f"{path or '/'}?{query}" if mark else path

    def url(self, name: str) -> tuple[str, str]:
        """Origin and path of a URL, as browsers write them: no capitals in the host, no default
        port, no slash at the end.
        """
        text = getattr(self.settings, name)
        if text is None:
            self.fault(name, "is missing")
            return "", ""
        try:
            url = urlsplit(text)
            host, port = url.hostname, url.port
        except ValueError:
            host, port, url = None, None, urlsplit("")
        if url.scheme not in ("http", "https") or not host or text != text.strip():
            self.fault(name, "is not a URL that begins with https:// or http://")
            return "", ""
        if url.query or url.fragment or "@" in url.netloc:
            self.fault(name, "has a user name, a query or a fragment")
        shown = f"[{host}]" if ":" in host else host
        default = port is None or port == {"http": 80, "https": 443}[url.scheme]
        return f"{url.scheme}://{shown}{'' if default else f':{port}'}", url.path.rstrip("/")

    def fault(self, name: str, what: str) -> None:
        self.faults.append(f"{name.upper()}: {what}")
