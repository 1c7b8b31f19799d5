"""Settings, read once from the environment at start-up."""

from typing import Annotated

from better_auth_edge import ConfigurationError, EdgeAuth
from pydantic import Field, ValidationError, field_validator
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
    exit_with_parent: bool = False
    """Stop when stdin closes, so that the server does not outlive its parent process."""

    @field_validator("database_url")
    @classmethod
    def must_be_a_database_url(cls, value: str) -> str:
        try:
            make_url(value)
        except ArgumentError:
            raise ValueError("is not a database URL") from None
        return value


def load() -> tuple[Settings, EdgeAuth]:
    """Reads the environment. Exits with one line for each error."""
    errors: list[str] = []
    try:
        settings = Settings()
    except ValidationError as error:
        for detail in error.errors():
            errors.append(f"{'.'.join(map(str, detail['loc'])).upper()}: {detail['msg']}")
    try:
        auth = EdgeAuth.from_env()
    except ConfigurationError as error:
        errors += error.errors
    if errors:
        raise SystemExit("\n  ".join(["Configuration error:", *errors]))
    return settings, auth
