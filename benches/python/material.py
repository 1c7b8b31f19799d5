"""Keys, tokens and the JWK Set of an auth server."""

import base64
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

LIFETIME = 900
"""Seconds: Better Auth's default, and the most that fastapi-better-auth-bridge accepts."""

GENERATE = {
    "EdDSA": Ed25519PrivateKey.generate,
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "RS256": lambda: rsa.generate_private_key(65537, 2048),
}


class Key:
    """A signing key with Better Auth's form of `kid`."""

    def __init__(self, algorithm: str) -> None:
        self.algorithm = algorithm
        self.kid = f"m3kVtqYzvKjzQpY1w8cXb2RrT0s{algorithm}"
        self.private: Any = GENERATE[algorithm]()
        self._signer = jwt.get_algorithm_by_name(algorithm)

    @property
    def public(self) -> Any:
        return self.private.public_key()

    @property
    def jwk(self) -> dict[str, Any]:
        """As Better Auth publishes it: without `use` and `key_ops`."""
        jwk = self._signer.to_jwk(self.public, as_dict=True)
        jwk.pop("key_ops", None)
        return {"alg": self.algorithm, **jwk, "kid": self.kid}

    def token(self, number: int, issuer: str) -> str:
        """A new token with Better Auth's default claims and header."""
        header = {"alg": self.algorithm, "kid": self.kid}
        signing_input = f"{encoded(header)}.{encoded(claims(number, issuer))}"
        signature = self._signer.sign(signing_input.encode(), self.private)
        return f"{signing_input}.{base64url(signature)}"


def claims(number: int, issuer: str) -> dict[str, Any]:
    now = int(time.time())
    user = f"k7dJx0QvA2mNcY5bWzLrP9sT{number:08}"
    return {
        "iat": now,
        "name": "Ada",
        "email": f"ada.{number}@example.com",
        "emailVerified": True,
        "createdAt": "2026-10-03T09:14:07.311Z",
        "updatedAt": "2026-11-02T17:40:55.102Z",
        "id": user,
        "sub": user,
        "exp": now + LIFETIME,
        "iss": issuer,
        "aud": issuer,
    }


def encoded(value: object) -> str:
    return base64url(json.dumps(value, separators=(",", ":")).encode())


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@contextmanager
def auth_server(keys: list[Key]) -> Iterator[str]:
    """Serves a JWK Set on loopback and yields the server's URL."""
    document = json.dumps({"keys": [key.jwk for key in keys]}).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(document)))
            self.end_headers()
            self.wfile.write(document)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
