"""Settings, read once from the environment at start-up."""

from ipaddress import ip_address
from typing import Annotated
from urllib.parse import urlsplit

from better_auth_edge import ConfigurationError, EdgeAuth
from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError


class Settings(BaseSettings):
    """Each field is the environment variable with the same name in upper case. The settings of
    better_auth_edge configure the authentication.
    """

    # Errors never contain a value, because DATABASE_URL can contain a password.
    model_config = SettingsConfigDict(hide_input_in_errors=True)

    database_url: str = "sqlite:///./app.db"
    """Better Auth uses it too, because tasks refer to its users."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    """0 selects a free port."""
    edge_jwks_url: str = ""
    """A setting of better_auth_edge, which the demo's condition reads too."""
    demo: bool = False
    """Add the paths of the demo page. Only on loopback."""
    exit_with_parent: bool = False
    """Stop when stdin closes, so that the server does not outlive its parent process."""

    @model_validator(mode="after")
    def demo_must_be_on_loopback(self) -> "Settings":
        if self.demo and not (is_loopback(self.host) and is_loopback(host_of(self.edge_jwks_url))):
            raise ValueError("DEMO: requires that HOST and EDGE_JWKS_URL are loopback addresses")
        return self

    @field_validator("database_url")
    @classmethod
    def must_be_a_database_url(cls, value: str) -> str:
        try:
            make_url(value)
        except ArgumentError:
            raise ValueError("is not a database URL") from None
        return value


def host_of(url: str) -> str:
    """The host of a URL; empty if the URL has no host."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def is_loopback(host: str) -> bool:
    """Whether the host is this computer."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def load() -> tuple[Settings, EdgeAuth]:
    """Reads the environment. Exits with one line for each error."""
    errors: list[str] = []
    try:
        settings = Settings()
    except ValidationError as error:
        for detail in error.errors():
            name = ".".join(map(str, detail["loc"])).upper()
            errors.append(f"{name}: {detail['msg']}" if name else detail["msg"])
    try:
        auth = EdgeAuth.from_env()
    except ConfigurationError as error:
        errors += error.errors
    if errors:
        raise SystemExit("\n  ".join(["Configuration error:", *errors]))
    return settings, auth
