"""Serves one application by uvicorn on a free loopback port, which it prints as JSON. It ends when
its standard input closes.
"""

import json
import os
import socket
import sys
import threading

import uvicorn
from apps import APPS


def end_with_input() -> None:
    sys.stdin.read()
    os._exit(0)


def main(candidate: str, auth_server: str) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        APPS[candidate](auth_server),
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
    )
    threading.Thread(target=end_with_input, daemon=True).start()
    print(json.dumps({"port": listener.getsockname()[1]}), flush=True)
    uvicorn.Server(config).run(sockets=[listener])


main(*sys.argv[1:])
