"""Linphone scans the code that the app shows, rings for the home, and opens with #: the real program."""

import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

import pytest
from django.test import Client

from anju.homes.models import Home
from anju.intercom.models import CallState
from anju.people.models import Person
from anju.sip import kamailio
from tests.doors import Door
from tests.intercom.conftest import Pad
from tests.sip.agent import Agent
from tests.sip.conftest import until
from tests.sip.test_calls import HOME, opened, state

PROGRAM = "linphonec"


@contextmanager
def serving(file: bytes) -> Iterator[str]:
    """The provisioning file at an address, as the platform serves it."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/xml")
            self.send_header("Content-Length", str(len(file)))
            self.end_headers()
            self.wfile.write(file)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


class Linphone:
    """linphonec with a home of its own, which knows nothing but where its account is."""

    def __init__(self, home: Path, address: str) -> None:
        (home / ".local" / "share" / "linphone").mkdir(parents=True)
        (home / "rc").write_text(f"[misc]\nconfig-uri={address}\n[sip]\nuse_ipv6=0\nsip_port=-1\nsip_tcp_port=-1\n")
        self._out = home / "out"
        self._process = subprocess.Popen(
            [PROGRAM, "-c", str(home / "rc")],
            stdin=subprocess.PIPE,
            stdout=self._out.open("wb"),
            stderr=subprocess.STDOUT,
            env={"HOME": str(home), "PATH": "/usr/bin:/bin"},
        )
        self.say("soundcard use files")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.say("quit")
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()

    def say(self, command: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{command}\n".encode())
        self._process.stdin.flush()

    def said(self, text: str, seconds: float = 15) -> bool:
        return until(lambda: text in self._out.read_text(errors="replace"), seconds)


@pytest.fixture
def stranger(rows: None) -> Door:
    """Whoever is not signed in: outside of any transaction of the test's."""
    return Door(Client())


@pytest.fixture
def account(resident: Person, home: Home) -> dict[str, Any]:
    """What the app shows after adding a softphone."""
    answer = Door.of(resident).post("/sip/devices", {"home": str(home.pk), "label": "书房"})
    assert answer.status == 201, answer.body
    return dict(answer.body)


def provisioned(account: dict[str, Any], stranger: Door) -> bytes:
    path = account["qr"].partition("/api/v1")[2]
    file = stranger.client.get(f"/api/v1{path}")
    assert file.status_code == 200
    assert stranger.get(path).code == "unknown_ticket"  # once
    return bytes(file.content)


def test_a_scanned_code_makes_linphone_ring_answer_and_open(
    pad: Pad, page: Agent, account: dict[str, Any], stranger: Door, tmp_path: Path
) -> None:
    if shutil.which(PROGRAM) is None:
        pytest.skip("not installed: apt-get install linphone-cli")
    (tmp_path / "phone").mkdir()
    with serving(provisioned(account, stranger)) as address, Linphone(tmp_path / "phone", address) as phone:
        assert until(lambda: kamailio.contacts(account["username"]), 15)
        call = pad.dial("1-1-1201")["call"]
        assert page.invite(HOME, call=call) == 0
        assert phone.said("Receiving new incoming call")
        phone.say("answer")
        assert page.outcome() == 200
        assert until(lambda: state(call) == CallState.ANSWERED)
        phone.say("#")
        assert until(lambda: opened(call))
        assert pad.device.door.opened == 1
        phone.say("terminate")
        assert until(lambda: state(call) == CallState.ENDED)


def test_the_app_lists_and_removes_it_and_its_password_is_void(
    resident: Person, account: dict[str, Any], stranger: Door, agent: Any
) -> None:
    app = Door.of(resident)
    phone = agent(account["username"], account["password"])
    assert phone.register() == 200
    [listed] = app.get("/sip/devices").body["devices"]
    assert (listed["label"], listed["home"]) == ("书房", "1栋1单元1201")
    assert app.delete(f"/sip/devices/{listed['id']}").status == 204
    assert phone.register() == 401
    assert stranger.get(account["qr"].partition("/api/v1")[2]).code == "unknown_ticket"


def test_a_password_that_was_typed_ends_when_the_code_is_scanned(
    account: dict[str, Any], stranger: Door, agent: Any
) -> None:
    provisioned(account, stranger)
    assert agent(account["username"], account["password"]).register() == 401
