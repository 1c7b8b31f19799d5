"""Keys that verify signatures (RFC 7517, RFC 7518, RFC 8037): public, of a known type and
consistent. PyJWT verifies the signatures, with pyca/cryptography.
"""

from dataclasses import dataclass, field
from typing import Any

import jwt
from jwt.algorithms import Algorithm

from better_auth_edge.errors import EdgeAuthError
from better_auth_edge.jws import decode_base64url
from better_auth_edge.strict_json import JsonObject, parse_object

BETTER_AUTH_ALGORITHMS = ("EdDSA", "ES256", "ES512", "PS256", "RS256")
"""The algorithms that Better Auth can sign with."""
CURVES = {"P-256": ("ES256", 32), "P-384": ("ES384", 48), "P-521": ("ES512", 66)}
"""The algorithm that requires a curve, and the bytes of a coordinate."""
RSA_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
SECRET_ALGORITHMS = {"HS256": 32, "HS384": 48, "HS512": 64}
"""The minimum bytes of the secret, by algorithm (RFC 7518, section 3.2)."""
PUBLIC_ALGORITHMS = ("EdDSA", *(algorithm for algorithm, _ in CURVES.values()), *RSA_ALGORITHMS)

PRIVATE_MEMBERS = ("d", "p", "q", "dp", "dq", "qi", "oth", "k")
"""A key with one of them that is not `null` is not public."""
MAX_SET_BYTES = 256 * 1024
MAX_CANDIDATES = 4
"""The most keys to try for a token, because several keys can share a `kid` or have none."""


class UnusableKeyError(ValueError):
    """An entry of a JWK Set is unusable and ignored."""


def canonical_algorithm(name: str) -> str:
    """Returns one name for `EdDSA` (RFC 8037) and `Ed25519` (RFC 9864), which are equal here."""
    return "EdDSA" if name == "Ed25519" else name


@dataclass(frozen=True)
class VerifyingKey:
    """A public key that has passed all checks."""

    kid: str | None
    algorithms: tuple[str, ...]
    """The key's `alg`, or all algorithms of its type."""
    public_key: Any
    signature_bytes: int
    """The length of its signatures."""

    @classmethod
    def from_jwk(cls, jwk: JsonObject) -> "VerifyingKey":
        """Parses an entry of a JWK Set. Raises `UnusableKeyError`."""
        if any(jwk.get(name) is not None for name in PRIVATE_MEMBERS):
            raise UnusableKeyError("it has private members")
        if _text(jwk, "use") not in (None, "sig") or not _may_verify(jwk.get("key_ops")):
            raise UnusableKeyError("it is not for verifying")
        kid, algorithm = _text(jwk, "kid"), _text(jwk, "alg")
        read = {"OKP": _ed25519, "EC": _elliptic_curve, "RSA": _rsa}.get(_text(jwk, "kty") or "")
        if read is None:
            raise UnusableKeyError("its type is not supported")
        algorithms, numbers, signature_bytes = read(jwk)
        if algorithm is not None:
            if canonical_algorithm(algorithm) not in algorithms:
                raise UnusableKeyError("its algorithm is another type's")
            algorithms = (canonical_algorithm(algorithm),)
        try:
            public_key = _algorithm(algorithms[0]).from_jwk(numbers)
        except (jwt.PyJWTError, ValueError) as error:
            raise UnusableKeyError("it is not a key") from error
        return cls(kid, algorithms, public_key, signature_bytes)

    def verifies(self, algorithm: str, message: bytes, signature: bytes) -> bool:
        """Whether this key signed the message with this algorithm."""
        if algorithm not in self.algorithms or len(signature) != self.signature_bytes:
            return False
        if algorithm == "EdDSA" and _is_of_small_order(signature[:32]):
            return False
        return _algorithm(algorithm).verify(message, self.public_key, signature)


@dataclass(frozen=True)
class Secret:
    """A secret that verifies MACs. No key of a JWK Set can become a secret."""

    secret: bytes = field(repr=False)
    algorithms: tuple[str, ...]

    def __post_init__(self) -> None:
        """Raises `ValueError` if the secret is shorter than a hash (RFC 7518, section 3.2)."""
        needed = max(SECRET_ALGORITHMS[name] for name in self.algorithms)
        if len(self.secret) < needed:
            raise ValueError(f"has fewer than {needed} bytes")

    def verifies(self, algorithm: str, message: bytes, mac: bytes) -> bool:
        """Whether `mac` is the whole MAC of the message, compared in constant time."""
        if algorithm not in self.algorithms:
            return False
        return _algorithm(algorithm).verify(message, self.secret, mac)


