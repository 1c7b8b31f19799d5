"""Walks an app's routes and the apps that are mounted in it."""

from collections.abc import Iterator, Sequence
from typing import Any

from fastapi import routing
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Router


def routes_of(routes: Sequence[BaseRoute]) -> Iterator[Any]:
    """Yields the routes, including those of included routers."""
    # Older versions of FastAPI copy the routes of routers into the app and lack this function.
    contexts = getattr(routing, "iter_route_contexts", iter)
    yield from contexts(routes)


def mounted_apps(routes: Sequence[BaseRoute]) -> Iterator[Starlette]:
    """Yields the apps mounted below these routes, at any depth and inside any middleware."""
    seen = set[int]()
    waiting = [routes]
    while waiting:
        for route in routes_of(waiting.pop()):
            below = getattr(route, "app", None)
            while below is not None and id(below) not in seen:
                seen.add(id(below))
                if isinstance(below, Starlette):
                    yield below
                if isinstance(below, (Starlette, Router)):
                    waiting.append(below.routes)
                    break
                below = getattr(below, "app", None)
