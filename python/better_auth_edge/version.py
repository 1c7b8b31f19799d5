"""The version of this package, and the name that it gives itself in requests of its own."""

from importlib.metadata import PackageNotFoundError, version


def _installed_version() -> str:
    try:
        return version("better-auth-edge")
    except PackageNotFoundError:  # run from its sources
        return "unknown"


VERSION = _installed_version()
USER_AGENT = f"better-auth-edge/{VERSION}"
"""RFC 9110, section 10.1.5."""
