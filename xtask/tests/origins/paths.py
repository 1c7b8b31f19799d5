"""An upstream that returns how FastAPI and Starlette read the path of a request.

Serves on a free port, like the example's API, which must be on `PYTHONPATH`.
"""

import threading
from typing import Any

import uvicorn
from fastapi import FastAPI, Request

from app.server import Server, stop_at_end_of_stdin

app = FastAPI()


@app.get("/public")
@app.get("/public/{rest:path}")
async def public(request: Request) -> dict[str, Any]:
    return reading("public", request)


@app.get("/api/{user_id}")
@app.get("/api/{user_id}/{rest:path}")
async def private(user_id: str, request: Request) -> dict[str, Any]:
    return reading("private", request) | {"user_id": user_id}


@app.get("/{rest:path}")
async def elsewhere(request: Request) -> dict[str, Any]:
    return reading("elsewhere", request)


def reading(route: str, request: Request) -> dict[str, Any]:
    return {
        "route": route,
        "path": request.scope["path"],
        "raw_path": request.scope["raw_path"].decode("latin-1"),
        "url_path": request.url.path,
        "x_edge_user": request.headers.getlist("x-edge-user"),
    }


if __name__ == "__main__":
    server = Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning"))
    threading.Thread(target=stop_at_end_of_stdin, args=[server], daemon=True).start()
    server.run()
