"""Servers look at the outermost application before they call it."""

from starlette.applications import Starlette
from uvicorn import Config

from better_auth_edge import StripIdentityHeadersMiddleware


def test_uvicorn_recognizes_the_middleware_as_an_asgi_3_application() -> None:
    config = Config(StripIdentityHeadersMiddleware(Starlette()))
    config.load()
    assert config.interface == "asgi3"
