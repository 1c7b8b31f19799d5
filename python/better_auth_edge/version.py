"""The version of this package, and the name that it gives itself in requests of its own."""

VERSION = "0.1.0"
USER_AGENT = f"better-auth-edge/{VERSION}"
"""RFC 9110, section 10.1.5."""
