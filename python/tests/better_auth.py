"""Stand-ins on loopback for the publishers of keys: Better Auth and an edge."""

import base64
import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typing_extensions import Self

JSON = dict[str, Any]

GENERATE: dict[str, Callable[[], Any]] = {
    "EdDSA": Ed25519PrivateKey.generate,
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "ES512": lambda: ec.generate_private_key(ec.SECP521R1()),
    "PS256": lambda: rsa.generate_private_key(65537, 2048),
    "RS256": lambda: rsa.generate_private_key(65537, 2048),
}


def public_jwk(private: Any, algorithm: str = "EdDSA") -> JSON:
    signer = jwt.get_algorithm_by_name(algorithm)
    jwk = signer.to_jwk(private.public_key(), as_dict=True)
    jwk.pop("key_ops", None)
    return jwk


class Key:
    def __init__(self, algorithm: str = "EdDSA") -> None:
        self.algorithm = algorithm
        self.kid = uuid4().hex
        self.private = GENERATE[algorithm]()

    @property
    def jwk(self) -> JSON:
        """As Better Auth publishes it: no `use`, no `key_ops`."""
        return {"alg": self.algorithm, **public_jwk(self.private, self.algorithm), "kid": self.kid}

    def sign(self, claims: JSON, **header: object) -> str:
        """Better Auth's header is {alg, kid}."""
        return self.sign_bytes(json.dumps(claims).encode(), **header)

    def sign_bytes(self, payload: bytes, **header: object) -> str:
        members = {"alg": self.algorithm, "kid": self.kid, **header}
        present = {name: value for name, value in members.items() if value is not ...}
        signer = jwt.get_algorithm_by_name(self.algorithm)
        signing_input = f"{base64url(json.dumps(present).encode())}.{base64url(payload)}"
        signature = signer.sign(signing_input.encode(), self.private)
        return f"{signing_input}.{base64url(signature)}"


class Publisher:
    """Use it as a context manager: it publishes `keys` on every path. While `handler` is set,
    it handles the requests instead.
    """

    def __init__(self, algorithm: str = "EdDSA") -> None:
        self.key = Key(algorithm)
        self.keys: list[JSON] = [self.key.jwk]
        self.handler: Callable[[BaseHTTPRequestHandler], None] | None = None
        self.paths: list[str] = []

    def __enter__(self) -> Self:
        publisher = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                publisher.paths.append(self.path)
                if publisher.handler is not None:
                    return publisher.handler(self)
                return respond(self, 200, json.dumps({"keys": publisher.keys}).encode())

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=[0.01])
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def fetches(self) -> int:
        return len(self.paths)

    def rotate(self) -> None:
        """Makes a new key and goes on publishing the old one."""
        self.key = Key(self.key.algorithm)
        self.keys = [*self.keys, self.key.jwk]

    def goes_down(self) -> None:
        self.handler = lambda request: respond(request, 500, b"")

    def comes_back(self) -> None:
        self.handler = None

    def claims(self, **changes: object) -> JSON:
        """What the JWT plugin puts into a session token; `...` leaves a claim out."""
        now = int(time.time())
        claims = {
            "id": "ada",
            "name": "Ada Lovelace",
            "email": "ada@example.com",
            "iat": now,
            "sub": "ada",
            "exp": now + 900,
            "iss": self.url,
            "aud": self.url,
            **changes,
        }
        return {name: value for name, value in claims.items() if value is not ...}

    def token(self, **changes: object) -> str:
        return self.key.sign(self.claims(**changes))


ORIGIN = "http://origin.example:8000"


class Edge(Publisher):
    """An edge that signs assertions for `ORIGIN`."""

    def assertion_claims(self, **changes: object) -> JSON:
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": ORIGIN,
            "sub": "ada",
            "iat": now,
            "exp": now + 60,
            "jti": uuid4().hex,
            "claims": {"sub": "ada", "email": "ada@example.com", "name": "Ada Lovelace"},
            **changes,
        }
        return {name: value for name, value in claims.items() if value is not ...}

    def assertion(self, **changes: object) -> str:
        return self.key.sign(self.assertion_claims(**changes), typ="edge-assertion+jwt")


def respond(
    request: BaseHTTPRequestHandler, status: int, body: bytes, headers: JSON | None = None
) -> None:
    request.send_response(status)
    for name, value in {"Content-Length": len(body), **(headers or {})}.items():
        request.send_header(name, str(value))
    request.end_headers()
    request.wfile.write(body)


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def base64url_decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
