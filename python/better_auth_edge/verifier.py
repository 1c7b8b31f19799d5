"""Verifies tokens without a request: in any framework, in workers and in scripts."""

import time
from collections.abc import Callable
from typing import Any, Generic, overload

from typing_extensions import TypeVar

from better_auth_edge._core import Pending, Verified
from better_auth_edge.auth_mode import AuthMode
from better_auth_edge.claims import invalid
from better_auth_edge.credential_kind import KindOf, kind_of_assertion, kind_of_token
from better_auth_edge.driver import Driver
from better_auth_edge.errors import ConfigurationError, EdgeAuthError
from better_auth_edge.settings import EdgeAuthSettings
from better_auth_edge.user import User
from better_auth_edge.user_model import UserModel

OPERATOR_HINTS = {
    "issuer_mismatch": (
        "set EDGE_ISSUER here to the origin that clients use to call the edge, or set the accepted "
        "issuer at the edge (EDGE_ISSUER in a Worker, edgeIssuer in Next.js)"
    ),
    "audience_mismatch": "set EDGE_AUDIENCE here to the origin that the edge uses to call this app",
}
"""Hints for the operator, by error code. Only for assertions with a valid signature."""

_NO_TOKENS = (
    "EDGE_AUTH_MODE: is session, and a Verifier verifies tokens only: use EdgeAuth, or set "
    "BETTER_AUTH_URL"
)

U = TypeVar("U", bound=User, default=User)
V = TypeVar("V", bound=User)


class Verifier(Generic[U]):
    """Verifies tokens in the one mode that the settings select. It caches the keys and the verified
    tokens, so make one and keep it. Any number of threads and event loops may use it.

        verifier = Verifier.from_env()

        user = await verifier.verify(token)
        user = verifier.verify_sync(token)  # where the code may block

    In FastAPI, use `EdgeAuth`.
    """

    def __init__(
        self,
        settings: EdgeAuthSettings,
        *,
        user_model: type[U] = User,  # type: ignore[assignment]
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Raises `ConfigurationError` with every error in the settings or in the model's aliases.
        `clock` returns seconds since 1970.
        """
        mode = AuthMode.from_settings(settings)
        if mode.name == "session":
            raise ConfigurationError([_NO_TOKENS])
        self._set(mode, UserModel(user_model, User), clock)

    @classmethod
    def _of(cls, mode: AuthMode, users: UserModel[U], clock: Callable[[], float]) -> "Verifier[U]":
        verifier = cls.__new__(cls)
        verifier._set(mode, users, clock)
        return verifier

    def _set(self, mode: AuthMode, users: UserModel[U], clock: Callable[[], float]) -> None:
        self._mode = mode
        self._driver = Driver(self._mode, clock)
        self._users = users
        is_edge = mode.name == "assertion"
        self._kind_of: KindOf = kind_of_assertion if is_edge else kind_of_token

    @overload
    @classmethod
    def from_env(
        cls, *, user_model: type[V], env_file: str | None = None, **settings: object
    ) -> "Verifier[V]": ...

    @overload
    @classmethod
    def from_env(cls, *, env_file: str | None = None, **settings: object) -> "Verifier[User]": ...

    @classmethod
    def from_env(
        cls, *, user_model: Any = User, env_file: str | None = None, **settings: object
    ) -> "Verifier[Any]":
        """Reads the settings from the environment and from `env_file`. The environment overrides
        the file, and `settings` override both. `ConfigurationError` lists every error.

            Verifier.from_env(better_auth_url="https://app.example.com")
        """
        return Verifier(EdgeAuthSettings.load(env_file, **settings), user_model=user_model)

    @property
    def mode(self) -> str:
        """`assertion`, `jwks` or `secret`."""
        return self._mode.name

    async def verify(self, token: str) -> U:
        """Returns the user of a token. Raises `EdgeAuthError` unless the token is valid now:
        `invalid_claim` also for an assertion that is bound to a request, or if assertions may be
        used only once.
        """
        result = self._verified(token)
        verified = result if isinstance(result, Verified) else await self._wait(result)
        return self._user_of_any_request(verified)

    def verify_sync(self, token: str) -> U:
        """The same for code that may block. Do not call it in an event loop: it can wait for the
        keys.
        """
        try:
            verified = self._driver.wait_sync(self._driver.begin(token))
        except EdgeAuthError as error:
            raise self._explained(error) from error.__cause__
        return self._user_of_any_request(verified)

    def _verified(self, token: str) -> Verified | Pending:
        try:
            return self._driver.begin(token)
        except EdgeAuthError as error:
            raise self._explained(error) from error.__cause__

    async def _wait(self, pending: Pending) -> Verified:
        try:
            return await self._driver.wait(pending)
        except EdgeAuthError as error:
            raise self._explained(error) from error.__cause__

    def _explained(self, error: EdgeAuthError) -> EdgeAuthError:
        """Returns the error, with what the operator must change if a setting is wrong."""
        if error.code == "keys_unavailable":
            error.__cause__ = self._driver.failure() or error.__cause__
        if self._mode.name != "assertion":
            return error
        detail = str(error.detail).replace("the auth server's", "the edge's", 1)
        hint = OPERATOR_HINTS.get(error.code)
        if hint is not None:
            detail = detail.replace("the token's", "the assertion's", 1) + f": {hint}"
        error.detail = detail
        return error

    def _user_of_any_request(self, verified: Verified) -> U:
        if self._mode.name == "assertion":
            is_bound = not {"htm", "htu"}.isdisjoint(verified.claims)
            if is_bound or self._mode.reject_replays:
                raise invalid("the assertion is for one request")
        return self._user(verified)

    def _user(self, verified: Verified) -> U:
        claims: Any = verified.claims
        if self._mode.name == "assertion":
            claims = claims.get("claims")
            if not isinstance(claims, dict):
                raise invalid('the assertion\'s "claims" is not an object')
        return self._users.of(verified, claims, self._kind_of)
