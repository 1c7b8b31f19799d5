"""Parses base URLs in settings, by the same rules as the Rust core."""

import ipaddress
import re
import unicodedata
from dataclasses import dataclass, replace

import idna

DEFAULT_PATH = "/api/auth"


@dataclass(frozen=True)
class BaseUrl:
    """An absolute http or https URL without query and fragment."""

    origin: str
    """Scheme, host, and the port unless it is the default (RFC 6454)."""
    path: str
    """Empty, or with a slash at its start and none at its end."""
    is_root: bool = False
    """Whether the base path is explicitly `/`, as distinct from not set."""

    @classmethod
    def parse(cls, text: str) -> "BaseUrl":
        """Parses a URL by the URL Standard, and rejects what that standard would repair. Raises
        `ValueError` with a message that completes the sentence "The setting …".
        """
        _check_strays(text)
        scheme, colon, rest = text.partition(":")
        if not colon or not rest.startswith("//"):
            raise ValueError("is not an absolute URL, such as https://app.example.com")
        scheme = scheme.lower()
        if scheme not in DEFAULT_PORTS:
            raise ValueError("is neither http nor https")
        authority, slash, path = rest[2:].partition("/")
        if "@" in authority:
            raise ValueError("has a user name or password")
        host, colon, port_text = authority.rpartition(":")
        if not colon or "]" in port_text:
            host, port = authority, DEFAULT_PORTS[scheme]
        else:
            port = _port(port_text)
        shown = "" if port == DEFAULT_PORTS[scheme] else f":{port}"
        return cls(f"{scheme}://{_host(host)}{shown}", _path(slash + path))

    def with_base_path(self, base_path: str) -> "BaseUrl":
        """Returns the same URL with Better Auth's base path. Raises `ValueError` for an invalid
        path, and for one that differs from the path of the URL.
        """
        if not base_path.startswith("/"):
            raise ValueError("does not begin with a slash")
        _check_strays(base_path)
        path = _path(base_path)
        if self.path and self.path != path:
            raise ValueError(f"contradicts the path of the base URL, {self.path}")
        return replace(self, path=path, is_root=not path)

    @property
    def better_auth(self) -> str:
        """Better Auth's URL with its base path, `/api/auth` by default."""
        return self.origin + (self.path if self.path or self.is_root else DEFAULT_PATH)


DEFAULT_PORTS = {"http": 80, "https": 443}

STRAYS = {
    **{"?": "a query", "#": "a fragment", "\\": "a backslash"},
    **dict.fromkeys("\"'`", "a quote"),
    **{character: f"the character {character}" for character in "<>^{|}"},
}


def _check_strays(text: str) -> None:
    for character in text:
        if character.isspace() or unicodedata.category(character) == "Cc":
            raise ValueError("has a space, a tab or another blank")
        if character in STRAYS:
            raise ValueError(f"has {STRAYS[character]}")


def _port(text: str) -> int:
    digits = text.lstrip("0")
    is_number = re.fullmatch("[0-9]+", text) is not None and len(digits) <= 5
    if not is_number or int(text) > 65_535:
        raise ValueError("has no valid port")
    return int(text)


def _path(text: str) -> str:
    """Validates a path and removes the slash at its end."""
    path = text.removesuffix("/")
    if "//" in path or path.endswith("/"):
        raise ValueError("has a doubled slash")
    if any(segment.lower().replace("%2e", ".") in (".", "..") for segment in path.split("/")):
        raise ValueError("has . or .. in its path")
    if not re.fullmatch(r"(?:[A-Za-z0-9/._~:@!$&()*+,;=-]|%[0-9A-Fa-f]{2})*", path):
        raise ValueError("has a path that is not percent-encoded")
    return path


def _host(text: str) -> str:
    """Normalizes a host: lower case, punycode, and IP addresses in the form of the URL Standard."""
    if text.startswith("["):
        try:
            if not text.endswith("]") or "%" in text:
                raise ValueError
            return _ipv6(ipaddress.IPv6Address(text[1:-1]))
        except ValueError:
            raise ValueError("has no valid IPv6 address") from None
    if not text:
        raise ValueError("has no host")
    name = _domain(text)
    labels = name.removesuffix(".").split(".")
    if not all(re.fullmatch("[a-z0-9_-]+", label) for label in labels):
        raise ValueError("has no valid host")
    last = labels[-1]
    if last.isdigit() or _number(last) is not None:
        return _ipv4(labels)
    return name


def _domain(text: str) -> str:
    """Converts a domain name to ASCII (UTS #46)."""
    try:
        if not text.isascii():
            return idna.encode(text, uts46=True).decode("ascii").lower()
        name = text.lower()
        for label in name.split("."):
            if label.startswith("xn--"):
                decoded = label[4:].encode().decode("punycode")
                # a label that UTS #46 forbids, or would encode differently
                if decoded.isascii() or idna.uts46_remap(decoded, std3_rules=False) != decoded:
                    raise ValueError
        return name
    except ValueError:
        raise ValueError(
            "has a host that is not a domain name; write it in punycode (xn--…)"
        ) from None


def _ipv4(labels: list[str]) -> str:
    """Parses one to four numbers. The last one fills the remaining bits of the 32."""
    numbers = [_number(label) for label in labels]
    bits = 0
    for place, number in enumerate(numbers, 1):
        width = 8 * (5 - place) if place == len(numbers) else 8
        if place > 4 or number is None or number >= 1 << width:
            raise ValueError("has no valid IPv4 address")
        bits = bits << width | number
    return str(ipaddress.IPv4Address(bits))


def _number(text: str) -> int | None:
    """Parses a number in C notation: `0x` is hexadecimal, a leading zero is octal."""
    if len(text) > 64:
        return None
    if re.fullmatch("0x[0-9a-f]*", text):
        return int(text[2:] or "0", 16)
    if re.fullmatch("0[0-7]+", text):
        return int(text, 8)
    return int(text) if re.fullmatch("0|[1-9][0-9]*", text) else None


def _ipv6(address: ipaddress.IPv6Address) -> str:
    """RFC 5952, except that URLs write embedded IPv4 addresses in hexadecimal."""
    packed = address.packed
    pieces = [f"{int.from_bytes(packed[i : i + 2], 'big'):x}" for i in range(0, 16, 2)]
    text = ":".join(pieces)
    runs = re.findall(r"(?:^|(?<=:))0(?::0)+(?=:|$)", text)
    if runs:
        longest = max(runs, key=len)
        before, _, behind = re.sub(rf"(^|:){longest}(:|$)", "|", text, count=1).partition("|")
        text = f"{before}::{behind}"
    return f"[{text}]"
