"""FastAPI dependencies that authenticate the user of a request."""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated, Any, Generic, NoReturn, overload

from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.types import ASGIApp, Scope
from typing_extensions import TypeVar

from better_auth_edge._core import Verified
from better_auth_edge.claims import invalid
from better_auth_edge.connection import ConnectionState
from better_auth_edge.credentials import BearerToken, Credential, EdgeAssertion
from better_auth_edge.dependencies import CurrentUser, OptionalUser, UserFromPath, UserWith
from better_auth_edge.errors import ConfigurationError, EdgeAuthError
from better_auth_edge.middleware import ConnectionMiddleware, install_outermost
from better_auth_edge.mounts import mounted_apps
from better_auth_edge.openapi import document_rejections
from better_auth_edge.overrides import wrap_override
from better_auth_edge.problems import (
    install_problem_handlers,
    install_rejection_handler,
    install_rejection_handler_if_absent,
)
from better_auth_edge.replay_cache import ReplayCache
from better_auth_edge.request_path import is_path_of
from better_auth_edge.requirements import check_names, check_requirements
from better_auth_edge.settings import EdgeAuthSettings
from better_auth_edge.user import User
from better_auth_edge.verifier import Verifier

U = TypeVar("U", bound=User, default=User)
V = TypeVar("V", bound=User)


class _NotFromRequest:
    """Marks a parameter that only the app's code may set. If the app forgets the call and writes
    `Depends(auth.require)`, FastAPI would read the parameter from the request, and the route would
    be open. This marker raises when FastAPI builds the schema, where the route is defined.
    """

    @classmethod
    def __get_pydantic_core_schema__(cls, *_: object) -> NoReturn:
        error = "Depends: call user_from_path and require, as in Depends(auth.require(...))"
        raise ConfigurationError([error])


