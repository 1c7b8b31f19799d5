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


def main(candidate: str, auth_server: str, server: str) -> None:
    # with the protocol's number, as in a list of addresses: asyncio disables delays for it
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    is_fast = server == "fast"
    config = uvicorn.Config(
        APPS[candidate](auth_server),
        loop="uvloop" if is_fast else "asyncio",
        http="httptools" if is_fast else "h11",
        access_log=False,
        log_level="warning",
    )
    threading.Thread(target=end_with_input, daemon=True).start()
    print(json.dumps({"port": listener.getsockname()[1]}), flush=True)
    uvicorn.Server(config).run(sockets=[listener])


main(*sys.argv[1:])
