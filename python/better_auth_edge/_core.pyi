"""The Rust core. Internal: the package's own modules are the API."""

from collections.abc import Callable, Iterable
from typing import Any, final

__all__ = [
    "BaseUrl",
    "KeyUrl",
    "Pending",
    "Request",
    "SessionTokens",
    "Task",
    "Verified",
    "Verifier",
    "algorithms",
    "bearer_token",
    "canonical_algorithm",
    "check_credential",
    "check_required",
    "check_scopes",
    "check_session",
    "claim_at",
    "default_algorithms",
    "did_you_mean",
    "feed_errors",
    "handshake_token",
    "has_same_words",
    "has_too_large_number",
    "impersonator",
    "is_id_at",
    "is_json",
    "is_max_age",
    "is_same_id",
    "is_scope",
    "near_miss",
    "panics",
    "problems",
    "secret_error",
    "suggestion",
    "user_of",
    "without_identity",
    "words",
]

@final
class Verifier:
    """Verifies one kind of token. Any thread may use it."""

    def __new__(
        cls,
        keys: str | bytes,
        *,
        algorithms: list[str],
        issuers: list[str],
        audiences: list[str],
        clock: Callable[[], float],
        verify_signature: Callable[[str, str, bytes, bytes], bool],
        start_task: Callable[[Task], object],
        url_setting: str | None = None,
        profile: str = "session",
        exclusive_audience: bool | None = None,
        base_url: str | None = None,
        user_claims: list[str] | None = None,
        required: list[str] | None = None,
        clock_tolerance: float = 5.0,
        max_lifetime: float | None = None,
        revocations: dict[str, str] | None = None,
    ) -> Verifier:
        """`keys` is the URL of a JWK Set, or a secret. `clock` returns seconds since 1970.
        `verify_signature` verifies a signature by an RSA or EC key: it takes the JWK as JSON, the
        algorithm, the message and the signature. `start_task` runs a background task in a thread.
        `url_setting` is the setting that the URL comes from. `revocations` are the core's settings
        of the feed that says whose sessions have ended. Raises `ValueError` for an invalid
        argument.
        """

    def verify(self, token: object) -> Verified | Pending:
        """Verifies a token. Raises `EdgeAuthError` for a rejected token, and what `clock` and
        `verify_signature` raise.
        """

    def failure(self) -> tuple[str, str, int | None, int | None] | None:
        """The URL, the reason, the status and `Retry-After` of the last fetch of the keys, if it
        failed.
        """

    def abandon_fetch(self) -> None:
        """Abandons the fetch in flight, because what performs it has stopped."""

@final
class Verified:
    """A token that has passed every check."""

    @property
    def user(self) -> str:
        """The value of the user claim, never empty."""

    @property
    def claims(self) -> dict[str, Any]:
        """All claims. No other result shares the dictionary."""

    @property
    def was_cached(self) -> bool:
        """Whether the token had been verified before."""

    @property
    def cached(self) -> Any:
        """A value that is cached with the token, for all its results. None at first."""

    @cached.setter
    def cached(self, value: Any) -> None: ...
    @property
    def impersonator(self) -> str | None:
        """The id of the user who acts as the token's user."""

    @property
    def expires(self) -> float:
        """Seconds since 1970."""

@final
class Pending:
    """A verification that waits for keys, which a task fetches."""

    @property
    def delay(self) -> float:
        """Seconds to wait before the next poll."""

    def poll(self) -> Verified | Pending:
        """Continues. Raises `EdgeAuthError` for a rejected token."""

@final
class Task:
    """A background task. It is abandoned if it never begins, and when its thread ends."""

    def begin(self) -> None:
        """Begins the task on the calling thread, which runs no other."""

    def step(
        self,
        now: float,
        response: tuple[int, list[tuple[str, str]], bytes] | tuple[int, str] | str | None = None,
    ) -> Request | float | None:
        """Continues as far as possible, on the thread that has begun the task. `now` is in seconds
        since 1970. Returns what the task requires before the next step: a response, or time to pass
        in seconds. None when it is done.

        A response is status, headers in lower case, and body. In its place: the status 200 and why
        the body is unusable, or only the reason for the missing response.
        """

