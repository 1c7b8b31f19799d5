"""Settings, read from the environment once, at start-up."""

from typing import Annotated

from better_auth_edge import ConfigurationError, EdgeAuth
from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError


class Settings(BaseSettings):
    """Each field is the environment variable of the same name in capitals. Who is calling is
    settled by better_auth_edge's own settings.
    """

    # DATABASE_URL may hold a password: no value is ever shown in an error.
    model_config = SettingsConfigDict(hide_input_in_errors=True)

    database_url: str = "sqlite:///./app.db"
    """Better Auth's too: tasks refer to its users."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    """0 takes any free port."""
    exit_with_parent: bool = False
    """Stop when stdin is closed, so that nothing outlives the process that started this one."""

    @field_validator("database_url")
    @classmethod
    def must_be_a_database_url(cls, value: str) -> str:
        try:
            make_url(value)
        except ArgumentError:
            raise ValueError("is not a database URL") from None
        return value


def load() -> tuple[Settings, EdgeAuth]:
    """Reads the environment, or ends the process with one line for each error."""
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
