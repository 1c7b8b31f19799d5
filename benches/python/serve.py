"""Serves one application by uvicorn on a free loopback port, which it prints as JSON."""

import json
import socket
import sys

import uvicorn
from apps import APPS


def main(candidate: str, auth_server: str) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        APPS[candidate](auth_server),
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
    )
    print(json.dumps({"port": listener.getsockname()[1]}), flush=True)
    uvicorn.Server(config).run(sockets=[listener])


main(*sys.argv[1:])
