"""UUIDs (RFC 9562, section 4) in the spellings that are in use."""

import re
from uuid import UUID

_HYPHENATED = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_UUID = re.compile(
    rf"[0-9a-f]{{32}}|{_HYPHENATED}|\{{{_HYPHENATED}\}}|urn:uuid:{_HYPHENATED}",
    re.ASCII | re.IGNORECASE,
)


def parse_uuid(text: object) -> UUID | None:
    """Parses a UUID: 32 hexadecimal digits, with hyphens, in braces, or as a URN. None for anything
    else.
    """
    return UUID(text.lower()) if isinstance(text, str) and _UUID.fullmatch(text) else None
