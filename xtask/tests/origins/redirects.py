"""An upstream whose responses contain its own URL: FastAPI's redirects and an application's headers.

Serves on a free port, like the example's API, which must be on `PYTHONPATH`. The same application is
mounted at `/v1` too.
"""

import threading

import uvicorn
from fastapi import FastAPI, Request, Response

from app.server import Server, stop_at_end_of_stdin

app = FastAPI()


@app.api_route("/api/{user_id}/tasks/", methods=["GET", "POST"])
async def tasks(user_id: str, request: Request) -> dict[str, str]:
    return {"method": request.method, "path": request.scope["path"]}


@app.post("/api/{user_id}/created", status_code=201)
async def created(user_id: str, request: Request, response: Response) -> dict[str, str]:
    url = str(request.url).replace("/created", "/tasks/")
    response.headers["location"] = url
    response.headers["content-location"] = url
    response.headers["refresh"] = f"5; url={url}"
    response.headers["link"] = f"<{url}>; rel=next"
    return {"url": url}


@app.get("/api/{user_id}/to", status_code=302)
async def elsewhere(user_id: str, target: str, response: Response) -> None:
    response.headers["location"] = target


outer = FastAPI()
outer.mount("/v1", app)
outer.mount("/", app)

if __name__ == "__main__":
    server = Server(uvicorn.Config(outer, host="127.0.0.1", port=0, log_level="warning"))
    threading.Thread(target=stop_at_end_of_stdin, args=[server], daemon=True).start()
    server.run()
