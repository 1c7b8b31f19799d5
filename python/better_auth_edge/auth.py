"""FastAPI dependencies that say who is calling."""

import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated, Any, Generic, NoReturn, overload

from fastapi import Depends, FastAPI
from fastapi.security import SecurityScopes
from starlette.applications import Starlette
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp
from typing_extensions import TypeVar

from better_auth_edge.claims import (
    check_required,
    check_scopes,
    invalid,
)
from better_auth_edge.connection import ConnectionState
from better_auth_edge.credentials import SCHEME, BearerToken, EdgeAssertion
from better_auth_edge.errors import ConfigurationError, EdgeAuthError
from better_auth_edge.key_source import KeySource
from better_auth_edge.keys import Secret
from better_auth_edge.middleware import (
    NoForgedHeaders,
    OneConnection,
    OnlyTheAssertion,
    install_outermost,
)
from better_auth_edge.mounts import mounted_apps
from better_auth_edge.openapi import document_refusals
from better_auth_edge.overrides import ask_override, checked, override_of, replace_override
from better_auth_edge.problems import install_problems, install_refusals, install_refusals_below
from better_auth_edge.replays import Replays
from better_auth_edge.request_path import is_path_of
from better_auth_edge.requirements import check_names, check_requirements
from better_auth_edge.settings import EdgeAuthSettings, Proof
from better_auth_edge.user import User, claims_of
from better_auth_edge.user_model import UserModel
from better_auth_edge.verifier import Verified, Verifier

logger = logging.getLogger(__name__)

CURES = {
    "issuer_mismatch": (
        "set EDGE_ISSUER here to the origin by which clients call the edge, or give the edge the "
        "accepted one (EDGE_ISSUER in a Worker, edgeIssuer in Next.js)"
    ),
    "audience_mismatch": "set EDGE_AUDIENCE here to the origin by which the edge calls this app",
}
"""For assertions, whose claims are looked at once their signature holds."""

U = TypeVar("U", bound=User, default=User)
V = TypeVar("V", bound=User)


class _Written:
    """Marks a parameter that the app's code gives. Without the call, as in `Depends(auth.require)`,
    FastAPI would read it from the request, and the route would be open. FastAPI asks for a schema
    where the route is defined.
    """

    @classmethod
    def __get_pydantic_core_schema__(cls, *_: object) -> NoReturn:
        fault = "Depends: call user_from_path and require, as in Depends(auth.require(...))"
        raise ConfigurationError([fault])


