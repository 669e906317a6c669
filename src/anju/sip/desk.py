"""The desk: a process of its own that speaks for the line to telephones, and to which the media relay tells pressed digits.

Not the web process: calls go on while that one is busy or restarted, and nothing in front of it can lead here by mistake.
What is decided about calls, others decide (deciding.py): of them there may be several.
"""

import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import structlog
from django.db import close_old_connections
from django.utils import timezone

from anju.privacy import scope
from anju.privacy.refusals import Refused
from anju.sip import asking, calls, lost
from anju.sip.asking import Asked, Said
from anju.sip.line import line

log = structlog.get_logger()
DIGITS = "0123456789*#ABCD"
"""By the number of their event (RFC 4733, 3.2)."""
MOST = 65_536
"""Bytes of a question."""
TURNS, TURN = 60, 0.03
"""How often, and after how many seconds again, a key is looked at that came before the word that its call is answered."""
Request = socket.socket | tuple[bytes, socket.socket]


def _line(asked: Asked) -> Said:
    """Kamailio has something to carry that it says began at the line: for whom, through whom, how long."""
    found = line.named(asked["dialog"])
    return {"to": found.to, "next": found.next_hop, "seconds": str(found.seconds)} if found else {"to": ""}


def _digit(asked: Asked) -> Said:
    _press(asked["dialog"], asked["tag"], signal(bytes.fromhex(asked["body"]).decode()), at=asked["at"])
    return {}


def _trunks(asked: Asked) -> Said:
    """The operator has changed a line, or tries one: what the carrier said, or why it was not asked."""
    if "trunk" not in asked:
        line.changed()
        return {}
    try:
        return {"came": line.try_out(UUID(asked["trunk"]), UUID(asked["person"]))}
    except Refused as refused:
        return {"refused": refused.code}


_hands = ThreadPoolExecutor(8, thread_name_prefix="key")
_room = threading.Semaphore(64)


def _press(name: str, tag: str, digit: str, source: str | None = None, at: str = "") -> None:
    """Have a key do what it does, and do not wait: a gate that is silent for seconds must hold up nobody else's call.

    source: whose sound it was part of; at: or where the message came from.
    """
    heard = timezone.now() if source else None
    if not _room.acquire(blocking=False):
        log.warning("too_many_keys")
        return

    def do() -> None:
        try:
            if line.pressed(name, tag, digit, source):
                return
            for _turn in range(TURNS):
                with scope.request():
                    close_old_connections()
                    if calls.pressed(name, tag, digit, source or at, heard) != "not_yet":
                        return
                time.sleep(TURN)
        except Exception as error:  # noqa: BLE001  one key is lost, the hand stays; the message may quote what was typed
            log.error("sip_key", error=type(error).__name__)
        finally:
            _room.release()

    _hands.submit(do)


QUESTIONS: asking.Questions = {
    "/line": _line,
    "/trunks": _trunks,
    "/digit": _digit,
    "/health": lambda _: {},
}


def signal(body: str) -> str:
    """The key in a SIP INFO's body: `Signal=#` with or without more lines (dtmf-relay), or the bare key (dtmf)."""
    for one in body.splitlines():
        name, equals, value = one.partition("=")
        if equals and name.strip().lower() == "signal":
            return value.strip()[:1]
    return body.strip()[:1]


class Handler(BaseHTTPRequestHandler):
    """One question and its answer. Who does not show the secret is told nothing."""

    timeout = 10

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or int(length) > MOST:
            self.close_connection = True
            self._send(413, {})
            return
        self.rfile.read(int(length))
        self._answer()

    def _answer(self) -> None:
        where = urlsplit(self.path)
        self._send(*asking.answer(QUESTIONS, where.path, where.query, self.headers.get(asking.HEADER, "")))

    def _send(self, status: int, said: Said) -> None:
        body = asking.written(said)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:  # Any: the base class's own
        """Nothing: addresses and names are in it."""


class Server(HTTPServer):
    """A question is a line of its own, and its thread is kept: with it, its connection to the database."""

    request_queue_size = 128
    threads = ThreadPoolExecutor(16, thread_name_prefix="desk")

    def process_request(self, request: Request, client_address: Any) -> None:  # Any: the base class's own
        self.threads.submit(self._serve, request, client_address)

    def _serve(self, request: Request, client_address: Any) -> None:
        try:
            self.finish_request(request, client_address)
        except Exception:  # noqa: BLE001  as the base class does it: one line is lost, the desk goes on
            self.handle_error(request, client_address)
        finally:
            self.shutdown_request(request)


def hear(line: socket.socket, relay: int) -> None:
    """Digits as the media relay hears them (RFC 4733): JSON by UDP, which carries no secret; so whose socket it came from is asked.

    relay: the user the relay runs as.
    """
    while True:
        data, sender = line.recvfrom(4096)
        if sender[0] != "127.0.0.1" or _owner(sender[1]) not in (relay, None):
            log.warning("digit_from_elsewhere")
            continue
        try:
            said = json.loads(data)
            digit = DIGITS[int(said["event"])]
            name, tag, source = str(said["callid"]), str(said["source_tag"]), str(said["source_ip"])
        except (ValueError, KeyError, TypeError, IndexError) as error:
            log.warning("digit_unreadable", error=type(error).__name__)
            continue
        _press(name, tag, digit, source)


def _owner(port: int) -> int | None:
    """The user whose UDP socket has this port; None where the system does not show it."""
    try:
        lines = Path("/proc/net/udp").read_text().splitlines()[1:]
    except OSError:
        return None
    for fields in map(str.split, lines):
        if int(fields[1].rpartition(":")[2], 16) == port:
            return int(fields[7])
    return -1


def serve(port: int, digits: int, relay: int) -> None:
    """Until told to stop."""
    line.start()
    ear = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    ear.bind(("127.0.0.1", digits))
    threading.Thread(target=hear, args=(ear, relay), name="digits", daemon=True).start()
    threading.Thread(target=lost.watch, name="lost", daemon=True).start()
    with Server(("127.0.0.1", port), Handler) as server:
        server.serve_forever(poll_interval=0.2)
