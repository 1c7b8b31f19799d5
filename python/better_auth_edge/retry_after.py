"""How long a server asks to be left alone (RFC 9110, section 10.2.3; RFC 6585, section 4). The core
has the same in Rust (`src/host/retry_after.rs`).
"""

import calendar
import re
from collections.abc import Mapping

LONGEST = 300
"""Seconds; a server that asks for more is asked again after this."""


def retry_after(status: int, headers: Mapping[str, str], now: float) -> int | None:
    """Seconds from `now`, in seconds since 1970, until the server wants to be asked again: from 1
    to 300. `None` where it says nothing of the kind: only 429 and 503 do. Better Auth has a header
    of its own, `X-Retry-After`; the standard's comes first.
    """
    if status not in (429, 503):
        return None
    for name in ("retry-after", "x-retry-after"):
        seconds = _seconds(headers.get(name, "").strip(), now)
        if seconds is not None:
            return min(max(seconds, 1), LONGEST)
    return None


def _seconds(value: str, now: float) -> int | None:
    if value.isascii() and value.isdigit():
        # Python refuses to read thousands of digits.
        return int(value.lstrip("0")[:9] or "0")
    then = _date(value)
    return None if then is None else -int(-(then - now) // 1)


def _date(value: str) -> int | None:
    """Seconds since 1970 at `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, section 5.6.7). The two
    obsolete forms are ignored.
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
