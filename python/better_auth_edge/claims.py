"""Checks the claims of a token, in the order of the Rust core."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from better_auth_edge.errors import EdgeAuthError
from better_auth_edge.strict_json import JsonObject, same

CLOCK_TOLERANCE = 5
"""Seconds."""
USER_INFO = "/oauth2/userinfo"
"""The path below Better Auth's base URL that it adds as an audience for the scope `openid`."""
LIST_CLAIMS = ("role",)
"""The default of `LIST_CLAIMS`: claims whose text is a comma-separated list."""
YEAR_10000 = 253_402_300_800
"""The start of the year 10000, in seconds. A larger number is a time in milliseconds."""


@dataclass(frozen=True)
class Profile:
    """A kind of token. Better Auth signs several kinds with the same keys, and an app accepts one
    (RFC 8725, section 3.12).
    """

    name: str
    types: tuple[str | None, ...]
    """Accepted values of the header's `typ`; None if it may be absent."""
    markers: tuple[str, ...] = ()
    """Claims that only other kinds of tokens have."""
    is_for_users_only: bool = False
    """Whether a token whose subject is its client is rejected (RFC 9068)."""


SESSION = Profile(
    "a session token",
    (None, "jwt"),
    ("at_hash", "c_hash", "nonce", "auth_time", "acr", "azp", "events", "cnf", "client_id"),
)
ACCESS_TOKEN = Profile(
    "an access token that any bearer may use",
    ("at+jwt",),
    ("cnf", "events", "nonce", "at_hash", "c_hash"),
    is_for_users_only=True,
)
ASSERTION = Profile("an assertion of the edge", ("edge-assertion+jwt",))


@dataclass(frozen=True)
class Expectations:
    """The required claims of a token. Times are in seconds."""

    issuers: Sequence[str]
    audiences: Sequence[str]
    """Neither list is empty."""
    profile: Profile = SESSION
    exclusive_audience: bool | None = None
    """Whether each member of `aud` must be one of the audiences, or Better Auth's UserInfo
    endpoint; by default only for access tokens.
    """
    user_info: str | None = None
    """The UserInfo endpoint, if it is not below the issuer."""
    user_claims: Sequence[str] = ("sub",)
    """Names, or dotted paths into objects. The first that is present counts."""
    required: Sequence[str] = ()
    clock_tolerance: float = CLOCK_TOLERANCE
    max_lifetime: float | None = None
    """The maximum of `exp` minus `iat`. Requires `iat`."""

    def check_type(self, typ: str | None) -> None:
        """Check 2: the `typ` of the header."""
        if typ not in self.profile.types:
            expected = " or ".join("absent" if t is None else t for t in self.profile.types)
            detail = f'the header\'s "typ" is not that of {self.profile.name}: {expected}'
            raise EdgeAuthError("wrong_token_type", detail)

    def check(self, claims: JsonObject, now: float) -> "AcceptedClaims":
        """Check 6: the claims at `now`, in seconds since 1970."""
        for marker in self.profile.markers:
            if claims.get(marker) is not None:
                detail = f'a token with "{marker}" is not {self.profile.name}'
                raise EdgeAuthError("wrong_token_type", detail)
        self._check_presence(claims)
        user = _user(claims, self.user_claims)
        issuer, audiences = _issuer(claims), _audiences(claims)
        times = Times.of(claims)
        _check_texts(claims)
        times.check_lifetime(self.max_lifetime)
        if issuer not in self.issuers:
            accepted = ", ".join(self.issuers)
            detail = f"the token's issuer is {issuer}, accepted is {accepted}"
            raise EdgeAuthError("issuer_mismatch", detail)
        if not any(audience in self.audiences for audience in audiences):
            present, accepted = ", ".join(audiences), ", ".join(self.audiences)
            detail = f"the token's audience is {present}, accepted is {accepted}"
            raise EdgeAuthError("audience_mismatch", detail)
        self._check_other_audiences(issuer, audiences)
        times.check(now, self.clock_tolerance)
        return AcceptedClaims(user, times)

    def check_times(self, accepted: "AcceptedClaims", now: float) -> None:
        """Checks the times of accepted claims again."""
        accepted.times.check(now, self.clock_tolerance)

    def _check_other_audiences(self, issuer: str, audiences: list[str]) -> None:
        """Rejects other audiences: one of them could use the token at another."""
        exclusive = self.exclusive_audience
        if not (self.profile is ACCESS_TOKEN if exclusive is None else exclusive):
            return
        for audience in audiences:
            if audience not in (*self.audiences, self.user_info, f"{issuer}{USER_INFO}"):
                detail = f"the token is for another audience too: {audience}"
                raise EdgeAuthError("audience_mismatch", detail)

    def _check_presence(self, claims: JsonObject) -> None:
        issued = () if self.max_lifetime is None else ("iat",)
        for name in ("iss", "aud", "exp", *issued, *self.required):
            if claims.get(name) is None:
                raise EdgeAuthError("missing_claim", f'the token has no "{name}"')
        if self.profile.is_for_users_only:
            clients = [claims.get("client_id"), claims.get("azp")]
            if isinstance(claims.get("sub"), str) and claims["sub"] in clients:
                detail = 'the token speaks for a client, not for a user: its "sub" is its client'
                raise EdgeAuthError("missing_claim", detail)


