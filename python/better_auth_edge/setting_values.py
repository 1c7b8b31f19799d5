"""Reads the values of settings, and collects what is wrong with them."""

import re
from dataclasses import replace
from typing import Generic, Protocol, TypeVar

from better_auth_edge.base_url import BaseUrl

_QUERY = re.compile(r"[A-Za-z0-9._~%!$&'()*+,;=:@/?-]+", re.ASCII)
"""RFC 3986, section 3.4."""


class Settings(Protocol):
    _unreadable: frozenset[str]

    def shown(self, name: str) -> str: ...


S = TypeVar("S", bound=Settings)


class SettingValues(Generic[S]):
    """The settings as lists, origins and URLs."""

    def __init__(self, settings: S, *, is_partial: bool = False) -> None:
        self.settings = settings
        self.is_partial = is_partial
        """Whether a file is missing, in which whatever else is missing may be."""
        self.faults: list[str] = []
        self.exposure: str | None = None
        """What is to be said of where the keys come from."""

    def origins(self, name: str) -> list[str]:
        """A list of origins as browsers write them: they are compared letter by letter."""
        origins = []
        for text in self.list(name):
            try:
                url = BaseUrl.parse(text)
            except ValueError as error:
                self.fault(name, f"has {text!r}, which {error}")
                continue
            if url.path or text.endswith("/"):
                what = f"has {text!r}, which must be an origin, without a path"
                self.fault(name, f"{what}: write {url.origin}")
            origins.append(url.origin)
        return origins

    def list(self, name: str) -> list[str]:
        """A list separated by commas; none where nothing is said."""
        text = getattr(self.settings, name)
        if text is None:
            return []
        values = [value.strip() for value in text.split(",")]
        if not all(values):
            self.fault(name, "has an empty value: a comma too many?")
        return values

    def key_url(self, name: str) -> BaseUrl | None:
        """A URL that may have a query, which comes with the path: some identity providers tell key
        sets apart by it. A slash at the end of the path stays.
        """
        text = getattr(self.settings, name)
        address, mark, query = (text or "").partition("?")
        if mark and "#" in text:
            self.fault(name, "has a fragment")
            return None
        if mark and not _QUERY.fullmatch(query):
            self.fault(name, "has an empty query, or an unusual one")
            return None
        url = self._parsed(name, address) if mark else self.url(name)
        if url is None:
            return None
        path = f"{url.path}/" if url.path and address.endswith("/") else url.path
        return replace(url, path=f"{path or '/'}?{query}" if mark else path)

    def url(self, name: str) -> BaseUrl | None:
        text = getattr(self.settings, name)
        if text is None:
            self.fault(name, "is missing")
            return None
        return self._parsed(name, text)

    def _parsed(self, name: str, text: str) -> BaseUrl | None:
        try:
            return BaseUrl.parse(text)
        except ValueError as error:
            self.fault(name, str(error))
            return None

    def fault(self, name: str, what: str) -> None:
        is_missing = what.startswith(("is missing", "cannot be told"))
        if name not in self.settings._unreadable and not (is_missing and self.is_partial):
            self.faults.append(f"{self.settings.shown(name)}: {what}")
