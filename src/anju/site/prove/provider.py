"""A text message provider on loopback that speaks the real protocol over a real socket."""

import hashlib
import hmac
import json
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SECRET = secrets.token_hex(16)


class Provider(ThreadingHTTPServer):
    """got: what it was given, if the signature held, until somebody took it. seen: all of it. answers: the status it gives."""

    def __init__(self) -> None:
        self.got: list[dict[str, Any]] = []
        self.seen: list[dict[str, Any]] = []
        self.forged = 0
        self.answers = 200
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/send"


class _Handler(BaseHTTPRequestHandler):
    server: Provider

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        mark = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        if hmac.compare_digest(mark, self.headers.get("X-Anju-Signature", "")):
            self.server.got.append(json.loads(body))
            self.server.seen.append(json.loads(body))
        else:
            self.server.forged += 1
        self.send_response(self.server.answers)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextmanager
def running() -> Iterator[Provider]:
    with Provider() as provider:
        threading.Thread(target=provider.serve_forever, daemon=True).start()
        try:
            yield provider
        finally:
            provider.shutdown()
