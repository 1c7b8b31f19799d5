"""Free ports for servers that a test starts later."""

import itertools
import os
import socket

FIRST = 10_000
BLOCK = 32
BLOCKS = 700

_given = itertools.count()


def free_port() -> int:
    """A port on which no server listens.

    It stays free until the test's server takes it: it lies below the ports that the system gives
    to connections (32768 and above), and each process has ports of its own.
    """
    for number in itertools.islice(_given, BLOCK):
        port = FIRST + BLOCK * (os.getpid() % BLOCKS) + number % BLOCK
        with socket.socket() as listener:
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise RuntimeError("all ports of this process are in use")
