"""Creates the app."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypedDict

from fastapi import FastAPI
from sqlalchemy import Engine
from starlette.types import ASGIApp

from app import demo, diagnostics, tasks
from app.database import open_database
from app.identity import auth
from app.settings import Settings


class State(TypedDict):
    """The state of a running app. Dependencies read it from `request.state`."""

    engine: Engine


def create_app(settings: Settings) -> ASGIApp:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[State]:
        engine = open_database(settings.database_url)
        yield State(engine=engine)
        engine.dispose()

    # A redirect would reveal this server's own address, which only the edge should know.
    app = FastAPI(title="Tasks", lifespan=lifespan, redirect_slashes=False)
    auth.install(app, all_problems=True)
    app.include_router(diagnostics.public)
    app.include_router(diagnostics.private)
    app.include_router(tasks.router)
    if settings.demo:
        app.include_router(demo.router)
    # The outermost layer: the app's own middleware does not see headers that `install` removes.
    outermost = diagnostics.KeepReceivedHeaders(app)
    return demo.KeepRequestIds(outermost) if settings.demo else outermost
