"""Torn, lying and endless messages by every way in: the servers stay up, no door opens, and the next call is an ordinary one."""

import random
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from anju.homes.models import Home
from anju.installation.paths import LOGS, RUN
from anju.installation.ports import outer, ports
from anju.intercom.models import CallState
from anju.people.models import Person
from tests.intercom.conftest import Pad
from tests.sip import websocket
from tests.sip.agent import LINE, SDP, Agent
from tests.sip.conftest import Register, until
from tests.sip.test_calls import HOME, device, opened, state
from tests.sip.test_keys_in_sound import talking

PARTS = ("sip-kamailio", "sip-rtpengine", "sip-calls", "sip-desk")
TLS = ("sip_tls", "sip_wss")
SEED = 4733
METHODS = ("INVITE", "REGISTER", "ACK", "BYE", "CANCEL", "OPTIONS", "INFO", "UPDATE", "PRACK", "MESSAGE", "REFER", "SUBSCRIBE", "NOTIFY", "PUBLISH")  # fmt: skip
WORDS = (
    b"\0", b"\xff\xfe", b"\r\n", b"\r\n\r\n", b"\n", b"\t", b"\"", b"<", b">", b";", b":", b"%s%n%x", b"%00", b"@", b"=", b",", b"\\",
    b"999999999999999999999", b"-1", b"sip:", b"sips:[::1]", b"tel:+1", b"A" * 2000, "门".encode(), b"' or 1=1 --", b"$(id)", b"../../etc/passwd",
)  # fmt: skip


def whole(method: str, body: str = "") -> bytes:
    """An ordinary request by somebody unknown."""
    lines = [
        f"{method} sip:1-1-1201@anju SIP/2.0",
        "Via: SIP/2.0/UDP 127.0.0.1:5099;branch=z9hG4bK1;rport",
        "From: <sip:somebody@anju>;tag=1",
        "To: <sip:1-1-1201@anju>",
        "Call-ID: torn",
        f"CSeq: 1 {method}",
        "Contact: <sip:somebody@127.0.0.1:5099>",
        "Max-Forwards: 70",
        'Authorization: Digest username="somebody",realm="anju",nonce="x",uri="sip:anju",response="0",qop=auth,nc=00000001,cnonce="a"',
        "Content-Type: application/sdp",
        f"Content-Length: {len(body)}",
    ]
    return (LINE.join(lines) + LINE * 2 + body).encode()


def known() -> Iterator[bytes]:
    """What has felled SIP servers before."""
    invite = whole("INVITE", SDP.format(port=4000))
    for name in (b"To", b"From", b"Call-ID", b"CSeq", b"Via", b"Max-Forwards", b"Contact", b"Content-Length"):
        lines = invite.split(b"\r\n")
        yield b"\r\n".join(one for one in lines if not one.startswith(name + b":"))
        yield b"\r\n".join(name + b":" if one.startswith(name + b":") else one for one in lines)
        yield b"\r\n".join(name + b": " + b"B" * 30_000 if one.startswith(name + b":") else one for one in lines)
        yield b"\r\n".join(one + b"\r\n" + one if one.startswith(name + b":") else one for one in lines)
    for length in (b"-1", b"0", b"1", b"99999999999999999999", b"x", b"4294967296"):
        yield invite.replace(b"Content-Length: ", b"Content-Length: " + length + b"\r\nX: ")
    via = b"Via: SIP/2.0/UDP 127.0.0.1:5099;branch=z9hG4bK"
    yield invite.replace(via + b"1;rport", b"\r\n".join(via + str(number).encode() for number in range(1200)))
    yield invite.replace(
        b"Max-Forwards", b"\r\n".join(b"Route: <sip:127.0.0.1;lr>" for _ in range(2000)) + b"\r\nMax-Forwards"
    )
    yield invite.replace(b"Contact:", b"Contact: " + b",".join(b"<sip:a@127.0.0.1>" for _ in range(2000)) + b"\r\nX:")
    yield invite.replace(b"Digest ", b"Digest " + b'username="",' * 2000)
    yield from (
        b"",
        b"\0",
        b"\0" * 60_000,
        b"\r\n\r\n",
        b"INVITE",
        b"SIP/2.0 200 OK\r\n\r\n",
        b"\x16\x03\x01\x02\0\x01",
    )
    for version in (b"SIP/9.9", b"SIP/2.0" * 900, b"HTTP/1.1"):
        yield invite.replace(b"SIP/2.0", version)


def torn(chance: random.Random) -> bytes:
    """An ordinary request with a few things done to it."""
    text = bytearray(whole(chance.choice(METHODS), chance.choice(("", SDP.format(port=4000)))))
    for _ in range(chance.randint(1, 4)):
        at, what = chance.randrange(len(text)), chance.randrange(5)
        if what == 0:
            del text[at : at + chance.randint(1, 60)]
        elif what == 1:
            text[at:at] = chance.choice(WORDS)
        elif what == 2:
            text[at] = chance.randrange(256)
        elif what == 3:
            text[at:at] = text[at : at + chance.randint(1, 200)] * chance.randint(1, 8)
        else:
            del text[at:]
        if not text:
            break
    return bytes(text[:65_000])


def numbers() -> list[int]:
    return [int((RUN / f"{part}.pid").read_text()) for part in PARTS]


