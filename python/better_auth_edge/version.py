"""The version of this package, and the `User-Agent` of its requests."""

VERSION = "0.1.0"
USER_AGENT = f"better-auth-edge/{VERSION}"
"""RFC 9110, section 10.1.5."""
