"""Users that an app's tests put in the place of real ones: `app.dependency_overrides`."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Annotated, Any

from fastapi import Depends
from fastapi.dependencies.utils import get_dependant, solve_dependencies
from fastapi.exceptions import RequestValidationError
from starlette.requests import HTTPConnection


def override_of(connection: HTTPConnection, dependency: Callable[..., Any]) -> Any:
    """What the app of a request has in place of a dependency, or None."""
    overrides = getattr(connection.scope.get("app"), "dependency_overrides", None)
    return overrides.get(dependency) if overrides else None


async def ask_override(connection: HTTPConnection, override: Callable[..., Any]) -> Any:
    """What an override gives for this request. FastAPI calls it as it calls every dependency."""

    def ask(user: Annotated[Any, Depends(override)]) -> None: ...

    async with AsyncExitStack() as stack:
        # Routes have these of their own, which outlive this call; middleware has none.
        missing = {"fastapi_inner_astack", "fastapi_function_astack"} - connection.scope.keys()
        connection.scope.update(dict.fromkeys(missing, stack))
        try:
            solved = await solve_dependencies(
                request=connection,  # type: ignore[arg-type]  # FastAPI gives no other kinds
                dependant=get_dependant(path="", call=ask),
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
