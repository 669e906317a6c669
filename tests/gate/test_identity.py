"""How a machine becomes a gate."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from anju.gate import identity
from anju.gate.cli import main
from anju.gate.identity import NotRegistered
from anju.grants import encoding

WELCOME = {
    "gate": str(uuid4()),
    "name": "东门",
    "nats": ["nats://127.0.0.1:4222"],
    "jwt": "header.body.signature",
    "platform_key": encoding.encode(Ed25519PrivateKey.generate().public_key().public_bytes_raw()),
    "settings": {"open_seconds": 5, "time_zone": "Asia/Shanghai"},
}


class Platform(HTTPServer):
    """Answers every registration the same way, and remembers what it was asked."""

    answer: tuple[int, str, bytes] = (201, "application/json", json.dumps(WELCOME).encode())
    asked: dict[str, Any] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Platform

    def do_POST(self) -> None:
        self.server.asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status, kind, body = self.server.answer
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def platform() -> Iterator[Platform]:
    with Platform(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_a_machine_registers_with_its_public_keys_and_keeps_the_private_ones(
    platform: Platform, tmp_path: Path
) -> None:
    home = tmp_path / "gate"
    me = identity.register(platform.url, "ABCD-EFGH", home)
    assert (me.gate, me.name, me.open_seconds) == (WELCOME["gate"], "东门", 5)
    assert platform.asked["code"] == "ABCD-EFGH"
    assert platform.asked["nkey"].startswith("U")
    assert encoding.decode(platform.asked["box_key"]) == me.box.public_key().public_bytes_raw()
    secrets = json.loads((home / "keys").read_text())
    assert not set(secrets.values()) & set(platform.asked.values())
    assert home.stat().st_mode & 0o077 == 0
    assert {path.stat().st_mode & 0o077 for path in home.iterdir()} == {0}
    again = identity.load(home)
    assert (again.seed, again.storage, again.registration) == (me.seed, me.storage, me.registration)


def test_a_refused_code_is_told_in_the_platforms_own_words_and_changes_nothing(
    platform: Platform, tmp_path: Path
) -> None:
    home = tmp_path / "gate"
    identity.register(platform.url, "ABCD-EFGH", home)
    before = (home / "registration.json").read_bytes()
    problem = json.dumps({"detail": "接入码无效、已使用或已过期"}).encode()
    platform.answer = (403, "application/problem+json", problem)
    with pytest.raises(NotRegistered, match="接入码无效"):
        identity.register(platform.url, "WRONG", home)
    assert (home / "registration.json").read_bytes() == before


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((502, "text/html", b"<h1>Bad gateway</h1>"), "502"),
        ((201, "text/html", b"<h1>Welcome</h1>"), "cannot be read"),
        ((201, "application/json", b'{"gate": "x"}'), "cannot be read"),
    ],
)
def test_an_answer_that_is_no_platforms_registers_nothing(
    platform: Platform, tmp_path: Path, answer: tuple[int, str, bytes], words: str
) -> None:
    platform.answer = answer
    with pytest.raises(NotRegistered, match=words):
        identity.register(platform.url, "ABCD-EFGH", tmp_path)
    assert not (tmp_path / "registration.json").exists()


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "not a url", "http://"])
def test_a_platform_that_does_not_answer_is_named(tmp_path: Path, url: str) -> None:
    with pytest.raises(NotRegistered, match="does not answer"):
        identity.register(url, "ABCD-EFGH", tmp_path)


def test_a_gate_that_is_not_registered_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--home", str(tmp_path)]) == 1
    assert f"anju gate register --platform URL --code CODE --home {tmp_path}" in capsys.readouterr().err


def test_the_command_line_registers(platform: Platform, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["register", "--platform", platform.url, "--code", "ABCD-EFGH", "--home", str(tmp_path)]
    assert main(arguments) == 0
    assert "东门" in capsys.readouterr().out
