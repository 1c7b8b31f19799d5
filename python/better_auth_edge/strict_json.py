"""Strict JSON objects (RFC 8259): UTF-8 without a byte order mark, no
duplicate members at any level, no lone surrogates, at most 32 levels.
"""

import json
from typing import Any

MAX_DEPTH = 32
"""The outermost object is level one."""

JsonObject = dict[str, Any]


def parse_object(data: bytes) -> JsonObject:
    """Parses one object. Raises `ValueError` with a predicate, such as "is not JSON"."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise ValueError("is not UTF-8") from None
    if text.startswith("\ufeff"):
        raise ValueError("begins with a byte order mark")
    try:
        value = _DECODER.decode(text)
    except _DuplicateMemberError:
        raise ValueError("has a duplicate member") from None
    except RecursionError:
        raise ValueError("is nested too deep") from None
    except ValueError:
        raise ValueError("is not JSON") from None
    if not isinstance(value, dict):
        raise ValueError("is not a JSON object")
    _check(value)
    return value


def same(a: object, b: object) -> bool:
    """Whether two JSON values have the same type and value. `1` equals `1.0`, but not `true`."""
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[name], b[name]) for name in a)
    return a == b


def _check(value: object) -> None:
    """Checks the depth, and each string and name for lone surrogates."""
    level = [value]
    for _ in range(MAX_DEPTH):
        inner: list[object] = []
        for item in level:
            if isinstance(item, str):
                _check_text(item)
            elif isinstance(item, list):
                inner.extend(item)
            elif isinstance(item, dict):
                inner.extend(item.values())
                for name in item:
                    _check_text(name)
        level = inner
    if any(isinstance(item, (list, dict)) for item in level):
        raise ValueError("is nested too deep")
    for item in level:
        if isinstance(item, str):
            _check_text(item)


def _check_text(text: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise ValueError("is not JSON") from None


class _DuplicateMemberError(ValueError):
    pass


def _object(pairs: list[tuple[str, Any]]) -> JsonObject:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _DuplicateMemberError
    return members


def _integer(text: str) -> int | float:
    # Python raises for an int of more than 4,300 digits.
    return int(text) if len(text) <= 1000 else float(text)


def _reject(constant: str) -> float:
    raise ValueError(constant)  # JSON has neither NaN nor infinities


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_int=_integer, parse_constant=_reject)