@final
class Request:
    """A request by GET. It follows no redirect."""

    @property
    def url(self) -> str: ...
    @property
    def headers(self) -> list[tuple[str, str]]:
        """Names in lower case, and values."""

    @property
    def max_bytes(self) -> int:
        """The largest body to read, compressed or not."""

    @property
    def timeout(self) -> float:
        """Seconds until the whole response must have arrived."""

@final
class SessionTokens:
    """Finds the tokens of Better Auth's sessions in the credentials of a request, and verifies
    their signatures. It cannot tell whether a session has ended.
    """

    def __new__(cls, settings: dict[str, str]) -> SessionTokens:
        """`settings` are those that are present, by their names in capitals: `BETTER_AUTH_SECRET`,
        `BETTER_AUTH_URL`, `BETTER_AUTH_BASE_PATH`, `COOKIE_PREFIX`, `SESSION_COOKIE_NAME` and
        `TRUSTED_ORIGINS`. Raises `ValueError` with a list of the settings that are wrong, each with
        what is wrong.
        """

    def in_cookies(
        self,
        headers: Iterable[tuple[bytes, bytes]],
        *,
        method: str,
        scheme: str,
        is_handshake: bool,
    ) -> list[str] | None:
        """Returns the tokens of the session cookies in the headers of an ASGI scope, at least one,
        or None without a session cookie. `scheme` is `http` or `https`. Raises `EdgeAuthError`:
        `cross_site_request`, `missing_token` if Better Auth has signed no cookie, and
        `malformed_request`.
        """

    def in_bearer(self, bearer: str) -> tuple[str, bool] | None:
        """Returns the session's token in a bearer token, and whether Better Auth has signed it.
        None if it is not a session's token. Raises `EdgeAuthError` `bad_signature`.
        """

@final
class BaseUrl:
    """An absolute http or https URL without query and fragment."""

    def __new__(cls, text: str) -> BaseUrl:
        """Raises `ValueError` with a message that completes the sentence "The setting …"."""

    def with_base_path(self, base_path: str) -> BaseUrl:
        """Returns the same URL with Better Auth's base path. Raises `ValueError` for an invalid
        path, and for one that differs from the path of the URL.
        """

    def exposure(self) -> str | None:
        """Returns a warning if keys from there would cross a public network without TLS."""

    @property
    def origin(self) -> str:
        """Scheme, host, and the port unless it is the default (RFC 6454)."""

    @property
    def path(self) -> str:
        """Empty, or with a slash at its start and none at its end."""

    @property
    def better_auth(self) -> str:
        """Better Auth's URL with its base path, `/api/auth` by default."""

@final
class KeyUrl:
    """The URL of a JWK Set, which may have a query and a slash at the end of its path."""

    def __new__(cls, text: str) -> KeyUrl:
        """Raises `ValueError` with a message that completes the sentence "The setting …"."""

    def exposure(self) -> str | None:
        """Returns a warning if keys from there would cross a public network without TLS."""

    @property
    def origin(self) -> str: ...
    @property
    def path(self) -> str:
        """The path with the query."""

def algorithms(*, symmetric: bool) -> list[str]:
    """Returns the names of the algorithms of secrets, or of published keys."""

def default_algorithms() -> list[str]:
    """Returns the names of the algorithms that Better Auth can sign with."""

def canonical_algorithm(name: str) -> str:
    """Returns one name for algorithms with several: `EdDSA` (RFC 8037) and `Ed25519` (RFC 9864)."""

def secret_error(secret: bytes, algorithms: list[str]) -> str | None:
    """Returns what is wrong with a secret for these algorithms, or None."""

