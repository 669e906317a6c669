"""Media as a device sends and hears it (RFC 3550), over UDP: sound and pressed keys (RFC 4733)."""

import re
import secrets
import socket
import struct
import time
from dataclasses import dataclass, field

KEYS = "0123456789*#ABCD"
SOUND, EVENT = 0, 101
"""Payload types of what the agent's SDP offers: PCMU and telephone-event."""
STEP = 160
"""Samples in 20 ms."""


def place(sdp: str) -> tuple[str, int]:
    """Where a description wants its sound sent."""
    address = re.search(r"^c=IN IP4 (\S+)", sdp, re.M)
    port = re.search(r"^m=audio (\d+)", sdp, re.M)
    assert address is not None and port is not None, sdp
    return address[1], int(port[1])


@dataclass
class Stream:
    """What one side sends from its socket to the other."""

    line: socket.socket
    there: tuple[str, int]
    source: int = field(default_factory=lambda: secrets.randbits(32))
    number: int = 0
    at: int = 0

    def _send(self, kind: int, payload: bytes, *, marked: bool = False) -> None:
        self.number = (self.number + 1) & 0xFFFF
        head = struct.pack("!BBHII", 0x80, kind | (0x80 if marked else 0), self.number, self.at, self.source)
        self.line.sendto(head + payload, self.there)

    def speak(self, seconds: float, sound: bytes = b"\xff") -> None:
        """Send sound: these bytes of PCMU over and over."""
        for _ in range(round(seconds * 50)):
            self.at += STEP
            self._send(SOUND, (sound * STEP)[:STEP])
            time.sleep(0.02)

    def press(self, key: str) -> None:
        """A key held for 100 ms, and its end three times over, as devices do."""
        event, steps = KEYS.index(key), 5
        self.at += STEP
        for step in range(steps + 3):
            ended, length = step >= steps, min(step + 1, steps) * STEP
            self._send(EVENT, struct.pack("!BBH", event, (0x80 if ended else 0) | 10, length), marked=step == 0)
            time.sleep(0.02)
        self.at += steps * STEP


def heard(line: socket.socket, sound: bytes, seconds: float = 3.0) -> bool:
    """Whether this sound comes in time."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        line.settimeout(left)
        try:
            if sound in line.recv(2048)[12:]:
                return True
        except TimeoutError:
            return False
    return False