class EdgeAuth(Generic[U]):
    """Authenticates users in the one mode that the settings select.

        auth = EdgeAuth.from_env()
        auth.install(app)

        @app.get("/api/{user_id}/tasks")
        async def tasks(user: Annotated[User, Depends(auth.user_from_path("user_id"))]): ...

    It fetches keys when the first request needs them. It holds nothing that the app must close.
    """

    current_user: Callable[..., Awaitable[U]]
    """Dependency: returns the user. 401 without a valid token or assertion, 503 while the keys are
    unavailable."""
    optional_user: Callable[..., Awaitable[U | None]]
    """Dependency: returns the user, or None for a request without credentials. Invalid credentials
    are still 401. A test that overrides `current_user` overrides this dependency too."""

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
        self._verifier = Verifier(settings, user_model=user_model, clock=clock)
        self._mode = self._verifier._mode
        self._clock = clock
        self._used_assertions = ReplayCache()
        self.credential: Credential = (
            EdgeAssertion() if self._mode.name == "assertion" else BearerToken()
        )
        self.optional_user = OptionalUser[U](self)
        self.current_user = CurrentUser[U](self)

    @overload
    @classmethod
    def from_env(
        cls, *, user_model: type[V], env_file: str | None = None, **settings: object
    ) -> "EdgeAuth[V]": ...

    @overload
    @classmethod
    def from_env(cls, *, env_file: str | None = None, **settings: object) -> "EdgeAuth[User]": ...

    @classmethod
    def from_env(
        cls, *, user_model: Any = User, env_file: str | None = None, **settings: object
    ) -> "EdgeAuth[Any]":
        """Reads the settings from the environment and from `env_file`. The environment overrides
        the file, and `settings` override both. Call it where the app is created, so that
        `ConfigurationError` lists every error at start-up.

            EdgeAuth.from_env(better_auth_url="https://app.example.com")
        """
        return EdgeAuth(EdgeAuthSettings.load(env_file, **settings), user_model=user_model)

    @property
    def mode(self) -> str:
        """`assertion`, `jwks` or `secret`."""
        return self._mode.name

    def install(
        self, app: FastAPI, *, strip_headers: Sequence[str] = (), all_problems: bool = False
    ) -> None:
        """Adds the middleware and the error handlers that the dependencies need.

        - Rejections become problem responses (RFC 9457), as the edge sends them. With
          `all_problems`, the app's own errors do too.
        - Before any other middleware runs, the request loses all `x-edge-*` headers except the
          assertion, and all `strip_headers`: list the headers that the edge's `CLAIM_HEADERS` sets.
          In the mode `assertion` it loses `Authorization` too.
        - Apps that are mounted when this app starts send the same problem responses.
        - The OpenAPI documents list the rejections.

        Raises `RuntimeError` if the app has started.
        """
        check_names("strip_headers", strip_headers)
        if self._mode.name == "assertion":
            strip_headers = (*strip_headers, "authorization")
        install_outermost(app, lambda inner: self._wrap(app, inner, strip_headers))
        install_rejection_handler(app)
        self._document(app)
        if all_problems:
            install_problem_handlers(app)

    async def verify(self, token: str) -> U:
        """Returns the user of a token that did not arrive in a request header, for example in a
        WebSocket message. Raises `EdgeAuthError` `invalid_claim` for an assertion that is bound to
        a request, or if assertions may be used only once.
        """
        return await self._verifier.verify(token)

    def user_from_path(
        self, parameter: Annotated[str, _NotFromRequest], *, claim: str | None = None
    ) -> Callable[..., Awaitable[U]]:
        """Dependency: returns the user if the path parameter is the user's id or UUID, or the value
        of `claim` if it is given. Otherwise 403. UUIDs are compared as UUIDs. Do not use a claim
        that users can write: a user could take the value of another user.
        """
        if not isinstance(parameter, str) or not parameter:
            raise ConfigurationError(["user_from_path: needs the name of a path parameter"])
        if claim is not None and (not isinstance(claim, str) or not claim):
            raise ConfigurationError(["user_from_path: claim must be the name of a claim"])

        return UserFromPath[U](self, parameter, claim)

    def require(
        self,
        *,
        claims: Annotated[Mapping[str, Any] | None, _NotFromRequest] = None,
        scopes: Sequence[str] | None = None,
    ) -> Callable[..., Awaitable[U]]:
        """Dependency: returns the user if each claim has an accepted value and the claim `scope`
        contains all scopes. Otherwise 403.

        An accepted value is one value or a list of them. If `LIST_CLAIMS` contains the claim, as in
        a `role` of `"admin,user"`, one matching member is enough. A dotted path selects a claim
        within a claim: `org.role`. Empty `claims` or `scopes`, or `None` as an accepted value,
        raise `ConfigurationError`.

            Depends(auth.require(claims={"role": ["admin", "editor"]}))
        """
        required = check_requirements(claims, scopes)
        return UserWith[U](self, required, list(scopes or ()), self._mode.list_claims)

    async def user_of_token(self, scope: Scope, token: str) -> U:
        """Returns the user of a request's token. Verifies it once per request, because an assertion
        may be valid only once and several dependencies of a request may need its user.
        """
        state = ConnectionState.of(scope)
        for auth, known_token, known in state.users:
            if auth is self and known_token == token:
                user: U = known
                return user
        verified = self._verifier._verified(token)
        if not isinstance(verified, Verified):
            verified = await self._verifier._wait(verified)
        if self._mode.name == "assertion":
            self._check_binding(verified, scope)
        user = self._verifier._user(verified)
        state.users = (*state.users, (self, token, user))
        return user

    def _wrap(self, app: FastAPI, inner: ASGIApp, strip_headers: Sequence[str]) -> ASGIApp:
        """Runs when the app starts, after it has mounted other apps."""
        self._document(app)
        apps = [app]
        for mounted_app in mounted_apps(app.routes):
            install_rejection_handler_if_absent(mounted_app)
            self._document(mounted_app)
            if isinstance(mounted_app, FastAPI):
                apps.append(mounted_app)

        def wrap_overrides() -> None:
            for candidate in apps:
                if candidate.dependency_overrides:
                    wrap_override(candidate, self.current_user, lambda: CurrentUser(self))

        return ConnectionMiddleware(
            inner, strip_headers=strip_headers, before_connection=wrap_overrides
        )

    def _document(self, app: Starlette) -> None:
        if isinstance(app, FastAPI):
            document_rejections(app, self)

    def _check_binding(self, verified: Verified, scope: Scope) -> None:
        """Compares the request with `htm` and `htu` (RFC 9449, section 4.2), if the assertion has
        them. Only the path of `htu` is compared: behind a proxy the app does not know the origin
        that the edge called, and `aud` has checked it.
        """
        claims = verified.claims
        if "htm" in claims and claims["htm"] != scope.get("method", "GET"):
            raise invalid("the assertion is for another method")
        if "htu" in claims and not is_path_of(claims["htu"], scope):
            raise invalid("the assertion is for another path")
        if not self._mode.reject_replays:
            return
        for name in ("htm", "htu"):
            if name not in claims:
                detail = f'the assertion has no "{name}"; set EDGE_BIND_REQUEST at the edge'
                raise EdgeAuthError("missing_claim", detail)
        until = verified.expires + self._mode.clock_tolerance
        self._used_assertions.use(str(claims["jti"]), until, self._clock())
