"""Settings, read from the environment once, at start-up."""

from typing import Annotated

from pydantic import Field, HttpUrl, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

DEFAULT_PORTS = {"http": 80, "https": 443}


class Settings(BaseSettings):
    """Each field is the environment variable of the same name in capitals."""

    # DATABASE_URL may hold a password: no value is ever shown in an error.
    model_config = SettingsConfigDict(hide_input_in_errors=True)

    better_auth_url: HttpUrl
    """Base URL of the Better Auth server; a path, if any, is Better Auth's own base path."""
    database_url: str = "sqlite:///./app.db"
    """Better Auth's too: tasks refer to its users."""
    issuer: str = ""
    """The `iss` that tokens must carry; default: the origin of `better_auth_url`."""
    audience: str = ""
    """The `aud` that tokens must carry; default: the origin of `better_auth_url`."""

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

    @model_validator(mode="after")
    def expect_tokens_of_the_origin(self) -> "Settings":
        self.issuer = self.issuer or self.origin
        self.audience = self.audience or self.origin
        return self

    @property
    def origin(self) -> str:
        """Scheme, host and port of `better_auth_url`, written as browsers write an origin."""
        url = self.better_auth_url
        port = "" if url.port == DEFAULT_PORTS[url.scheme] else f":{url.port}"
        return f"{url.scheme}://{url.host}{port}"

    @property
    def jwks_url(self) -> str:
        path = (self.better_auth_url.path or "").rstrip("/") or "/api/auth"
        return f"{self.origin}{path}/jwks"


def load_settings() -> Settings:
    """Reads the environment, or ends the process with one line per fault."""
    try:
        return Settings()
    except ValidationError as error:
        faults = (
            f"  {'.'.join(map(str, fault['loc'])).upper()}: {fault['msg']}"
            for fault in error.errors()
        )
        raise SystemExit("\n".join(["Configuration error:", *faults])) from None
