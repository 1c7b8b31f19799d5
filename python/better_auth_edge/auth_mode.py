"""The mode of authentication that the settings select."""

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from better_auth_edge import signatures
from better_auth_edge._core import (
    BaseUrl,
    KeyUrl,
    Task,
    Verifier,
    algorithms,
    canonical_algorithm,
    default_algorithms,
    secret_error,
)
from better_auth_edge.claims import LIST_CLAIMS
from better_auth_edge.errors import ConfigurationError
from better_auth_edge.feed import Feed
from better_auth_edge.sessions.rules import STORES, SessionRules, read_session_rules
from better_auth_edge.setting_values import SettingValues

if TYPE_CHECKING:
    from better_auth_edge.settings import EdgeAuthSettings

logger = logging.getLogger(__name__)

EDGE_JWKS_PATH = "/.well-known/better-auth-edge/jwks.json"
ASSERTION_LIFETIME = 60
"""Seconds; the maximum lifetime of an assertion."""
MAX_CLOCK_TOLERANCE = 300
"""Seconds."""

ModeName = Literal["assertion", "jwks", "session", "secret"]

MODES: dict[ModeName, tuple[str, ...]] = {
    "assertion": ("edge_jwks_url", "edge_issuer", "edge_audience"),
    "jwks": ("better_auth_url", "jwks_url"),
    "session": STORES,
    "secret": ("better_auth_secret",),
}
"""The settings that select a mode, in order of precedence."""


@dataclass(frozen=True)
class AuthMode:
    """The mode of an app. It rejects every other credential."""

    name: ModeName
    keys: str | bytes = field(repr=False)
    """The URL of a JWK Set, or the secret."""
    algorithms: Sequence[str]
    issuers: Sequence[str]
    audiences: Sequence[str]
    url_setting: str | None = None
    """The setting that the URL comes from."""
    profile: Literal["session", "access-token", "edge-assertion"] = "session"
    exclusive_audience: bool | None = None
    base_url: str | None = None
    """Better Auth's URL with its base path."""
    user_claims: Sequence[str] = ("sub",)
    """Names, or dotted paths into objects. The first that is present counts."""
    required: Sequence[str] = ()
    clock_tolerance: float = 5
    """Seconds."""
    max_lifetime: float | None = None
    """The maximum of `exp` minus `iat`, in seconds."""
    revocations: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The core's settings of the feed that says which sessions have ended."""
    reject_replays: bool = False
    list_claims: Sequence[str] = LIST_CLAIMS
    """Claims whose text is a comma-separated list."""
    sessions: SessionRules | None = None
    """How sessions are looked up: in the mode `session`, or beside tokens."""

    @classmethod
    def from_settings(
        cls, settings: "EdgeAuthSettings", *, has_session_store: bool = False
    ) -> "AuthMode":
        """Returns the mode that the settings select. Raises `ConfigurationError` with every error,
        those of variable names too. Logs a warning if keys come without TLS over a public network.
        """
        reader = ModeReader(settings)
        reader.has_session_store = has_session_store
        reader.errors += settings.near_misses(os.environ)
        mode = reader.mode()
        list_claims = reader.list("list_claims") or LIST_CLAIMS
        if reader.errors or mode is None:
            raise ConfigurationError(reader.errors)
        if reader.exposure is not None:
            logger.warning("%s", reader.exposure)
        return replace(mode, list_claims=list_claims)

    def verifier(
        self, clock: Callable[[], float], start_task: Callable[[Task], object]
    ) -> Verifier:
        """Returns the core's verifier. `clock` returns seconds since 1970, and `start_task` runs a
        background task in a thread.
        """
        return Verifier(
            self.keys,
            algorithms=list(self.algorithms),
            issuers=list(self.issuers),
            audiences=list(self.audiences),
            clock=clock,
            verify_signature=signatures.verify,
            start_task=start_task,
            url_setting=self.url_setting,
            profile=self.profile,
            exclusive_audience=self.exclusive_audience,
            base_url=self.base_url,
            user_claims=list(self.user_claims),
            required=list(self.required),
            clock_tolerance=self.clock_tolerance,
            max_lifetime=self.max_lifetime,
            revocations=dict(self.revocations),
        )


