"""A Hikvision terminal as it answers: digest sign-in checked (RFC 7616), people and cards kept, the door counted."""

import hashlib
import json
import re
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ACCOUNT, PASSWORD = "admin", "Gate#2026"


class Device:
    """What it knows. refused: requests that did not prove the password."""

    def __init__(self) -> None:
        self.people: dict[str, dict[str, Any]] = {}
        self.cards: dict[str, str] = {}
        self.opened = 0
        self.hosts = ""
        self.refused = 0
        self.bodies: list[str] = []
        self.full = False

    def json(self, path: str, said: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Answer as the maker's guide says. Raises KeyError for what it does not know."""
        fine = {"statusCode": 1, "statusString": "OK", "subStatusCode": "ok"}
        if path == "/ISAPI/AccessControl/UserInfo/SetUp":
            if self.full:
                return 403, {
                    "statusCode": 6,
                    "statusString": "Invalid Content",
                    "subStatusCode": "employeeNoAlreadyExist",
                }
            one = said["UserInfo"]
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", one["Valid"]["endTime"])
            assert len(one["employeeNo"]) <= 32
            self.people[one["employeeNo"]] = one
        elif path == "/ISAPI/AccessControl/UserInfo/Delete":
            for one in said["UserInfoDelCond"]["EmployeeNoList"]:
                self.people.pop(one["employeeNo"], None)
        elif path == "/ISAPI/AccessControl/CardInfo/Record":
            one = said["CardInfo"]
            assert one["employeeNo"] in self.people
            self.cards[one["cardNo"]] = one["employeeNo"]
        elif path == "/ISAPI/AccessControl/CardInfo/Delete":
            gone = {one["employeeNo"] for one in said["CardInfoDelCond"]["EmployeeNoList"]}
            self.cards = {card: who for card, who in self.cards.items() if who not in gone}
        else:
            raise KeyError(path)
        return 200, fine


@contextmanager
def serving() -> Iterator[tuple[Device, str]]:
    """A terminal on a loopback port, and its address."""
    device = Device()
    nonces: set[str] = set()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def _proves(self) -> bool:
            given = self.headers.get("Authorization", "")
            said = dict(re.findall(r'(\w+)="?([^",]+)"?', given))
            if said.get("nonce") not in nonces or said.get("username") != ACCOUNT or said.get("uri") != self.path:
                return False

            def md5(text: str) -> str:
                return hashlib.md5(text.encode()).hexdigest()  # noqa: S324  the protocol's own

            one, two = md5(f"{ACCOUNT}:anju:{PASSWORD}"), md5(f"{self.command}:{self.path}")
            right = md5(f"{one}:{said['nonce']}:{said.get('nc')}:{said.get('cnonce')}:{said.get('qop')}:{two}")
            return secrets.compare_digest(right, said.get("response", ""))

        def _answer(self, status: int, body: bytes, **headers: str) -> None:
            self.send_response(status)
            for name, text in headers.items():
                self.send_header(name.replace("_", "-"), text)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if not self._proves():
                device.refused += "Authorization" in self.headers
                nonces.add(nonce := secrets.token_hex(16))
                self._answer(
                    401, b"", WWW_Authenticate=f'Digest realm="anju", qop="auth", nonce="{nonce}", algorithm=MD5'
                )
                return
            device.bodies.append(body.decode())
            path = self.path.partition("?")[0]
            if path.startswith("/ISAPI/AccessControl/RemoteControl/door/"):
                device.opened += b"<cmd>open</cmd>" in body
                self._answer(200, b"<ResponseStatus><statusCode>1</statusCode></ResponseStatus>")
            elif path == "/ISAPI/Event/notification/httpHosts":
                device.hosts = body.decode()
                self._answer(200, b"<ResponseStatus><statusCode>1</statusCode></ResponseStatus>")
            else:
                status, said = device.json(path, json.loads(body))
                self._answer(status, json.dumps(said).encode(), Content_Type="application/json")

        do_PUT = do_POST = _serve

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield device, f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
