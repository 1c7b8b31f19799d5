"""Compares the path of a request with the path that an assertion is bound to. ASGI servers differ:
`raw_path` is optional, and some servers decode it.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote_to_bytes, urlsplit

_ENCODED_OR_NOT_PRINTABLE = re.compile(rb"%([0-9A-Fa-f]{2})|[^!-~]")
_UNRESERVED = re.compile(rb"[A-Za-z0-9._~-]")
_ENCODED_SLASH = re.compile("%2f", re.IGNORECASE)


def is_path_of(url: object, scope: Mapping[str, Any]) -> bool:
    """Whether a URL's path is that of the request with this ASGI scope.

    If the server has the path as it was sent, the encoded paths are compared, normalized by RFC
    3986, sections 6.2.2.1 and 6.2.2.2: only unreserved characters are decoded. Otherwise the
    decoded paths are compared, by which the app routes. An encoded slash never equals a real one.
    """
    expected = _url_path(url)
    if expected is None:
        return False
    # The prefix that a proxy removes, as configured. Mounts set `app_root_path`.
    root = str(scope.get("app_root_path", scope.get("root_path", ""))).rstrip("/")
    path, sent = scope["path"] or "/", _sent(scope, root)
    if sent is None:
        wanted, given, prefix = _decoded(expected), _bytes(path), _bytes(root)
    else:
        wanted, given = _normalized(_bytes(expected)), _normalized(sent)
        path, prefix = unquote_to_bytes(sent).decode("utf-8", "replace"), quote(root).encode()
    is_whole = path == root or path.startswith(f"{root}/")
    return wanted == given or (not is_whole and wanted == prefix + given)


def _url_path(url: object) -> str | None:
    try:
        return urlsplit(url).path or "/" if isinstance(url, str) else None
    except ValueError:
        return None


def _sent(scope: Mapping[str, Any], root: str) -> bytes | None:
    """Returns the path as it was sent. None if `raw_path` is missing, was decoded, or had nothing
    to decode, and so contains no more than `path`.
    """
    raw = scope.get("raw_path")
    if raw is None:
        return None
    raw = _bytes(raw) if isinstance(raw, str) else raw
    path = _bytes(scope["path"] or "/")
    for spelling in (raw, _bytes(root) + raw):
        if spelling == path or spelling.startswith(path + b"?"):
            return None
    return raw.partition(b"?")[0] or b"/"


def _normalized(path: bytes) -> bytes:
    def normalize(match: re.Match[bytes]) -> bytes:
        byte = match[0] if match[1] is None else bytes.fromhex(match[1].decode())
        return byte if _UNRESERVED.fullmatch(byte) else b"%%%02X" % byte[0]

    return _ENCODED_OR_NOT_PRINTABLE.sub(normalize, path)


def _decoded(path: str) -> bytes | None:
    return None if _ENCODED_SLASH.search(path) else unquote_to_bytes(path)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
