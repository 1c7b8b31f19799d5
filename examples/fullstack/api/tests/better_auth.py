"""A stand-in for Better Auth: publishes a JWK Set on loopback and signs the tokens it would."""

import base64
import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import UUID, uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import OKPAlgorithm

JSON = dict[str, Any]


class Key:
    def __init__(self) -> None:
        self.kid = uuid4().hex
        self.private = Ed25519PrivateKey.generate()

    @property
    def jwk(self) -> JSON:
        public: JSON = OKPAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
        return {"alg": "EdDSA", **public, "kid": self.kid}

    @property
    def private_jwk(self) -> JSON:
        return {**self.jwk, **OKPAlgorithm.to_jwk(self.private, as_dict=True)}


class BetterAuth:
    """Use it as a context manager; while `answer` is set it is what /api/auth/jwks says."""

    def __init__(self) -> None:
        self.key = Key()
        self.published: list[JSON] = [self.key.jwk]
        self.answer: Callable[[BaseHTTPRequestHandler], None] | None = None
        self.fetches = 0

    def __enter__(self) -> "BetterAuth":
        better_auth = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path != "/api/auth/jwks":
                    return respond(self, 404, b"")
                better_auth.fetches += 1
                if better_auth.answer is not None:
                    return better_auth.answer(self)
                return respond(self, 200, json.dumps({"keys": better_auth.published}).encode())

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

    def rotate(self) -> None:
        """Makes a new key and goes on publishing the old one."""
        self.key = Key()
        self.published.append(self.key.jwk)

    def goes_down(self) -> None:
        self.answer = lambda request: respond(request, 500, b"")

    def comes_back(self) -> None:
        self.answer = None

    def claims(self, **changes: object) -> JSON:
        """What the JWT plugin puts into a session token; `...` leaves a claim out."""
        now = int(time.time())
        claims = {
            "id": "ada",
            "name": "Ada Lovelace",
            "email": "ada@example.com",
            "emailVerified": True,
            "iat": now,
            "sub": "ada",
            "exp": now + 900,
            "iss": self.url,
            "aud": self.url,
            **changes,
        }
        return {name: value for name, value in claims.items() if value is not ...}

    def sign(self, claims: JSON, header: JSON | None = None, key: Key | None = None) -> str:
        key = key or self.key
        # `typ: None` keeps PyJWT from adding one: Better Auth's header is {alg, kid}.
        headers = {"kid": key.kid, "typ": None, **(header or {})}
        return jwt.encode(claims, key.private, algorithm="EdDSA", headers=headers)

    def token(self, uuid: UUID | str | None = None, **changes: object) -> str:
        return self.sign(self.claims(**({"uuid": str(uuid)} if uuid else {}), **changes))


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


def compact(header: JSON, claims: JSON, sign: Callable[[bytes], bytes]) -> str:
    """A compact JWS as a forger writes one, past every check of a library."""
    signing_input = ".".join(base64url(json.dumps(part).encode()) for part in (header, claims))
    return f"{signing_input}.{base64url(sign(signing_input.encode()))}"