@dataclass(frozen=True)
class KeySet:
    """The usable keys of a JWK Set, in the order of the document."""

    keys: tuple[VerifyingKey, ...]

    @classmethod
    def parse(cls, document: bytes) -> "KeySet":
        """Parses a set and ignores unusable entries. Raises `ValueError` for other documents."""
        if len(document) > MAX_SET_BYTES:
            raise ValueError(f"the document is larger than {MAX_SET_BYTES} bytes")
        entries = parse_object(document).get("keys")
        if not isinstance(entries, list):
            raise ValueError('the document has no array "keys"')
        keys = []
        for entry in entries:
            try:
                if isinstance(entry, dict):
                    keys.append(VerifyingKey.from_jwk(entry))
            except UnusableKeyError:
                continue
        return cls(tuple(keys))

    def select(self, kid: str | None, algorithm: str) -> list[VerifyingKey]:
        """Returns the keys to try for a token, in order: at least one. Without a `kid` these are
        the keys without a `kid`, or else the only key for the algorithm.

        Raises `EdgeAuthError`: `unsupported_algorithm` if the key with the `kid` has another
        algorithm, otherwise `unknown_key`.
        """
        fitting = [key for key in self.keys if algorithm in key.algorithms]
        named = [key for key in fitting if key.kid == kid]
        if named:
            return named[:MAX_CANDIDATES]
        if kid is not None and any(key.kid == kid for key in self.keys):
            detail = f"the key that the token names is not one for {algorithm}"
            raise EdgeAuthError("unsupported_algorithm", detail)
        if kid is None and len(fitting) > 1:
            detail = 'the token names no key ("kid"), and several of the set would fit'
            raise EdgeAuthError("unknown_key", detail)
        if kid is not None or not fitting:
            raise NoKeyError
        return fitting


class NoKeyError(EdgeAuthError):
    """The set has no usable key for the token. A newer set may have one."""

    def __init__(self) -> None:
        detail = (
            "no usable key of the JWK Set fits the token: it comes from another server, or the key "
            "has been removed"
        )
        super().__init__("unknown_key", detail)


def _algorithm(name: str) -> Algorithm:
    return jwt.get_algorithm_by_name(name)


_Read = tuple[tuple[str, ...], JsonObject, int]


def _ed25519(jwk: JsonObject) -> _Read:
    """RFC 8037, section 2."""
    if _text(jwk, "crv") != "Ed25519":
        raise UnusableKeyError("its curve is not supported")
    x = _bytes(jwk, "x")
    if len(x) != 32 or _is_of_small_order(x) or not _is_on_curve(x):
        raise UnusableKeyError("it is not a point of large order")
    return ("EdDSA",), {"kty": "OKP", "crv": "Ed25519", "x": jwk["x"]}, 64


def _elliptic_curve(jwk: JsonObject) -> _Read:
    """RFC 7518, section 6.2.1."""
    curve = _text(jwk, "crv")
    if curve not in CURVES:
        raise UnusableKeyError("its curve is not supported")
    algorithm, size = CURVES[curve]
    if any(len(_bytes(jwk, name)) != size for name in ("x", "y")):
        raise UnusableKeyError("a coordinate has not the curve's length")
    return (algorithm,), {"kty": "EC", "crv": curve, "x": jwk["x"], "y": jwk["y"]}, 2 * size


def _rsa(jwk: JsonObject) -> _Read:
    """RFC 7518, section 6.3.1: numbers without leading zero bytes; 2048 to 8192 bits."""
    n, e = _bytes(jwk, "n"), _bytes(jwk, "e")
    if n[:1] == b"\0" or e[:1] == b"\0":
        raise UnusableKeyError("a number begins with a zero byte")
    modulus, exponent = int.from_bytes(n, "big"), int.from_bytes(e, "big")
    odd = modulus % 2 == exponent % 2 == 1
    if not (odd and 2048 <= modulus.bit_length() <= 8192 and 1 < exponent < modulus):
        raise UnusableKeyError("it is too weak or too large")
    return RSA_ALGORITHMS, {"kty": "RSA", "n": jwk["n"], "e": jwk["e"]}, len(n)


def _text(jwk: JsonObject, name: str) -> str | None:
    value = jwk.get(name)
    if value is not None and not isinstance(value, str):
        raise UnusableKeyError(f'its "{name}" is not a string')
    return value


def _bytes(jwk: JsonObject, name: str) -> bytes:
    try:
        return decode_base64url(_text(jwk, name) or "")
    except ValueError:
        raise UnusableKeyError(f'its "{name}" is not base64url') from None


def _may_verify(operations: object) -> bool:
    """RFC 7517, section 4.3: an array of distinct strings."""
    if operations is None:
        return True
    if not isinstance(operations, list) or not all(isinstance(name, str) for name in operations):
        return False
    return len(set(operations)) == len(operations) and "verify" in operations


_P = 2**255 - 19
_D = -121665 * pow(121666, -1, _P) % _P
_ORDER_8 = {
    int.from_bytes(bytes.fromhex(y), "little")
    for y in (
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    )
}
_SMALL_ORDER = {0, 1, _P - 1} | _ORDER_8


def _is_of_small_order(encoded: bytes) -> bool:
    """Whether 32 bytes are not canonical, or encode a point of small order. OpenSSL checks neither,
    and forged signatures verify with such a key (RFC 8032, section 5.1.7).
    """
    y = _y(encoded)
    return y >= _P or y in _SMALL_ORDER


def _is_on_curve(encoded: bytes) -> bool:
    y = _y(encoded)
    x_squared = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    return pow(x_squared, (_P - 1) // 2, _P) == 1


def _y(encoded: bytes) -> int:
    return int.from_bytes(encoded, "little") & ((1 << 255) - 1)
