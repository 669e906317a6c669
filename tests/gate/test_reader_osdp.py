"""A real OSDP reader's program at the other end of a serial line: its card opens, a reader without the key is not heard."""

import asyncio
import os
import pty
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import osdp
import osdp_sys
import pytest

from anju.gate.reader_osdp import Line, Reader

KEY = bytes(range(16))
CARD = bytes([0x04, 0xA1, 0xB2, 0xC3])


@contextmanager
def wire() -> Iterator[tuple[Path, Path]]:
    """Two serial devices joined to each other; inside a running loop."""
    ends = [pty.openpty() for _ in range(2)]
    for file in (one for end in ends for one in end):
        tty.setraw(file)
        os.set_blocking(file, False)
    loop = asyncio.get_running_loop()
    (one, _), (other, _) = ends
    loop.add_reader(one, lambda: os.write(other, os.read(one, 4096)))
    loop.add_reader(other, lambda: os.write(one, os.read(other, 4096)))
    try:
        yield Path(os.ttyname(ends[0][1])), Path(os.ttyname(ends[1][1]))
    finally:
        loop.remove_reader(one)
        loop.remove_reader(other)
        for file in (one for end in ends for one in end):
            os.close(file)


class Device:
    """A reader on the wall."""

    def __init__(self, line: Line, key: bytes) -> None:
        kinds = (osdp.Capability.CommunicationSecurity, osdp.Capability.CardDataFormat, osdp.Capability.LEDControl)
        info = osdp.PDInfo(0, line, scbk=key, flags=[osdp.LibFlag.EnforceSecure])
        self.lamps: list[int] = []
        self._device = osdp_sys.PeripheralDevice(
            info.get(), capabilities=osdp.PDCapabilities([(kind, 1, 1) for kind in kinds]).get()
        )
        self._device.set_command_callback(self._told)

    def _told(self, command: dict[str, Any]) -> tuple[int, None]:
        if command["command"] == osdp.Command.LED:
            self.lamps.append(command["on_color"])
        return 0, None

    def hold(self, card: bytes) -> None:
        self._device.submit_event(
            {
                "event": osdp.Event.CardRead, "reader_no": 0, "direction": 0, "length": 8 * len(card),
                "format": osdp.CardFormat.Unspecified, "data": card,
            }
        )  # fmt: skip

    async def serve(self) -> None:
        while True:
            self._device.refresh()
            await asyncio.sleep(0.02)


async def _hold_up(key: bytes, *, opens: bool, seconds: float) -> tuple[bool, list[str], list[int]]:
    """A card held to a reader with this key: whether the line was secure, what was read, what the lamp showed."""
    osdp_sys.set_loglevel(osdp.LogLevel.Emergency)
    read: list[str] = []
    with wire() as (here, there):
        reader = Reader(Line(here), KEY, lambda card: read.append(card) or opens)  # type: ignore[func-returns-value]
        device = Device(Line(there), key)
        serving = [asyncio.create_task(one.serve()) for one in (reader, device)]
        until = asyncio.get_running_loop().time() + seconds
        while not reader.secure and asyncio.get_running_loop().time() < until:
            await asyncio.sleep(0.05)
        was_secure = reader.secure
        device.hold(CARD)
        await asyncio.sleep(0.8)
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)
    return was_secure, read, device.lamps


@pytest.mark.parametrize(("opens", "lamp"), [(True, osdp.CommandLEDColor.Green), (False, osdp.CommandLEDColor.Red)])
def test_a_card_is_read_and_the_lamp_says_what_came_of_it(opens: bool, lamp: int) -> None:
    assert asyncio.run(_hold_up(KEY, opens=opens, seconds=5)) == (True, ["04A1B2C3"], [lamp])


def test_a_reader_without_the_key_is_not_heard() -> None:
    assert asyncio.run(_hold_up(b"x" * 16, opens=True, seconds=2)) == (False, [], [])


def test_a_key_of_another_length_is_refused() -> None:
    async def make() -> None:
        with wire() as (here, _):
            Reader(Line(here), b"short", bool)

    with pytest.raises(ValueError, match="16"):
        asyncio.run(make())
