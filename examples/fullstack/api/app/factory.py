"""Puts the app together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypedDict

from fastapi import FastAPI
from sqlalchemy import Engine
from starlette.types import ASGIApp

from app import diagnostics, tasks
from app.database import open_database
from app.identity import auth
from app.settings import Settings


class State(TypedDict):
    """What an app has while it runs; dependencies find it in `request.state`."""

    engine: Engine


def create_app(settings: Settings) -> ASGIApp:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[State]:
        engine = open_database(settings.database_url)
        yield State(engine=engine)
        engine.dispose()

    # A redirect would name the origin's own address, which only the edge should know.
    app = FastAPI(title="Tasks", lifespan=lifespan, redirect_slashes=False)
    auth.install(app, all_problems=True)
    app.include_router(diagnostics.public)
    app.include_router(diagnostics.private)
    app.include_router(tasks.router)
    # Around the app itself: middleware of the app's own sees nothing of what `install` takes off.
    return diagnostics.KeepReceivedHeaders(app)
