"""Parses the values of settings and collects their errors."""

from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from pydantic_core import ErrorDetails

from better_auth_edge._core import BaseUrl, KeyUrl


class Settings(Protocol):
    _invalid: frozenset[str]

    def shown(self, name: str) -> str: ...


S = TypeVar("S", bound=Settings)
V = TypeVar("V")


class SettingValues(Generic[S]):
    """Parses settings as lists, origins and URLs."""

    def __init__(self, settings: S, *, is_partial: bool = False) -> None:
        self.settings = settings
        self.is_partial = is_partial
        """Whether the settings file is missing. It may define the settings that are missing."""
        self.errors: list[str] = []

    def origins(self, name: str) -> list[str]:
        """Parses a list of origins in their canonical form, because they are compared exactly."""
        origins = []
        for text in self.list(name):
            try:
                url = BaseUrl(text)
            except ValueError as error:
                self.error(name, f"has {text!r}, which {error}")
                continue
            if url.path or text.endswith("/"):
                reason = f"has {text!r}, which must be an origin, without a path"
                self.error(name, f"{reason}: write {url.origin}")
            origins.append(url.origin)
        return origins

    def list(self, name: str) -> list[str]:
        """Parses a comma-separated list. Empty if the setting is absent."""
        text = getattr(self.settings, name)
        if text is None:
            return []
        values = [value.strip() for value in text.split(",")]
        if not all(values):
            self.error(name, "has an empty value: remove the extra comma")
        return values

    def key_url(self, name: str) -> KeyUrl | None:
        return self._parsed(name, KeyUrl)

    def url(self, name: str) -> BaseUrl | None:
        return self._parsed(name, BaseUrl)

    def _parsed(self, name: str, parse: Callable[[str], V]) -> V | None:
        text = getattr(self.settings, name)
        if text is None:
            self.error(name, "is missing", is_missing=True)
            return None
        try:
            return parse(text)
        except ValueError as error:
            self.error(name, str(error))
            return None

    def error(self, name: str, reason: str, *, is_missing: bool = False) -> None:
        """Records an error, unless the setting has one or the missing file may define it."""
        if name not in self.settings._invalid and not (is_missing and self.is_partial):
            self.errors.append(f"{self.settings.shown(name)}: {reason}")


def wrong_type(error: ErrorDetails) -> str:
    """Returns what is wrong with a value of the wrong type, without the value."""
    kind = error["type"]
    if kind.startswith("float_"):
        return "is not a number"
    if kind.startswith("bool_"):
        return "is neither true nor false"
    if kind == "literal_error":
        return f"is not {error['ctx']['expected']}"
    return "is not text" if kind == "string_type" else error["msg"]
