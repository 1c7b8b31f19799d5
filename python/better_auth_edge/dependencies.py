"""The dependencies of `EdgeAuth`. Each is one dependency for FastAPI, which takes as long to call
one as to verify a token. It is also the security scheme that `/docs` shows.
"""

import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from types import CoroutineType
from typing import Any, Generic, Protocol

from fastapi.openapi.models import HTTPBearer
from fastapi.security import SecurityScopes
from fastapi.security.base import SecurityBase
from starlette.requests import HTTPConnection
from starlette.types import Scope
from typing_extensions import TypeVar

from better_auth_edge.claims import check_credential, check_required, check_scopes, check_session
from better_auth_edge.credentials import SCHEME, Credential, Presented, PresentedSession
from better_auth_edge.errors import EdgeAuthError
from better_auth_edge.overrides import Dependency, call_override, has_overrides, override_of
from better_auth_edge.requirements import Requirements
from better_auth_edge.user import User, claims_of

logger = logging.getLogger(__name__)

R = TypeVar("R", default=User)
"""What a dependency returns: a user, or perhaps none."""
U_co = TypeVar("U_co", bound=User, covariant=True)

NO_SCOPES = SecurityScopes()


class Authenticator(Protocol[U_co]):
    """What the dependencies need of an `EdgeAuth`."""

    @property
    def credential(self) -> Credential: ...
    @property
    def current_user(self) -> Dependency: ...
    @property
    def optional_user(self) -> Dependency: ...

    def user_of_credential(
        self, scope: Scope, credential: Presented
    ) -> U_co | Coroutine[Any, Any, U_co]: ...


class CurrentUser(SecurityBase, Generic[R]):
    """Returns the user. 401 for a request without credentials."""

    is_required = True

    def __init__(self, auth: Authenticator[Any]) -> None:
        self.auth = auth
        self.model = HTTPBearer(bearerFormat="JWT", description=auth.credential.description)
        self.scheme_name = SCHEME

    async def __call__(self, connection: HTTPConnection, security: SecurityScopes = NO_SCOPES) -> R:
        auth, scope = self.auth, connection.scope
        override = self._override_of(connection) if has_overrides(scope) else None
        user: Any
        if override is not None:
            user = await call_override(connection, *override, security.scopes)
        else:
            found = auth.credential.find(scope)
            user = None if found is None else auth.user_of_credential(scope, found)
            if isinstance(user, CoroutineType):
                user = await self._user_of(user, found)
        if user is None:
            return self._without_user()
        if security.scopes:
            check_scopes(claims_of(user), security.scopes)
        self._check(user, scope)
        present: R = user
        return present

    def _override_of(self, connection: HTTPConnection) -> tuple[Dependency, Dependency] | None:
        """Returns the dependency that a test overrides, and the override."""
        for dependency in (self.auth.current_user, self.auth.optional_user):
            override = override_of(connection, dependency)
            if override is not None:
                return dependency, override
        return None

    def _user_of(
        self, user: Coroutine[Any, Any, Any], credential: Presented | None
    ) -> Awaitable[Any]:
        """Waits for a user."""
        return user

    def _without_user(self) -> R:
        raise EdgeAuthError("missing_token", self.auth.credential.missing)

    def _check(self, user: User, scope: Scope) -> None:
        """Raises `EdgeAuthError` if the route requires more of the user."""


class OptionalUser(CurrentUser[R | None]):
    """Returns the user, or None for a request without credentials."""

    is_required = False

    async def _user_of(self, user: Coroutine[Any, Any, Any], credential: Presented | None) -> Any:
        try:
            return await user
        except EdgeAuthError as error:
            is_cookie = isinstance(credential, PresentedSession) and credential.is_cookie
            if is_cookie and error.status == 401:
                return None
            raise

    def _without_user(self) -> None:
        return None


class UserFromPath(CurrentUser[R]):
    """Returns the user if a path parameter is the user's."""

    def __init__(self, auth: Authenticator[Any], parameter: str, claim: str | None) -> None:
        super().__init__(auth)
        self._parameter = parameter
        self._claim = claim

    def _check(self, user: User, scope: Scope) -> None:
        parameters = scope.get("path_params", {})
        if self._parameter not in parameters:
            logger.error("misconfigured: the route has no path parameter %r", self._parameter)
            raise EdgeAuthError("misconfigured", "a route is misconfigured; see the log")
        if not user.owns(str(parameters[self._parameter]), self._claim):
            name = "id" if self._claim is None else f'"{self._claim}"'
            detail = f"the path parameter does not match the user's {name}"
            raise EdgeAuthError("user_mismatch", detail)


class UserWith(CurrentUser[R]):
    """Returns the user if it meets the requirements."""

    def __init__(
        self,
        auth: Authenticator[Any],
        required: Requirements,
        *,
        list_claims: Sequence[str],
        clock: Callable[[], float],
        clock_tolerance: float,
    ) -> None:
        """`clock` returns seconds since 1970. The tolerance is in seconds."""
        super().__init__(auth)
        self._required = required
        self._list_claims = list_claims
        self._clock = clock
        self._clock_tolerance = clock_tolerance

    def _check(self, user: User, scope: Scope) -> None:
        claims, required = claims_of(user), self._required
        if required.credentials is not None:
            check_credential(required.credentials, user.credential)
        check_required(claims, required.claims, self._list_claims)
        check_scopes(claims, required.scopes)
        if required.refuses_impersonation or required.max_session_age is not None:
            check_session(
                claims,
                user.impersonated_by,
                refuses_impersonation=required.refuses_impersonation,
                max_age=required.max_session_age,
                now=self._clock(),
                tolerance=self._clock_tolerance,
            )
