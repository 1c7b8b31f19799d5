"""Test users: FastAPI's `app.dependency_overrides` for the dependencies of `EdgeAuth`."""

from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from typing import Annotated, Any

from fastapi import FastAPI, Security
from fastapi.dependencies.utils import get_dependant, solve_dependencies
from fastapi.exceptions import RequestValidationError
from starlette.requests import HTTPConnection
from starlette.types import Scope

from better_auth_edge.connection import ConnectionState
from better_auth_edge.errors import ConfigurationError
from better_auth_edge.user import User

Dependency = Callable[..., Any]

_WRAPPED_OVERRIDE = "_better_auth_edge_stands_for"


def has_overrides(scope: Scope) -> bool:
    """Whether the app overrides any dependency."""
    return bool(getattr(scope.get("app"), "dependency_overrides", None))


def override_of(connection: HTTPConnection, dependency: Dependency) -> Any:
    """Returns the override of a dependency, or None. The app has overrides. While the override
    itself runs, the result is None, so that it can depend on the real user.
    """
    if dependency in ConnectionState.of(connection.scope).active_overrides:
        return None
    override = connection.scope["app"].dependency_overrides.get(dependency)
    return getattr(override, "__dict__", {}).get(_WRAPPED_OVERRIDE, override)


def wrap_override(
    app: FastAPI, dependency: Dependency, make_wrapper: Callable[[], Dependency]
) -> None:
    """Replaces the app's override of a dependency with a wrapper that calls the override and checks
    its result. Without the wrapper, FastAPI would use the unchecked result of the override.
    """
    overrides = app.dependency_overrides
    override = overrides.get(dependency)
    if override is None or _WRAPPED_OVERRIDE in getattr(override, "__dict__", {}):
        return
    wrapper = make_wrapper()
    setattr(wrapper, _WRAPPED_OVERRIDE, override)
    overrides[dependency] = wrapper


async def call_override(
    connection: HTTPConnection, dependency: Dependency, override: Dependency, scopes: Sequence[str]
) -> User | None:
    """Returns the user of an override, or None for a request without a user. Calls the override
    once per request and set of scopes.
    """
    state = ConnectionState.of(connection.scope)
    key = (override, *sorted(scopes))
    if key in state.override_results:
        return check_override_result(state.override_results[key])
    state.active_overrides.add(dependency)
    try:
        user = await _call(connection, override, scopes)
    finally:
        state.active_overrides.discard(dependency)
    if "endpoint" in connection.scope:  # in middleware, a generator has already ended
        state.override_results[key] = user
    return check_override_result(user)


def check_override_result(user: Any) -> User | None:
    """Raises `ConfigurationError` unless the value is a user or None."""
    if user is None or isinstance(user, User):
        return user
    error = f"must return a User: User.for_test(...), not {type(user).__name__}"
    raise ConfigurationError([f"dependency_overrides: an override of current_user {error}"])


async def _call(connection: HTTPConnection, override: Dependency, scopes: Sequence[str]) -> Any:
    """Has FastAPI call an override like any other dependency. A generator ends with the route. In
    middleware and before FastAPI 0.118 it ends at once.
    """

    def dependant(user: Annotated[Any, Security(override, scopes=list(scopes))]) -> None: ...

    path = "".join(f"{{{name}}}" for name in connection.path_params)
    async with AsyncExitStack() as stack:
        # Routes have their own stacks, which outlive this call. Middleware has none.
        missing = {"fastapi_inner_astack", "fastapi_function_astack"} - connection.scope.keys()
        connection.scope.update(dict.fromkeys(missing, stack))
        try:
            solved = await solve_dependencies(
                request=connection,  # type: ignore[arg-type]  # a Request or a WebSocket
                dependant=get_dependant(path=path, call=dependant),
                dependency_overrides_provider=connection.scope["app"],
                async_exit_stack=stack,
                embed_body_fields=False,
            )
        finally:
            for name in missing:
                del connection.scope[name]
    if solved.errors:
        raise RequestValidationError(solved.errors)
    return solved.values["user"]
