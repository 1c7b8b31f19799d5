"""A stand-in for the edge: publishes its keys on loopback and signs assertions."""

import base64
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import UUID, uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

JSON = dict[str, Any]
ORIGIN = "http://origin.example:8000"


class Edge:
    """Use it as a context manager."""

    def __init__(self) -> None:
        self.key = Ed25519PrivateKey.generate()

    def __enter__(self) -> "Edge":
        public = base64.urlsafe_b64encode(self.key.public_key().public_bytes_raw())
        jwk = {"kty": "OKP", "crv": "Ed25519", "kid": "edge", "x": public.rstrip(b"=").decode()}
        document = json.dumps({"keys": [jwk]}).encode()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Length", str(len(document)))
                self.end_headers()
                self.wfile.write(document)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        # A daemon thread, so that the tests end even if the import of the app fails.
        self._thread = threading.Thread(target=self._server.serve_forever, args=[0.01], daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def assertion(self, uuid: UUID | None, **changes: object) -> str:
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": ORIGIN,
            "sub": "ada" if uuid is None else str(uuid),
            "iat": now,
            "exp": now + 60,
            "jti": uuid4().hex,
            "claims": {"sub": "ada", "email": "ada@example.com", "name": "Ada Lovelace"}
            | ({} if uuid is None else {"uuid": str(uuid)}),
            **changes,
        }
        header = {"typ": "edge-assertion+jwt", "kid": "edge"}
        return jwt.encode(claims, self.key, algorithm="EdDSA", headers=header)