def bearer_token(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """Returns the bearer token in the headers of an ASGI scope, or None. Raises `EdgeAuthError`
    `malformed_request` or `missing_token`.
    """

def without_identity(
    headers: Iterable[tuple[bytes, bytes]], extra: list[bytes]
) -> list[tuple[bytes, bytes]]:
    """Returns the headers of an ASGI scope without those that could fake an identity: the edge's
    own except the assertion, and `extra`, which are in lower case with hyphens. Names are compared
    without case, and `_` equals `-`.
    """

def handshake_token(offered: list[str]) -> str | None:
    """Returns the token after the subprotocol `bearer`, or None. Raises `EdgeAuthError`
    `malformed_request` or `missing_token`.
    """

def is_same_id(value: str, claim: str) -> bool:
    """Whether a value equals a claim. If the claim is a canonical UUID, any spelling of it does."""

def is_id_at(claims: dict[str, Any], path: str, value: str) -> bool:
    """Whether a value equals the claim with this name or at this path, as by `is_same_id`. If the
    claim is a list, one member suffices. The path leads through lists of objects too.
    """

def user_of(claims: dict[str, Any], names: list[str]) -> str:
    """Returns the value of the first claim that is present. Raises `EdgeAuthError` `missing_claim`
    or `invalid_claim`.
    """

def claim_at(claims: dict[str, Any], path: str) -> Any:
    """Returns the claim with this name, or else the one at this path. None if it is absent."""

def check_required(claims: dict[str, Any], required: dict[str, Any], lists: list[str]) -> None:
    """Raises `EdgeAuthError` `insufficient_claims` unless each claim has an accepted value: one
    value or a list of them. `lists` are the claims whose text is a comma-separated list.
    """

def check_scopes(claims: dict[str, Any], scopes: list[str]) -> None:
    """Raises `EdgeAuthError` `insufficient_scope` unless the claim `scope` contains all."""

def impersonator(claims: dict[str, Any]) -> str | None:
    """Returns the id of the user who acts as the user of these claims of Better Auth. Raises
    `EdgeAuthError` `invalid_claim` if a claim about the session is malformed.
    """

def check_session(
    claims: dict[str, Any],
    impersonator: str | None,
    *,
    refuses_impersonation: bool,
    max_age: int | None,
    now: float,
    tolerance: float,
) -> None:
    """Raises `EdgeAuthError` `impersonation_refused`, `session_too_old`, or `invalid_claim` for
    malformed claims about the session. `max_age` and `tolerance` are in seconds, `now` in seconds
    since 1970. `impersonator` counts in addition to the claims.
    """

def check_credential(accepted: list[str], kind: str | None) -> None:
    """Raises `EdgeAuthError` `credential_not_accepted` unless the kind is one of the accepted ones.
    An unknown kind is not. Raises `ValueError` for an accepted kind that does not exist.
    """

def is_max_age(value: object) -> bool:
    """Whether a value is a maximum age of a session: whole seconds, up to a year."""

def is_scope(text: str) -> bool:
    """Whether a text is a scope (RFC 6749, section 3.3)."""

def is_json(value: object) -> bool:
    """Whether a claim of a token can have this value."""

def has_too_large_number(claims: dict[str, Any]) -> bool:
    """Whether the claims contain a number beyond the range of a float."""

def near_miss(written: str, known: list[str]) -> str | None:
    """Returns the known name that the written one very probably stands for, or None."""

def suggestion(written: str, known: list[str]) -> str | None:
    """Returns the known name to suggest for a name that is an error anyway, or None."""

def did_you_mean(written: str, known: list[str]) -> str:
    """Returns a question to append to the error for an unknown name. Empty without a suggestion."""

def has_same_words(name: str, other: str) -> bool:
    """Whether two names have the same words, in any order, singular or plural."""

def words(name: str) -> list[str]:
    """Splits a name into words in capitals: `trustedOrigins` and `TRUSTED-ORIGINS` have two."""

def problems() -> list[tuple[str, int, str]]:
    """Returns all codes, each with its status and title."""

def panics() -> None:
    """Panics, for the test that a panic becomes a `RuntimeError`."""

def feed_errors(settings: dict[str, str]) -> list[tuple[str, str]]:
    """Returns the errors in the settings of the feed: names of the core's settings, and what is
    wrong.
    """
