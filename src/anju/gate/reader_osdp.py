"""A card reader on an RS-485 line that speaks OSDP (IEC 60839-11-5), by libosdp.

The line is encrypted: a reader without the key is not listened to. Only the card's number is read, and only its tag is looked up.
"""

import asyncio
import os
import termios
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import osdp
import osdp_sys
import structlog

log = structlog.get_logger()
TICK = 0.02
"""Seconds between two looks at the line, as the library wants it."""
KEY_BYTES = 16
_LAMPS = {True: osdp.CommandLEDColor.Green, False: osdp.CommandLEDColor.Red}
_SPEEDS = {9600: termios.B9600, 19200: termios.B19200, 38400: termios.B38400, 115200: termios.B115200}


class Line(osdp.Channel):
    """A serial device, read and written without waiting."""

    def __init__(self, device: Path, speed: int = 9600) -> None:
        """Raises OSError when there is no such device, KeyError for a speed that OSDP does not know."""
        super().__init__()
        self._file = os.open(device, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        mode = termios.tcgetattr(self._file)
        mode[0] = mode[1] = mode[3] = 0  # no translation, no echo
        mode[2] = termios.CS8 | termios.CREAD | termios.CLOCAL
        mode[4] = mode[5] = _SPEEDS[speed]
        termios.tcsetattr(self._file, termios.TCSANOW, mode)

    def read(self, max_bytes: int) -> bytes:
        with suppress(BlockingIOError):
            return os.read(self._file, max_bytes)
        return b""

    def write(self, buf: bytes) -> int:
        with suppress(BlockingIOError):
            return os.write(self._file, buf)
        return 0

    def flush(self) -> None:
        termios.tcflush(self._file, termios.TCIOFLUSH)

    def close(self) -> None:
        os.close(self._file)


def number(event: dict[str, Any]) -> str | None:  # Any: the library's own words
    """A card's number as a mark has it: hexadecimal capitals. None: the event is no card."""
    if event.get("event") != osdp.Event.CardRead:
        return None
    return bytes(event["data"]).hex().upper() or None


class Reader:
    """One reader on one line. Card numbers are handed over on the loop it was started on."""

    def __init__(self, line: Line, key: bytes, read: Callable[[str], bool], address: int = 0) -> None:
        """key: 16 bytes that the reader was given as well. read: says whether the door opened; the reader's lamp shows it."""
        if len(key) != KEY_BYTES:
            raise ValueError("an OSDP key has 16 bytes")
        info = osdp.PDInfo(address, line, scbk=key, flags=[osdp.LibFlag.EnforceSecure], name="reader")
        self._panel = osdp_sys.ControlPanel([info.get()])
        self._panel.set_event_callback(self._event)
        self._read = read
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Lock()

    @property
    def secure(self) -> bool:
        """Whether the reader is there and has proven that it knows the key."""
        return bool(self._panel.sc_status() & 1)

    async def serve(self) -> None:
        """Keep the line alive until cancelled."""
        while True:
            self._panel.refresh()
            await asyncio.sleep(TICK)

    def _event(self, reader: int, event: dict[str, Any]) -> int:  # Any: the library's own words
        del reader
        card = number(event)
        if card is not None:
            self._loop.call_soon(self._judge, card)
        return 0

    def _judge(self, card: str) -> None:
        self._lamp(green=self._read(card))

    def _lamp(self, *, green: bool) -> None:
        shown = {
            "control_code": 1, "on_count": 10, "off_count": 0, "on_color": _LAMPS[green], "off_color": osdp.CommandLEDColor.Black,
            "timer_count": 20, "temporary": True,
        }  # fmt: skip
        self._panel.submit_command(0, {"command": osdp.Command.LED, "reader": 0, "led_number": 0, **shown})
