"""A server that prints its address and stops with its parent process."""

import os
import socket
import sys

import uvicorn


class Server(uvicorn.Server):
    """Prints its address to stdout when it is ready."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        host, port = self.servers[0].sockets[0].getsockname()[:2]
        print(f"FastAPI listening on http://{f'[{host}]' if ':' in host else host}:{port}")
        sys.stdout.flush()


def stop_at_end_of_stdin(server: uvicorn.Server) -> None:
    while os.read(0, 4096):
        pass
    server.should_exit = True
