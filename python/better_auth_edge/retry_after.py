"""Parses `Retry-After` (RFC 9110, section 10.2.3; RFC 6585, section 4), by the same rules as the
Rust core.
"""

import calendar
import re
from collections.abc import Mapping

MAX_SECONDS = 300
"""A longer wait is cut to this."""


def retry_after(status: int, headers: Mapping[str, str], now: float) -> int | None:
    """Returns the seconds to wait before the next request, from 1 to 300, or None. `now` is in
    seconds since 1970. Only responses with status 429 or 503 count. `Retry-After` comes before
    Better Auth's own `X-Retry-After`.
    """
    if status not in (429, 503):
        return None
    for name in ("retry-after", "x-retry-after"):
        seconds = _seconds(headers.get(name, "").strip(), now)
        if seconds is not None:
            return min(max(seconds, 1), MAX_SECONDS)
    return None


def _seconds(value: str, now: float) -> int | None:
    if value.isascii() and value.isdigit():
        # int() raises for thousands of digits.
        return int(value.lstrip("0")[:9] or "0")
    then = _date(value)
    return None if then is None else -int(-(then - now) // 1)


def _date(value: str) -> int | None:
    """Parses an IMF-fixdate, `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, section 5.6.7), into
    seconds since 1970. None for anything else, including the two obsolete forms.
    """
    match = _DATE.fullmatch(value)
    if match is None or match["month"] not in _MONTHS:
        return None
    day, year, hours, minutes, seconds = map(int, match.group("day", "year", "h", "m", "s"))
    return calendar.timegm(
        (year, _MONTHS.index(match["month"]) + 1, day, hours, minutes, seconds, 0, 0, 0)
    )


_DATE = re.compile(
    r"[A-Z][a-z]{2}, (?P<day>[0-9]{2}) (?P<month>[A-Z][a-z]{2}) (?P<year>[1-9][0-9]{3}) "
    r"(?P<h>[0-9]{2}):(?P<m>[0-9]{2}):(?P<s>[0-9]{2}) GMT"
)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