class EdgeAuth(Generic[U]):
    """Who is calling, by the one proof that the settings stand for.

        auth = EdgeAuth.from_env()
        auth.install(app)

        @app.get("/api/{user_id}/tasks")
        async def tasks(user: Annotated[User, Depends(auth.user_from_path("user_id"))]): ...

    Nothing is fetched before the first request, and there is nothing to close.
    """

    current_user: Callable[..., Awaitable[U]]
    """Dependency: the user; 401 without a good proof, 503 while the keys cannot be had."""
    optional_user: Callable[..., Awaitable[U | None]]
    """Dependency: the user, or None for a request without any proof. A bad proof is still 401. A
    test that overrides `current_user` overrides it too."""

    def __init__(
        self,
        settings: EdgeAuthSettings,
        *,
        user_model: type[U] = User,  # type: ignore[assignment]
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Raises `ConfigurationError` with every fault of the settings, or of the model's aliases.
        `clock` is in seconds since 1970.
        """
        self._proof = Proof.from_settings(settings)
        keys = self._proof.keys
        self._keys = keys if isinstance(keys, Secret) else KeySource(keys)
        self._verifier = Verifier(
            self._keys,
            self._proof.algorithms,
            self._proof.expectations,
            clock=clock,
        )
        self._users = UserModel(user_model)
        self._clock = clock
        self._replays = Replays()
        self.optional_user = self._optional_user()
        self.current_user = self._current_user(self.optional_user)

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
        """By the environment, and by `env_file` for what it leaves out; `settings` come before
        both. Call it where the app is made: `ConfigurationError` names every fault at start-up,
        before the first request.

            EdgeAuth.from_env(better_auth_url="https://app.example.com")
        """
        return EdgeAuth(EdgeAuthSettings.load(env_file, **settings), user_model=user_model)

    @property
    def mode(self) -> str:
        """`assertion`, `jwks` or `secret`."""
        return self._proof.mode

    def install(
        self, app: FastAPI, *, strip_headers: Sequence[str] = (), all_problems: bool = False
    ) -> None:
        """Answers refusals as the edge does, with problem documents (RFC 9457); with `all_problems`
        the app's own errors too. It takes all `x-edge-*` headers but the assertion off the
        request, and `strip_headers`: name there what the edge's `CLAIM_HEADERS` sets; in the mode
        `assertion` it takes `Authorization` off too. That is done before all middleware of the app,
        whenever it was added. Apps that are mounted in it when it starts refuse in the same form.
        The OpenAPI documents name the refusals.
        `RuntimeError` for an app that has started.
        """
        check_names("strip_headers", strip_headers)
        install_outermost(app, lambda inner: self._outermost(app, inner))
        also = tuple(strip_headers)
        strip = OnlyTheAssertion if self._proof.mode == "assertion" else NoForgedHeaders
        install_outermost(app, lambda inner: strip(inner, also))
        install_refusals(app)
        self._document(app)
        if all_problems:
            install_problems(app)

    async def verify(self, token: str) -> U:
        """The user of a token that came in another way than by a header of a request. An assertion
        that is bound to a request, or may be used once only, is not good for that.
        """
        verified = await self._verified(token)
        is_bound = not {"htm", "htu"}.isdisjoint(verified.claims)
        if self._proof.mode == "assertion" and (is_bound or self._proof.refuse_replays):
            raise invalid("the assertion is for one request")
        return self._user(verified)

    def user_from_path(
        self, parameter: Annotated[str, _Written], *, claim: str | None = None
    ) -> Callable[..., Awaitable[U]]:
        """Dependency: the user, provided that the path's parameter is theirs, else 403: their id or
        their UUID, or what `claim` holds if it is named. UUIDs are compared as UUIDs. Name no
        claim that users can write: they could take another's value.
        """
        if not isinstance(parameter, str) or not parameter:
            raise ConfigurationError(["user_from_path: needs the name of a path parameter"])
        if claim is not None and (not isinstance(claim, str) or not claim):
            raise ConfigurationError(["user_from_path: claim must be the name of a claim"])

        async def user_from_path(
            connection: HTTPConnection,
            user: Annotated[Any, Depends(self.current_user)],
            security: SecurityScopes,
        ) -> U:
            own = self._present(user, security)
            if parameter not in connection.path_params:
                logger.error("misconfigured: the route has no path parameter %r", parameter)
                raise EdgeAuthError("misconfigured", "a route is wrong; the log says how")
            if not own.owns(str(connection.path_params[parameter]), claim):
                what = "id" if claim is None else f'"{claim}"'
                detail = f"the path is not that of the caller's {what}"
                raise EdgeAuthError("user_mismatch", detail)
            return own

        return user_from_path

    def require(
        self,
        *,
        claims: Annotated[Mapping[str, Any] | None, _Written] = None,
        scopes: Sequence[str] | None = None,
    ) -> Callable[..., Awaitable[U]]:
        """Dependency: the user, provided that each claim holds the accepted value or one of a list
        of them, and that all scopes are in the claim `scope`; else 403. Of a claim that
        `LIST_CLAIMS` names, such as a `role` of `"admin,user"`, one member suffices. A dotted path
        names a claim within a claim: `org.role`. Claims or scopes that are given must ask for
        something: what is empty, or accepts `None`, is a `ConfigurationError`.

            Depends(auth.require(claims={"role": ["admin", "editor"]}))
        """
        check_requirements(claims, scopes)

        async def require(
            user: Annotated[Any, Depends(self.current_user)], security: SecurityScopes
        ) -> U:
            own = self._present(user, security)
            check_required(claims_of(own), claims or {}, self._proof.list_claims)
            check_scopes(claims_of(own), scopes or ())
            return own

        return require

    def _outermost(self, app: FastAPI, inner: ASGIApp) -> ASGIApp:
        """Called when the app starts. What is mounted in it is known by then."""
        self._document(app)
        below = list(mounted_apps(app.routes))
        for mounted in below:
            install_refusals_below(mounted)
            self._document(mounted)

        def prepare() -> None:
            for one in (app, *below):
                replace_override(one, self.current_user, self._asking_the_override)

        return OneConnection(inner, prepare)

    def _asking_the_override(self) -> Callable[..., Awaitable[U]]:
        """As `current_user`, but an override of `optional_user` does not count."""
        return self._current_user(self._optional_user())

    def _document(self, app: Starlette) -> None:
        if isinstance(app, FastAPI):
            document_refusals(app, SCHEME, self.current_user, self.optional_user)

    def _optional_user(self) -> Callable[..., Awaitable[U | None]]:
        scheme = EdgeAssertion() if self._proof.mode == "assertion" else BearerToken()

        async def optional_user(
            connection: HTTPConnection,
            token: Annotated[str | EdgeAuthError | None, Depends(scheme)],
            security: SecurityScopes,
        ) -> U | None:
            override = override_of(connection, self.current_user)
            user: Any
            if override is not None:
                scopes = security.scopes
                user = await ask_override(connection, self.current_user, override, scopes)
            elif isinstance(token, EdgeAuthError):
                raise token
            else:
                user = None if token is None else await self._user_of_request(connection, token)
            if user is None:
                return None
            check_scopes(claims_of(user), security.scopes)
            own: U = user
            return own

        return optional_user

    def _current_user(
        self, optional_user: Callable[..., Awaitable[U | None]]
    ) -> Callable[..., Awaitable[U]]:
        async def current_user(
            user: Annotated[Any, Depends(optional_user)], security: SecurityScopes
        ) -> U:
            return self._present(user, security)

        return current_user

    def _present(self, user: Any, security: SecurityScopes) -> U:
        """The user of a dependency, which may be the answer of an override: 401 for None."""
        if checked(user) is None:
            detail = (
                "the request has no assertion: it did not come through the edge, or as nobody"
                if self._proof.mode == "assertion"
                else "the request has no bearer token"
            )
            raise EdgeAuthError("missing_token", detail)
        check_scopes(claims_of(user), security.scopes)
        own: U = user
        return own

    async def _user_of_request(self, connection: HTTPConnection, token: str) -> U:
        """Once for each request, however many of its dependencies ask: an assertion may be good for
        one time only.
        """
        known = ConnectionState.of(connection.scope).users
        user: U | None = known.get((self, token))
        if user is None:
            verified = await self._verified(token)
            if self._proof.mode == "assertion":
                self._check_request(verified, connection)
            user = known[self, token] = self._user(verified)
        return user

    async def _verified(self, token: str) -> Verified:
        """What a token says. A refusal that is the operator's to mend says how."""
        try:
            return await self._verifier.verify(token)
        except EdgeAuthError as error:
            if error.code == "keys_unavailable" and isinstance(self._keys, KeySource):
                raise error from self._keys.failure
            cure = CURES.get(error.code) if self._proof.mode == "assertion" else None
            if cure is None:
                raise
            detail = str(error.detail).replace("the token's", "the assertion's", 1)
            raise EdgeAuthError(error.code, f"{detail}: {cure}") from None

    def _check_request(self, verified: Verified, connection: HTTPConnection) -> None:
        """`htm` and `htu` (RFC 9449, section 4.2) bind an assertion to a request, where it has
        them. Of `htu` the path counts: the origin is the audience's, and behind a proxy the app
        knows it by another name.
        """
        claims, scope = verified.claims, connection.scope
        if "htm" in claims and claims["htm"] != scope.get("method", "GET"):
            raise invalid("the assertion is for another method")
        if "htu" in claims and not is_path_of(claims["htu"], scope):
            raise invalid("the assertion is for another path")
        if not self._proof.refuse_replays:
            return
        for name in ("htm", "htu"):
            if name not in claims:
                detail = f'the assertion has no "{name}"; EDGE_BIND_REQUEST of the edge puts it in'
                raise EdgeAuthError("missing_claim", detail)
        until = verified.expires + self._proof.expectations.clock_tolerance
        self._replays.use(str(claims["jti"]), until, self._clock())

    def _user(self, verified: Verified) -> U:
        claims = verified.claims
        if self._proof.mode == "assertion":
            claims = claims.get("claims")  # type: ignore[assignment]
            if not isinstance(claims, dict):
                raise invalid('the assertion\'s "claims" is not an object')
        return self._users.read(verified.user, claims)
