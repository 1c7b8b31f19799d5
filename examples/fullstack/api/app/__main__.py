"""`python -m app`: serves until SIGTERM, Ctrl-C or, with EXIT_WITH_PARENT=1, the end of stdin.

Prints one line to stdout when the server is ready, and logs to stderr.
"""

import copy
import signal
import sys
import threading

import uvicorn
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from uvicorn.config import LOGGING_CONFIG

from app.database import SchemaError, open_database
from app.identity import settings
from app.main import app
from app.server import Server, stop_at_end_of_stdin

GRACE = 2
"""Seconds for open requests to complete when the server stops."""


def main() -> None:
    check_database(settings.database_url)
    log_config = copy.deepcopy(LOGGING_CONFIG)
    log_config["handlers"]["access"]["stream"] = "ext://sys.stderr"
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_config=log_config,
        timeout_graceful_shutdown=GRACE,
    )
    server = Server(config)
    # After its shutdown, uvicorn raises the signal again.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(0))
    if settings.exit_with_parent:
        threading.Thread(target=stop_at_end_of_stdin, args=[server], daemon=True).start()
    server.run()


def check_database(url: str) -> None:
    """Reports a database error in one line instead of uvicorn's traceback."""
    try:
        open_database(url).dispose()
    except (SchemaError, SQLAlchemyError) as error:
        # only the driver's message: SQLAlchemy's can contain the password
        cause = error.orig if isinstance(error, DBAPIError) else error
        raise SystemExit(f"Database error: {cause}") from None


if __name__ == "__main__":
    main()