@dataclass(frozen=True)
class Times:
    """RFC 7519, sections 4.1.4 to 4.1.6, in seconds since 1970."""

    expires: float
    not_before: float | None
    issued: float | None

    @classmethod
    def of(cls, claims: JsonObject) -> "Times":
        expires, not_before, issued = (_time(claims, name) for name in ("exp", "nbf", "iat"))
        if expires is None:
            raise EdgeAuthError("missing_claim", 'the token has no "exp"')
        return cls(expires, not_before, issued)

    def check_lifetime(self, most: float | None) -> None:
        if most is not None and self.issued is not None and self.expires - self.issued > most:
            raise invalid(f"the token lives longer than the {most:g} s accepted here")

    def check(self, now: float, tolerance: float) -> None:
        if now - tolerance >= self.expires:
            late = int(now - self.expires)
            raise EdgeAuthError("expired", f"the token expired {late} s ago")
        for name, time in (("nbf", self.not_before), ("iat", self.issued)):
            if time is not None and time > now + tolerance:
                detail = f'the token\'s "{name}" is {int(time - now)} s in the future'
                raise EdgeAuthError("not_yet_valid", detail)


@dataclass(frozen=True)
class AcceptedClaims:
    """The result of the checks."""

    user: str
    """The value of the user claim, never empty."""
    times: Times = field(repr=False)


def claim_at(claims: JsonObject, path: str) -> Any:
    """Returns the claim with this name, or else the one at this path: `org.role` is the member
    `role` of the claim `org`. None if it is absent or `null`.
    """
    if claims.get(path) is not None:
        return claims[path]
    name, dot, rest = path.partition(".")
    within = claims.get(name) if dot else None
    return claim_at(within, rest) if isinstance(within, dict) else None


def check_required(
    claims: JsonObject, required: Mapping[str, Any], lists: Collection[str] = LIST_CLAIMS
) -> None:
    """Raises `insufficient_claims` unless each claim equals an accepted value by type and value. If
    the claim is an array, or the text of one of `lists`, one member suffices.
    """
    for name, accepted in required.items():
        value = claim_at(claims, name)
        values = value if isinstance(value, list) else [value]
        if isinstance(value, str) and name in lists:
            values = [value, *_members(value)]
        accepted = accepted if is_several(accepted) else [accepted]
        if not any(same(value, one) for value in values if value is not None for one in accepted):
            detail = f'the token\'s "{name}" has none of the required values'
            raise EdgeAuthError("insufficient_claims", detail)


def is_several(accepted: object) -> bool:
    """Whether a requirement accepts several values."""
    return isinstance(accepted, (list, tuple, set, frozenset))


def _members(text: str) -> list[str]:
    """Returns the members of a comma-separated list. Empty for a text without a comma."""
    members = [member.strip(" \t") for member in text.split(",")] if "," in text else []
    return [member for member in members if member]


def is_scope(text: str) -> bool:
    """Whether a text is a scope (RFC 6749, section 3.3)."""
    return (
        text.isascii()
        and all("!" <= one <= "~" and one not in '"\\' for one in text)
        and text != ""
    )


def check_scopes(claims: JsonObject, scopes: Sequence[str]) -> None:
    """Raises `insufficient_scope` unless `scope` contains all (RFC 6749, section 3.3)."""
    scope = claims.get("scope")
    granted = filter(is_scope, scope.split(" ")) if isinstance(scope, str) else ()
    if not set(scopes).issubset(granted):
        detail = f"this path needs the scopes {' '.join(scopes)}"
        raise EdgeAuthError("insufficient_scope", detail, scopes=scopes)


def invalid(detail: str) -> EdgeAuthError:
    return EdgeAuthError("invalid_claim", detail)


def _user(claims: JsonObject, names: Sequence[str]) -> str:
    held = ((name, claim_at(claims, name)) for name in names)
    name, user = next(((name, user) for name, user in held if user is not None), ("", None))
    if user is None:
        wanted = '" or "'.join(names)
        detail = (
            f'the token has no "{wanted}", the claim that says who the user is; definePayload of '
            "Better Auth's jwt plugin puts it in"
        )
        raise EdgeAuthError("missing_claim", detail)
    if not isinstance(user, str) or not user:
        raise invalid(f'"{name}", the claim that says who the user is, is not a string or is empty')
    return user


def _issuer(claims: JsonObject) -> str:
    issuer = claims["iss"]
    if not isinstance(issuer, str):
        raise invalid('"iss" is not a string')
    return issuer


def _audiences(claims: JsonObject) -> list[str]:
    """RFC 7519, section 4.1.3: one string, or an array of strings."""
    audience = claims["aud"]
    if isinstance(audience, str):
        return [audience]
    if not isinstance(audience, list):
        raise invalid('"aud" is neither a string nor an array')
    if not all(isinstance(one, str) for one in audience):
        raise invalid('"aud" has a member that is not a string')
    return audience


def _check_texts(claims: JsonObject) -> None:
    """RFC 7519, section 4.1.7, and RFC 8693, section 4.2: texts, where they are there."""
    for name in ("jti", "scope"):
        if not isinstance(claims.get(name), str | None):
            raise invalid(f'"{name}" is not a string')


def _time(claims: JsonObject, name: str) -> float | None:
    """RFC 7519, section 2: a NumericDate, fractions allowed."""
    time = claims.get(name)
    if time is None:
        return None
    if isinstance(time, bool) or not isinstance(time, (int, float)):
        raise invalid(f'"{name}" is not a number')
    if not 0 <= time < YEAR_10000:
        raise invalid(f'"{name}" is not a time in seconds since 1970')
    return float(time)
