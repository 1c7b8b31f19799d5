"""FastAPI dependencies that authenticate the user of a request."""

import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import Annotated, Any, Generic, NoReturn, overload

from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.types import ASGIApp, Scope
from typing_extensions import TypeVar

from better_auth_edge._core import Pending, Verified
from better_auth_edge.auth_mode import AuthMode
from better_auth_edge.claims import invalid
from better_auth_edge.connection import ConnectionState
from better_auth_edge.credential_kind import CredentialKind
from better_auth_edge.credentials import (
    BearerToken,
    Credential,
    EdgeAssertion,
    Presented,
    PresentedSession,
    SessionOrBearer,
)
from better_auth_edge.dependencies import CurrentUser, OptionalUser, UserFromPath, UserWith
from better_auth_edge.errors import ConfigurationError, EdgeAuthError
from better_auth_edge.lifespan import pool_of
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
from better_auth_edge.requirements import Impersonation, check_names, check_requirements
from better_auth_edge.sessions.lookup import SessionUsers
from better_auth_edge.sessions.stored import SessionStore
from better_auth_edge.settings import EdgeAuthSettings
from better_auth_edge.user import User
from better_auth_edge.user_model import UserModel
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
        session_store: SessionStore | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Raises `ConfigurationError` with every error in the settings or in the model's aliases.
        `session_store` is where sessions are looked up, in place of `SESSION_DATABASE_URL` and
        `SESSION_REDIS_URL`. `clock` returns seconds since 1970.
        """
        mode = AuthMode.from_settings(settings, has_session_store=session_store is not None)
        users = UserModel(user_model, User)
        self._mode = mode
        self._verifier = None if mode.name == "session" else Verifier._of(mode, users, clock)
        self._sessions = _sessions(mode, session_store, users, clock)
        self._clock = clock
        self._used_assertions = ReplayCache()
        self.credential = _credential(mode)
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
        """`assertion`, `jwks`, `session` or `secret`."""
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
        a request, or if assertions may be used only once. The token may be a session's if sessions
        are looked up.
        """
        credential = self.credential.of_message(token)
        if isinstance(credential, PresentedSession):
            return await self._user_of_session(credential)
        return await self._tokens.verify(credential)

    def user_from_path(
        self, parameter: Annotated[str, _NotFromRequest], *, claim: str | None = None
    ) -> Callable[..., Awaitable[U]]:
        """Dependency: returns the user if the path parameter is the user's id or UUID, or the value
        of `claim` if it is given. Otherwise 403. UUIDs are compared as UUIDs. If the claim is a
        list, one member suffices, as in `claim="organizations"`. Do not use a claim
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
        impersonation: Impersonation | None = None,
        max_session_age: int | None = None,
        credentials: Sequence[CredentialKind] | None = None,
    ) -> Callable[..., Awaitable[U]]:
        """Dependency: returns the user if each claim has an accepted value and the claim `scope`
        contains all scopes. Otherwise 403. `impersonation="refuse"` rejects an administrator who
        acts as the user: 403. `max_session_age` is in seconds: if the session is older, or if the
        claim `session_iat` is absent, 401 with a challenge that asks for a new sign-in (RFC 9470).
        `credentials` are the accepted kinds, such as `["session", "jwt"]` for no API keys: 403 for
        other kinds, and behind an edge that does not name the kind.

        An accepted value is one value or a list of them. If `LIST_CLAIMS` contains the claim, as in
        a `role` of `"admin,user"`, one matching member is enough. A dotted path selects a claim
        within a claim: `org.role`. Empty `claims`, `scopes` or `credentials`, or `None` as an
        accepted value, raise `ConfigurationError`.

            Depends(auth.require(claims={"role": ["admin", "editor"]}, max_session_age=600))
        """
        return UserWith[U](
            self,
            check_requirements(claims, scopes, impersonation, max_session_age, credentials),
            list_claims=self._mode.list_claims,
            clock=self._clock,
            clock_tolerance=self._mode.clock_tolerance,
        )

    def user_of_credential(self, scope: Scope, credential: Presented) -> U | Coroutine[Any, Any, U]:
        """Returns the user of a request's credential, or a coroutine that does. Verifies it once
        per request, because an assertion may be valid only once and several dependencies of a
        request may need its user.
        """
        state = ConnectionState.of(scope)
        for auth, known_credential, known in state.users:
            if auth is self and known_credential == credential:
                known_user: U = known
                return known_user
        if isinstance(credential, PresentedSession):
            return self._note_user_of_session(state, credential)
        # most tokens are cached, and a coroutine would take as long as a lookup
        verified = self._tokens._verified(credential)
        if not isinstance(verified, Verified):
            return self._note_user_of_pending(scope, credential, verified)
        return self._note_user(scope, credential, verified)

    async def _note_user_of_session(self, state: ConnectionState, session: PresentedSession) -> U:
        user = await self._user_of_session(session)
        state.users = (*state.users, (self, session, user))
        return user

    async def _note_user_of_pending(self, scope: Scope, token: str, pending: Pending) -> U:
        return self._note_user(scope, token, await self._tokens._wait(pending))

    def _note_user(self, scope: Scope, token: str, verified: Verified) -> U:
        if self._mode.name == "assertion":
            self._check_binding(verified, scope)
        user = self._tokens._user(verified)
        state = ConnectionState.of(scope)
        state.users = (*state.users, (self, token, user))
        return user

    async def _user_of_session(self, session: PresentedSession) -> U:
        assert self._sessions is not None  # otherwise the credential is never a session
        if session.rejection is not None:
            raise session.rejection
        return await self._sessions.user_of(session.tokens)

    @property
    def _tokens(self) -> Verifier[U]:
        assert self._verifier is not None  # otherwise the credential is never a token
        return self._verifier

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
            inner,
            strip_headers=strip_headers,
            before_connection=wrap_overrides,
            pool=None if self._sessions is None else pool_of(self._sessions.store),
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


def _credential(mode: AuthMode) -> Credential:
    if mode.name == "assertion":
        return EdgeAssertion()
    if mode.sessions is not None:
        return SessionOrBearer(mode.sessions, accepts_jwts=mode.name != "session")
    return BearerToken()


def _sessions(
    mode: AuthMode,
    store: SessionStore | None,
    users: UserModel[U],
    clock: Callable[[], float],
) -> SessionUsers[U] | None:
    """Returns what finds the users of sessions. None if the mode looks none up."""
    if mode.sessions is None:
        if store is not None:
            error = "session_store: the mode assertion accepts the edge's assertions only"
            raise ConfigurationError([error])
        return None
    store = store or mode.sessions.store()
    assert store is not None  # the settings have one if the code has none
    return SessionUsers(store, mode.sessions, users, clock)
