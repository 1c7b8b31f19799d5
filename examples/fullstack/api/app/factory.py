"""Puts the app together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypedDict

import httpx
from fastapi import FastAPI
from sqlalchemy import Engine

from app import diagnostics, tasks
from app.database import open_database
from app.keys import KeySet
from app.problems import install_problem_handlers
from app.settings import Settings


class State(TypedDict):
    """What an app has while it runs; dependencies find it in `request.state`."""

    settings: Settings
    engine: Engine
    keys: KeySet


def create_app(settings: Settings) -> FastAPI:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[State]:
        engine = open_database(settings.database_url)
        async with httpx.AsyncClient() as client:
            keys = KeySet(settings.jwks_url, client)
            yield State(settings=settings, engine=engine, keys=keys)
        engine.dispose()

    # A redirect would name the origin's own address, which only the edge should know.
    app = FastAPI(title="Tasks", lifespan=lifespan, redirect_slashes=False)
    install_problem_handlers(app)
    app.include_router(diagnostics.public)
    app.include_router(diagnostics.private)
    app.include_router(tasks.router)
    return app
