"""A push service on loopback that judges what it gets as a browser's maker's does, and the browser that reads it."""

import json
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from anju.grants import encoding


@dataclass
class Browser:
    """One browser's subscription: only its private key opens what is sent to it."""

    endpoint: str
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    auth: bytes = field(default_factory=lambda: secrets.token_bytes(16))

    @property
    def point(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def json(self) -> dict[str, Any]:
        """As `PushSubscription.toJSON()` gives it."""
        keys = {"p256dh": encoding.encode(self.point), "auth": encoding.encode(self.auth)}
        return {"endpoint": self.endpoint, "keys": keys}

    def read(self, body: bytes) -> dict[str, Any]:
        """What a message says (RFC 8291). Raises InvalidTag when it is for another."""
        salt, length = body[:16], body[20]
        sender, sealed = body[21 : 21 + length], body[21 + length :]
        shared = self.key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender))
        first = HKDF(SHA256(), 32, self.auth, b"WebPush: info\0" + self.point + sender).derive(shared)
        key = HKDF(SHA256(), 16, salt, b"Content-Encoding: aes128gcm\0").derive(first)
        nonce = HKDF(SHA256(), 12, salt, b"Content-Encoding: nonce\0").derive(first)
        plain = AESGCM(key).decrypt(nonce, sealed, None).rstrip(b"\0")
        assert plain.endswith(b"\x02")
        found: dict[str, Any] = json.loads(plain[:-1])
        return found


@dataclass
class Pushed:
    """One request that it took. vapid: the claims, after the signature held."""

    path: str
    headers: dict[str, str]
    body: bytes
    vapid: dict[str, Any]


class PushService(ThreadingHTTPServer):
    """got: what it took. answers, after: the status it gives and its Retry-After. key: whose messages it takes."""

    def __init__(self) -> None:
        self.got: list[Pushed] = []
        self.answers = 201
        self.after: int | None = None
        self.key = ""
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_port}"

    def browser(self) -> Browser:
        return Browser(f"http://{self.host}/push/{secrets.token_urlsafe(24)}")


class _Handler(BaseHTTPRequestHandler):
    server: PushService

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        scheme, _, rest = self.headers["Authorization"].partition(" ")
        parts = dict(one.strip().split("=", 1) for one in rest.split(","))
        point = encoding.decode(parts["k"])
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
        try:
            claims = jwt.decode(parts["t"], key, algorithms=["ES256"], audience=f"http://{self.server.host}")
        except jwt.InvalidTokenError:
            self._answer(403)
            return
        if scheme != "vapid" or parts["k"] != self.server.key:
            self._answer(403)
            return
        if self.server.answers < 300:
            self.server.got.append(Pushed(self.path, dict(self.headers), body, claims))
        self._answer(self.server.answers)

    def _answer(self, status: int) -> None:
        self.send_response(status)
        if self.server.after is not None:
            self.send_header("Retry-After", str(self.server.after))
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextmanager
def running() -> Iterator[PushService]:
    with PushService() as service:
        threading.Thread(target=service.serve_forever, daemon=True).start()
        try:
            yield service
        finally:
            service.shutdown()
