"""The dependencies of `EdgeAuth`. Each is one dependency for FastAPI, which takes as long to call
one as to verify a token. It is also the security scheme that `/docs` shows.
"""

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Generic, Protocol

from fastapi.openapi.models import HTTPBearer
from fastapi.security import SecurityScopes
from fastapi.security.base import SecurityBase
from starlette.requests import HTTPConnection
from typing_extensions import TypeVar

from better_auth_edge.claims import check_required, check_scopes
from better_auth_edge.credentials import SCHEME, Credential
from better_auth_edge.errors import EdgeAuthError
from better_auth_edge.overrides import Dependency, call_override, override_of
from better_auth_edge.user import User, claims_of

logger = logging.getLogger(__name__)

U = TypeVar("U", bound=User, default=User)
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
    async def user_of_token(self, connection: HTTPConnection, token: str) -> U_co: ...


class OptionalUser(SecurityBase, Generic[U]):
    """Returns the user, or None for a request without credentials."""

    is_required = False

    def __init__(self, auth: Authenticator[U]) -> None:
        self.auth = auth
        self.model = HTTPBearer(bearerFormat="JWT", description=auth.credential.description)
        self.scheme_name = SCHEME

    async def __call__(
        self, connection: HTTPConnection, security: SecurityScopes = NO_SCOPES
    ) -> U | None:
        user = await self._user(connection, security.scopes)
        if user is not None and security.scopes:
            check_scopes(claims_of(user), security.scopes)
        return user

    async def _user(self, connection: HTTPConnection, scopes: Sequence[str]) -> U | None:
        """Returns the user of the test that overrides this dependency, or that of the request."""
        auth = self.auth
        user: Any
        for dependency in (auth.current_user, auth.optional_user):
            override = override_of(connection, dependency)
            if override is not None:
                user = await call_override(connection, dependency, override, scopes)
                break
        else:
            token = auth.credential.find(connection)
            user = None if token is None else await auth.user_of_token(connection, token)
        present: U | None = user
        return present


class CurrentUser(OptionalUser[U]):
    """Returns the user. 401 for a request without credentials."""

    is_required = True

    async def __call__(self, connection: HTTPConnection, security: SecurityScopes = NO_SCOPES) -> U:
        user = await self._user(connection, security.scopes)
        if user is None:
            raise EdgeAuthError("missing_token", self.auth.credential.missing)
        if security.scopes:
            check_scopes(claims_of(user), security.scopes)
        self._check(user, connection)
        return user

    def _check(self, user: U, connection: HTTPConnection) -> None:
        """Raises `EdgeAuthError` if the route requires more of the user."""


class UserFromPath(CurrentUser[U]):
    """Returns the user if a path parameter is the user's."""

    def __init__(self, auth: Authenticator[U], parameter: str, claim: str | None) -> None:
        super().__init__(auth)
        self._parameter = parameter
        self._claim = claim

    def _check(self, user: U, connection: HTTPConnection) -> None:
        if self._parameter not in connection.path_params:
            logger.error("misconfigured: the route has no path parameter %r", self._parameter)
            raise EdgeAuthError("misconfigured", "a route is misconfigured; see the log")
        if not user.owns(str(connection.path_params[self._parameter]), self._claim):
            name = "id" if self._claim is None else f'"{self._claim}"'
            detail = f"the path parameter does not match the user's {name}"
            raise EdgeAuthError("user_mismatch", detail)


class UserWith(CurrentUser[U]):
    """Returns the user if it has the required claims and scopes."""

    def __init__(
        self,
        auth: Authenticator[U],
        claims: Mapping[str, Sequence[Any]],
        scopes: Sequence[str],
        list_claims: Sequence[str],
    ) -> None:
        super().__init__(auth)
        self._claims = claims
        self._scopes = scopes
        self._list_claims = list_claims

    def _check(self, user: U, connection: HTTPConnection) -> None:
        claims = claims_of(user)
        check_required(claims, self._claims, self._list_claims)
        check_scopes(claims, self._scopes)