@pytest.fixture(autouse=True)
def unharmed(rows: None, pad: Pad, page: Agent, resident: Person, home: Home, agent: Register) -> Iterator[None]:
    """Afterwards the same processes run, no worker of theirs has died, no door is open, and a call works."""
    before, log = numbers(), LOGS / "sip-kamailio.log"
    begin = log.stat().st_size
    yield
    assert numbers() == before
    said = log.read_bytes()[begin:].lower()
    assert not [
        word
        for word in (b"already freed", b"segfault", b"core was", b"child process", b"signal 11", b"out of memory")
        if word in said
    ]
    assert pad.device.door.opened == 0
    phone, caller = device(resident, home, agent), agent(page.username, page.password)
    call = talking(pad, caller, phone)
    assert phone.press("#") == 200
    assert until(lambda: opened(call))
    assert phone.hang_up(caller)
    assert until(lambda: state(call) == CallState.ENDED)


def test_torn_messages_by_udp() -> None:
    chance = random.Random(SEED)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.connect(("127.0.0.1", outer("sip")))
        for number, message in enumerate([*known(), *(torn(chance) for _ in range(4000))]):
            with suppress(ConnectionRefusedError):
                line.send(message)
            if number % 50 == 0:
                time.sleep(0.02)


@pytest.mark.parametrize("port", ["sip", "sip_ws", "sip_tls", "sip_wss", "turn"])
def test_torn_messages_by_tcp_and_lines_that_nobody_closes(port: str) -> None:
    chance = random.Random(SEED)
    left_open = []
    for message in [*known(), *(torn(chance) for _ in range(150))]:
        line = socket.create_connection(("127.0.0.1", outer(port)), 3)
        with suppress(OSError):
            line.sendall(message)
        left_open.append(line)
        if len(left_open) > 60:
            left_open.pop(0).close()
    for line in left_open:
        line.close()


def test_a_flood_at_the_encrypted_ports() -> None:
    """Kamailio as Debian brings it dies of two processes that free one error of OpenSSL's (conf/afresh.c)."""
    until = time.monotonic() + 10

    def shout(seed: int) -> None:
        chance = random.Random(seed)
        while time.monotonic() < until:
            with suppress(OSError), socket.create_connection(("127.0.0.1", outer(chance.choice(TLS))), 3) as line:
                line.sendall(torn(chance))
                if seed % 2:
                    line.settimeout(0.05)
                    line.recv(100)

    with ThreadPoolExecutor(8) as strangers:
        list(strangers.map(shout, range(8)))


def test_torn_messages_in_a_websocket() -> None:
    chance = random.Random(SEED)
    for _ in range(10):
        with suppress(Exception), websocket.dial() as line:
            for _ in range(40):
                line.send(torn(chance))


def _sessions() -> dict[str, str]:
    ordinary = SDP.format(port=4000)
    return {
        "empty lines": "\r\n" * 500,
        "no media": "v=0\r\n",
        "many media": ordinary + "m=audio 4000 RTP/AVP 0\r\n" * 400,
        "many formats": ordinary.replace("RTP/AVP 0 101", "RTP/AVP " + " ".join(map(str, range(128)))),
        "no port": ordinary.replace("4000", "99999999"),
        "no address": ordinary.replace("127.0.0.1", "x" * 5000),
        "everywhere": ordinary.replace("127.0.0.1", "255.255.255.255"),
        "no end": ordinary + "a=" + "b" * 30_000,
        "ice": ordinary
        + "a=candidate:1 1 UDP 1 127.0.0.1 4000 typ host\r\n" * 400
        + "a=ice-ufrag:x\r\na=ice-pwd:y\r\n",
        "keys": ordinary.replace("RTP/AVP", "RTP/SAVP") + "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x\r\n" * 50,
        "print": "a=fingerprint:sha-256 00\r\na=setup:actpass\r\n" + ordinary,
        "nul": ordinary.replace("PCMU", "PC\0MU"),
    }


@pytest.mark.parametrize("body", _sessions().values(), ids=_sessions())
def test_a_gate_whose_description_of_its_media_is_broken(
    body: str, pad: Pad, page: Agent, resident: Person, home: Home, agent: Register
) -> None:
    phone = device(resident, home, agent)
    call = pad.dial("1-1-1201")["call"]
    assert page.invite(HOME, call=call, body=body) == 0
    with suppress(AssertionError):
        phone.ring()
        phone.answer(body)
    with suppress(AssertionError):
        page.outcome(1.5)
    pad.press("end")


def _shout(port: int, what: Callable[[random.Random], bytes]) -> None:
    chance = random.Random(SEED)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        for _ in range(400):
            line.sendto(what(chance), ("127.0.0.1", port))


def test_nonsense_at_the_desks_own_ears() -> None:
    """Other users of the machine reach them."""
    _shout(ports()["sip_digits"], lambda chance: chance.randbytes(chance.randint(0, 2000)))
    _shout(ports()["sip_line"], torn)
    for message in (
        b"GET / HTTP/1.1\r\n\r\n",
        b"POST /route HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n",
        b"\0" * 70_000,
    ):
        for name in ("sip_calls", "sip_desk"):
            with socket.create_connection(("127.0.0.1", ports()[name]), 3) as line, suppress(OSError):
                line.sendall(message)
