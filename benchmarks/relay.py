"""Two hundred calls' sound through the media relay at once: what it costs, and what is lost."""

import re
import secrets
import select
import socket
import struct
import time
from pathlib import Path

from anju.site.report import Figure, Report
from benchmarks.figures import percentile

SESSIONS = 200
SECONDS = 20
EVERY = 0.02
_SDP = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio {port} RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"


def _ask(line: socket.socket, words: dict[str, str]) -> str:
    """rtpengine's ng protocol: bencode. Returns its answer."""
    text = "".join(f"{len(key)}:{key}{len(words[key].encode())}:{words[key]}" for key in sorted(words))
    line.send(f"{secrets.token_hex(6)} d{text}e".encode())
    return line.recv(65_507).decode()


def _port(answer: str) -> int:
    found = re.search(r"m=audio (\d+)", answer)
    assert found is not None, answer
    return int(found[1])


def _line() -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind(("127.0.0.1", 0))
    made.setblocking(False)
    return made


def _ticks(process: int) -> float:
    """Seconds of processor time it has used."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def media(report: Report, control: int, process: int) -> None:
    """G.711, fifty packets a second each way. control: the relay's port for orders. process: its number."""
    pairs, names = [], []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.connect(("127.0.0.1", control))
        line.settimeout(3)
        for _ in range(SESSIONS):
            one, other, name = _line(), _line(), secrets.token_hex(8)
            said = {"call-id": name, "from-tag": "a"}
            offer = _SDP.format(port=one.getsockname()[1])
            to_other = _port(_ask(line, {**said, "command": "offer", "sdp": offer}))
            answer = _SDP.format(port=other.getsockname()[1])
            to_one = _port(_ask(line, {**said, "command": "answer", "to-tag": "b", "sdp": answer}))
            pairs += [(one, to_one), (other, to_other)]
            names.append(name)
        sent, came, waits, used, late = _flow(pairs, process)
        for name in names:
            _ask(line, {"command": "delete", "call-id": name, "from-tag": "a"})
    for one, _port_of in pairs:
        one.close()
    report.add("relayed at once", Figure(SESSIONS, "calls", note=f"{sent / SECONDS:.0f} packets/s"))
    report.add("... the relay's processor", Figure(used, "% of one core"))
    report.add("... packets lost", Figure(100 * (sent - came) / sent, "%", 0.1, note=f"{sent - came} of {sent}"))
    report.add("... on the way p99", Figure(percentile(waits, 0.99), "ms", note=f"sender late by up to {late:.0f} ms"))


def _flow(pairs: list[tuple[socket.socket, int]], process: int) -> tuple[int, int, list[float], float, float]:
    """Send and count. Returns packets sent, come, their ways in ms, the relay's share of a core and how late we sent ourselves."""
    poll, by_number, waits = select.epoll(), {}, []
    for one, _ in pairs:
        poll.register(one, select.EPOLLIN)
        by_number[one.fileno()] = one
    sent = came = 0
    late, before, began = 0.0, _ticks(process), time.perf_counter()
    for turn in range(round(SECONDS / EVERY)):
        due = began + turn * EVERY
        late = max(late, 1000 * (time.perf_counter() - due))
        for number, (one, port) in enumerate(pairs):
            head = struct.pack("!BBHII", 0x80, 0, turn & 0xFFFF, turn * 160, number)
            one.sendto(head + struct.pack("!d", time.perf_counter()) + b"\xff" * 152, ("127.0.0.1", port))
            sent += 1
        came += _hear(poll, by_number, waits, due + EVERY)
    used = 100 * (_ticks(process) - before) / (time.perf_counter() - began)
    came += _hear(poll, by_number, waits, time.perf_counter() + 1)
    poll.close()
    return sent, came, waits, used, late


def _hear(poll: select.epoll, lines: dict[int, socket.socket], waits: list[float], until: float) -> int:
    """Take what comes until then. Returns how many packets."""
    came = 0
    while (left := until - time.perf_counter()) > 0:
        for number, _event in poll.poll(left, 512):
            packet = lines[number].recv(2048)
            waits.append(1000 * (time.perf_counter() - struct.unpack("!d", packet[12:20])[0]))
            came += 1
    return came
