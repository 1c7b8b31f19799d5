"""The settings of the feed that says which sessions have ended. The core reads the feed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from better_auth_edge._core import feed_errors

if TYPE_CHECKING:
    from better_auth_edge.settings import EdgeAuthSettings

RETENTION = 86_400.0
"""Seconds; the edge's default."""

NAMES = {
    "REVOCATIONS_URL": "edge_revocations_url",
    "REVOCATIONS_TOKEN": "edge_revocations_token",
    "REVOCATION_LAG": "revocation_lag",
    "REVOCATION_FAILURE_AGE": "revocation_failure_age",
    "REVOCATION_ON_FAILURE": "revocation_on_failure",
    "REVOCATION_RETENTION": "revocation_retention",
    "REVOCATION_SHARDS": "revocation_shards",
    "CLOCK_TOLERANCE": "clock_tolerance",
}
"""The core's settings, and those of this package."""


@dataclass(frozen=True)
class Feed:
    """The settings of the feed."""

    url: str | None
    values: Mapping[str, str] = field(repr=False)
    """The core's settings, empty without a feed."""
    retention: float
    """Seconds for which the edge keeps what has ended."""

    @classmethod
    def of(cls, settings: "EdgeAuthSettings") -> "Feed":
        url, token = settings.edge_revocations_url, settings.edge_revocations_token
        if url is None:
            return cls(None, {}, RETENTION)
        values = {core: getattr(settings, name) for core, name in NAMES.items()}
        values["REVOCATIONS_TOKEN"] = None if token is None else token.get_secret_value()
        texts = {
            core: f"{value:.15g}" if isinstance(value, float) else str(value)
            for core, value in values.items()
            if value is not None
        }
        return cls(url, texts, settings.revocation_retention or RETENTION)

    def errors(self) -> Iterator[tuple[str, str]]:
        """Yields settings of this package, and what is wrong with them."""
        for core, reason in feed_errors(dict(self.values)):
            for name in NAMES:
                reason = reason.replace(name, NAMES[name].upper())
            yield NAMES[core], reason
