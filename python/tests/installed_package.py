"""Uses the installed package as a user's app does, with only the packages that it requires:
`python -I installed_package.py`. It fails unless a token that Better Auth would sign is accepted
and a changed one is rejected, and unless a panic of the core is an exception.
"""

import asyncio
import json
import sys
import threading
import time
from base64 import urlsafe_b64encode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Annotated

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import Depends, FastAPI

import better_auth_edge
from better_auth_edge import EdgeAuth, EdgeAuthSettings, User, _core


def main() -> None:
    for module in (better_auth_edge, _core):
        if not Path(str(module.__file__)).is_relative_to(sys.prefix):
            raise SystemExit(f"{module.__name__} is not installed: {module.__file__}")
    key = Ed25519PrivateKey.generate()
    x = base64url(key.public_key().public_bytes_raw())
    keys = {"keys": [{"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "kid": "1", "x": x}]}
    with publisher(json.dumps(keys).encode()) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        try:
            asyncio.run(check(url, key))
        finally:
            server.shutdown()
    print("the next panic is a test", file=sys.stderr)
    try:
        _core.panics()
    except RuntimeError:
        pass
    else:
        raise SystemExit("a panic is not a RuntimeError: the profile must unwind")
    print(f"better-auth-edge verifies tokens on Python {sys.version.split()[0]}")


async def check(url: str, key: Ed25519PrivateKey) -> None:
    app = app_for(url)
    claims = {"sub": "u1", "iss": url, "aud": url, "exp": int(time.time()) + 60}
    header = {"alg": "EdDSA", "kid": "1"}
    parts = [base64url(json.dumps(part).encode()) for part in (header, claims)]
    message = ".".join(parts)
    signature = key.sign(message.encode())
    other = bytes([signature[0] ^ 1]) + signature[1:]
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://app.test") as client:
        for expected, by in ((200, signature), (401, other)):
            token = f"{message}.{base64url(by)}"
            response = await client.get("/me", headers={"Authorization": f"Bearer {token}"})
            if response.status_code != expected:
                raise SystemExit(f"{response.status_code}, not {expected}: {response.text}")


def app_for(url: str) -> FastAPI:
    app = FastAPI()
    auth = EdgeAuth(EdgeAuthSettings(better_auth_url=url))
    auth.install(app)

    @app.get("/me")
    async def me(user: Annotated[User, Depends(auth.current_user)]) -> str:
        return user.id

    return app


def publisher(document: bytes) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(document)))
            self.end_headers()
            self.wfile.write(document)

        def log_message(self, *_: object) -> None:
            pass

    return ThreadingHTTPServer(("127.0.0.1", 0), Handler)


def base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


if __name__ == "__main__":
    main()
