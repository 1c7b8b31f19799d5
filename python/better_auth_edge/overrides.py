"""Users that an app's tests put in the place of real ones: `app.dependency_overrides`."""

from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from typing import Annotated, Any

from fastapi import Security
from fastapi.dependencies.utils import get_dependant, solve_dependencies
from fastapi.exceptions import RequestValidationError
from starlette.applications import Starlette
from starlette.requests import HTTPConnection

from better_auth_edge.connection import ConnectionState
from better_auth_edge.errors import ConfigurationError
from better_auth_edge.user import User

Dependency = Callable[..., Any]

_STANDS_FOR = "_better_auth_edge_stands_for"


def override_of(connection: HTTPConnection, dependency: Dependency) -> Any:
    """What the app of a request has in place of a dependency, or None. While an override is asked
    there is none: what it depends on itself is the real user.
    """
    if dependency in ConnectionState.of(connection.scope).asked:
        return None
    overrides = getattr(connection.scope.get("app"), "dependency_overrides", None)
    override = overrides.get(dependency) if overrides else None
    return getattr(override, "__dict__", {}).get(_STANDS_FOR, override)


def replace_override(
    app: Starlette, dependency: Dependency, make: Callable[[], Dependency]
) -> None:
    """Puts a dependency that asks the app's override, and checks its answer, in the place of the
    override: FastAPI calls an override without asking the overridden dependency.
    """
    overrides: dict[Dependency, Any] = getattr(app, "dependency_overrides", {})
    override = overrides.get(dependency)
    if override is None or _STANDS_FOR in getattr(override, "__dict__", {}):
        return
    asking = make()
    setattr(asking, _STANDS_FOR, override)
    overrides[dependency] = asking


async def ask_override(
    connection: HTTPConnection, dependency: Dependency, override: Dependency, scopes: Sequence[str]
) -> User | None:
    """The user that an override gives, or None for a request of no user. It is asked once for a
    request and set of scopes.
    """
    state = ConnectionState.of(connection.scope)
    key = (override, *sorted(scopes))
    if key in state.stand_ins:
        return checked(state.stand_ins[key])
    state.asked.add(dependency)
    try:
        user = await _call(connection, override, scopes)
    finally:
        state.asked.discard(dependency)
    if "endpoint" in connection.scope:  # for middleware, a generator has ended by now
        state.stand_ins[key] = user
    return checked(user)


def checked(user: Any) -> User | None:
    """Raises `ConfigurationError` for what is neither a user nor None."""
    if user is None or isinstance(user, User):
        return user
    fault = f"must return a User: User.for_test(...), not {type(user).__name__}"
    raise ConfigurationError([f"dependency_overrides: an override of current_user {fault}"])


async def _call(connection: HTTPConnection, override: Dependency, scopes: Sequence[str]) -> Any:
    """What an override gives. FastAPI calls it as it calls every dependency, and ends a generator
    with the route, or, for middleware and before version 0.118, at once.
    """

    def ask(user: Annotated[Any, Security(override, scopes=list(scopes))]) -> None: ...

    path = "".join(f"{{{name}}}" for name in connection.path_params)
    async with AsyncExitStack() as stack:
        # Routes have these of their own, which outlive this call; middleware has none.
        missing = {"fastapi_inner_astack", "fastapi_function_astack"} - connection.scope.keys()
        connection.scope.update(dict.fromkeys(missing, stack))
        try:
            solved = await solve_dependencies(
                request=connection,  # type: ignore[arg-type]  # FastAPI gives no other kinds
                dependant=get_dependant(path=path, call=ask),
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