class ModeReader(SettingValues["EdgeAuthSettings"]):
    """Turns settings into a mode and collects their errors."""

    exposure: str | None = None
    """A warning about the URL of the keys, or None."""
    has_session_store = False
    """Whether the app's code passes a store of sessions."""

    def mode(self) -> AuthMode | None:
        mode = self.mode_without_sessions()
        if mode is None or mode.name == "assertion" or not self.has_sessions(mode.name):
            return mode
        sessions = read_session_rules(self, has_store=self.has_session_store)
        return None if sessions is None else replace(mode, sessions=sessions)

    def has_sessions(self, mode: ModeName) -> bool:
        settings = self.settings
        is_present = any(settings.is_present(name) for name in STORES)
        return mode == "session" or is_present or self.has_session_store

    def mode_without_sessions(self) -> AuthMode | None:
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
            case "session":
                return self.session()
            case "secret":
                return self.secret()
            case None:
                self.check_present_settings()
                return None

    def check_present_settings(self) -> None:
        """Checks the values of all settings, for when the mode is unknown."""
        if self.settings.better_auth_url is not None:
            self.url("better_auth_url")
        for name in ("jwks_url", "edge_jwks_url"):
            if getattr(self.settings, name) is not None:
                self.key_url(name)
        if self.settings.better_auth_base_path is not None:
            self.with_base_path(None)
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
        if self.has_session_store and "session" not in present:
            present = [*(mode for mode in present if mode != "secret"), "session"]
        invalid = [mode for mode, names in MODES.items() if settings._invalid.intersection(names)]
        if present[:2] == ["assertion", "jwks"]:
            self.error(
                "edge_auth_mode",
                "is required, because settings of both the edge (EDGE_JWKS_URL, EDGE_ISSUER, "
                "EDGE_AUDIENCE) and Better Auth (BETTER_AUTH_URL, JWKS_URL) are present: "
                "set it to assertion or jwks",
            )
            return None
        if present[:2] == ["assertion", "session"]:
            self.error(
                "edge_auth_mode",
                "is required, because settings of both the edge (EDGE_JWKS_URL, EDGE_ISSUER, "
                "EDGE_AUDIENCE) and sessions (SESSION_DATABASE_URL, SESSION_REDIS_URL) are "
                "present: set it to assertion or session",
            )
            return None
        if present or invalid:
            return (present or invalid)[0]
        if not settings._invalid:
            self.error(
                "edge_auth_mode",
                "is missing, and no other setting selects a mode: set EDGE_JWKS_URL, EDGE_AUDIENCE "
                "and, if clients call the edge by another origin, EDGE_ISSUER to accept the edge's "
                "assertions, or BETTER_AUTH_URL to verify Better Auth's tokens, or "
                "SESSION_DATABASE_URL or SESSION_REDIS_URL and BETTER_AUTH_SECRET to look up its "
                "sessions. EDGE_AUTH_MODE itself is optional: by default, these settings select "
                "the mode",
                is_missing=True,
            )
        return None

    def assertion(self) -> AuthMode:
        settings = self.settings
        if settings.edge_revocations_url is not None:
            self.error(
                "edge_revocations_url", "is for Better Auth's tokens: the edge checks its own"
            )
        url = self.key_url("edge_jwks_url")
        origin, path = (url.origin, url.path) if url else ("", "")
        self.note_exposure(url)
        if settings.edge_audience is None:
            reason = "is missing: set it to the origin of the Worker's ORIGIN_URL (in Next.js: of "
            self.error("edge_audience", f"{reason}`origin`)", is_missing=True)
        return AuthMode(
            name="assertion",
            keys=f"{origin}{path or EDGE_JWKS_PATH}",
            url_setting="EDGE_JWKS_URL",
            algorithms=("EdDSA",),
            issuers=self.origins("edge_issuer") or [origin],
            audiences=self.origins("edge_audience"),
            profile="edge-assertion",
            required=("sub", "jti", "claims"),
            clock_tolerance=settings.clock_tolerance,
            max_lifetime=ASSERTION_LIFETIME,
            reject_replays=settings.edge_refuse_replays,
        )

    def jwks(self) -> AuthMode:
        settings = self.settings
        names = self.algorithms(default_algorithms(), algorithms(symmetric=False))
        base = self.better_auth(is_required=not settings.is_present("jwks_url"))
        if settings.jwks_url is None:
            self.note_exposure(base)
            is_in_url = base is not None and base.path and settings.better_auth_base_path is None
            setting = "BETTER_AUTH_URL" if is_in_url else "BETTER_AUTH_BASE_PATH"
            return self.by_better_auth("jwks", f"{_of(base)}/jwks", setting, names, base)
        url = self.key_url("jwks_url")
        self.note_exposure(url)
        keys = f"{url.origin}{url.path}" if url else ""
        return self.by_better_auth("jwks", keys, "JWKS_URL", names, base)

    def session(self) -> AuthMode:
        """Returns the mode without tokens. Better Auth's URL is one of the trusted origins."""
        settings = self.settings
        if settings.is_present("better_auth_url"):
            self.with_base_path(self.url("better_auth_url"))
        elif settings.better_auth_base_path is not None:
            self.error("better_auth_base_path", "requires BETTER_AUTH_URL")
        return AuthMode("session", b"", (), (), (), clock_tolerance=settings.clock_tolerance)

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
        names = self.algorithms(["HS256"], algorithms(symmetric=True))
        secret = self.shared_secret(names)
        base = self.better_auth(is_required=False)
        mode = self.by_better_auth("secret", secret or b"", None, names, base)
        return None if secret is None else mode

    def better_auth(self, *, is_required: bool) -> BaseUrl | None:
        """Returns Better Auth's URL. None if it is absent, which requires issuer and audience."""
        base_path = self.settings.better_auth_base_path
        if self.settings.is_present("better_auth_url") or is_required:
            # an invalid URL does not hide an invalid base path
            return self.with_base_path(self.url("better_auth_url"))
        if base_path is not None:
            self.error("better_auth_base_path", "requires BETTER_AUTH_URL")
        for name in ("issuer", "audience"):
            if not self.settings.is_present(name):
                self.error(name, "is missing: set it or BETTER_AUTH_URL", is_missing=True)
        return None

    def with_base_path(self, url: BaseUrl | None) -> BaseUrl | None:
        base_path = self.settings.better_auth_base_path
        if base_path is None:
            return url
        try:
            with_path = (url or BaseUrl("https://missing.invalid")).with_base_path(base_path)
        except ValueError as error:
            self.error("better_auth_base_path", str(error))
            return url
        return None if url is None else with_path

    def shared_secret(self, names: Sequence[str]) -> bytes | None:
        secret = self.settings.better_auth_secret
        if secret is None:
            self.error("better_auth_secret", "is missing", is_missing=True)
            return None
        known = [name for name in names if name in algorithms(symmetric=True)]
        value = secret.get_secret_value().encode()
        error = secret_error(value, known) if known else None
        if error is not None:
            self.error("better_auth_secret", error)
        return value if known and error is None else None

    def by_better_auth(
        self,
        name: ModeName,
        keys: str | bytes,
        url_setting: str | None,
        names: Sequence[str],
        base: BaseUrl | None,
    ) -> AuthMode:
        """Returns a mode for Better Auth's own tokens."""
        settings, feed = self.settings, Feed.of(self.settings)
        for setting, reason in feed.errors():
            self.error(setting, reason)
        origin = "" if base is None else base.origin
        issuer = _of(base) if settings.profile == "access-token" else origin
        return AuthMode(
            name,
            keys,
            names,
            issuers=self.list("issuer") or [issuer],
            audiences=self.list("audience") or [origin],
            url_setting=url_setting,
            profile=settings.profile,
            exclusive_audience=settings.exclusive_audience,
            base_url=_of(base) or None,
            user_claims=[name.strip() for name in settings.user_claim.split(",")],
            clock_tolerance=settings.clock_tolerance,
            max_lifetime=feed.retention if feed.url is not None else None,
            revocations=feed.values,
        )

    def algorithms(self, default: Sequence[str], possible: Sequence[str]) -> Sequence[str]:
        names = [canonical_algorithm(name) for name in self.list("algorithms")] or default
        for name in names:
            if name not in possible:
                self.error("algorithms", f"has {name!r}, which is not one of {', '.join(possible)}")
        return names

    def note_exposure(self, url: BaseUrl | KeyUrl | None) -> None:
        self.exposure = None if url is None else url.exposure()


def _of(base: BaseUrl | None) -> str:
    return "" if base is None else base.better_auth
