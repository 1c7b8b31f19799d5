"""The claims of a stored session: those that a token of the same session has."""

import math
import re
from collections.abc import Mapping
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

from better_auth_edge.errors import EdgeAuthError
from better_auth_edge.sessions.stored import SessionStoreError, StoredSession

BAN_FIELDS = ("banned", "banExpires", "banReason")
MILLISECONDS = 1e11
"""Greater numbers are milliseconds: in seconds they are beyond the year 5000, and in milliseconds
they begin in 1973."""
_SHORT_OFFSET = re.compile(r"[+-]\d\d$")


def claims_of(stored: StoredSession, now: float) -> dict[str, Any]:
    """Returns the claims of a session. Raises `EdgeAuthError` `missing_token` if the session has
    ended or its user is banned, and `SessionStoreError` for a record that is not Better Auth's.
    """
    session, user = stored.session, stored.user
    expires = seconds(session.get("expiresAt"))
    if expires is None:
        raise SessionStoreError('"expiresAt" of a session is not a time')
    if expires <= now:
        raise ended()
    if _is_banned(user, now):
        raise EdgeAuthError("missing_token", "the user of the session is banned")
    claims = {
        name: _as_json(value)
        for name, value in user.items()
        if value is not None and name not in BAN_FIELDS
    }
    if "emailVerified" in claims:
        claims["emailVerified"] = is_true(claims["emailVerified"])
    claims["sub"] = claims["id"] = identifier(user, "user")
    claims["sid"] = identifier(session, "session")
    claims["exp"] = expires
    created = seconds(session.get("createdAt"))
    if created is not None:
        claims["session_iat"] = created
    for name in ("activeOrganizationId", "impersonatedBy"):
        claims.pop(name, None)
        if session.get(name) not in (None, ""):
            claims[name] = str(session[name])
    return claims


def ended() -> EdgeAuthError:
    """Returns the error for a session that does not exist any more."""
    return EdgeAuthError("missing_token", "the session has ended; sign in again")


def identifier(record: Mapping[str, Any], kind: str) -> str:
    """Returns the id of a record, which databases may store as a number or a UUID."""
    value = record.get("id")
    if isinstance(value, bool) or not isinstance(value, (str, int, UUID)) or value == "":
        raise SessionStoreError(f'"id" of a {kind} is not an id')
    return str(value)


def seconds(value: object) -> float | None:
    """Parses a time as databases and Better Auth's JSON have it. Returns seconds since 1970, or
    None for anything else.
    """
    if isinstance(value, str):
        value = _from_text(value.strip())
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=timezone.utc)).timestamp()
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        return None
    number = float(value)
    if not math.isfinite(number):
        return None
    return number / 1000 if abs(number) > MILLISECONDS else number


def is_true(value: object) -> bool:
    """Whether a value is true in a database without booleans."""
    if isinstance(value, (bytes, bytearray)):
        return any(value)
    return str(value).strip().lower() in ("true", "1", "1.0", "t", "y", "yes")


def _is_banned(user: Mapping[str, Any], now: float) -> bool:
    if not is_true(user.get("banned")):
        return False
    until = user.get("banExpires")
    if until in (None, ""):
        return True
    end = seconds(until)
    return end is None or end > now


def _from_text(text: str) -> datetime | float | None:
    """By ISO 8601, in the forms that Python 3.10 reads too, or a number."""
    try:
        return float(text)
    except ValueError:
        pass
    text = text[:-1] + "+00:00" if text[-1:] in ("Z", "z") else text
    if _SHORT_OFFSET.search(text) and ":" in text:
        text += ":00"
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _as_json(value: Any) -> Any:
    """Returns a value as Better Auth's JSON has it."""
    if isinstance(value, datetime):
        moment = value if value.tzinfo else value.replace(tzinfo=timezone.utc)
        text = moment.astimezone(timezone.utc).isoformat(timespec="milliseconds")
        return text.replace("+00:00", "Z")
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, (UUID, date)):
        return str(value)
    if isinstance(value, (list, tuple)):
        return [_as_json(one) for one in value]
    if isinstance(value, Mapping):
        return {str(name): _as_json(one) for name, one in value.items()}
    return value
