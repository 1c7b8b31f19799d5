"""Verifies signatures by RSA and EC keys, with pyca/cryptography: OpenSSL is faster at them than
the core's own code. The core has checked the key, and the length and range of the signature.
"""

import json
from base64 import urlsafe_b64decode
from functools import lru_cache

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey

HASHES = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}
"""By the end of the algorithm's name (RFC 7518, section 3.1)."""
CURVES: dict[str, ec.EllipticCurve] = {
    "P-256": ec.SECP256R1(),
    "P-384": ec.SECP384R1(),
    "P-521": ec.SECP521R1(),
}


def verify(jwk: str, algorithm: str, message: bytes, signature: bytes) -> bool:
    """Whether a signature is that of the message by this key. `jwk` is the key as JSON."""
    try:
        key, digest = _key(jwk), HASHES[algorithm[2:]]
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, message, _padding(algorithm, digest), digest)
        else:
            key.verify(_der(signature), message, ec.ECDSA(digest))
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        # OpenSSL refuses some keys, such as those with a huge exponent.
        return False
    return True


def _padding(algorithm: str, digest: hashes.HashAlgorithm) -> padding.AsymmetricPadding:
    """RFC 7518, sections 3.3 and 3.5."""
    if algorithm.startswith("RS"):
        return padding.PKCS1v15()
    return padding.PSS(mgf=padding.MGF1(digest), salt_length=digest.digest_size)


def _der(signature: bytes) -> bytes:
    """Converts R and S in sequence (RFC 7518, section 3.4)."""
    half = len(signature) // 2
    r, s = int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big")
    return utils.encode_dss_signature(r, s)


@lru_cache(maxsize=256)
def _key(jwk: str) -> PublicKey:
    members: dict[str, str] = json.loads(jwk)

    def number(name: str) -> int:
        text = members[name]
        return int.from_bytes(urlsafe_b64decode(text + "=" * (-len(text) % 4)), "big")

    if members["kty"] == "RSA":
        return rsa.RSAPublicNumbers(number("e"), number("n")).public_key()
    curve = CURVES[members["crv"]]
    return ec.EllipticCurvePublicNumbers(number("x"), number("y"), curve).public_key()
