"""Opening over Bluetooth LE: the gate is a GATT peripheral; docs/gate-protocol.md has the profile.

Needs `requirements/bluetooth.txt`. transport: as bumble names it, such as `hci-socket:0` or `usb:0`.
"""

import asyncio
import json
from collections import defaultdict
from typing import Any
from uuid import UUID

import structlog
from bumble.core import UUID as BluetoothUUID
from bumble.core import AdvertisingData
from bumble.device import Connection, Device
from bumble.gatt import Characteristic, CharacteristicValue, Service
from bumble.hci import Address
from bumble.transport import open_transport

from anju.gate.nearby import MOST_BODY, Nearby
from anju.grants import encoding

log = structlog.get_logger()

SERVICE = "616e6a75-0001-4000-8000-00805f9b34fb"
QUESTION = "616e6a75-0002-4000-8000-00805f9b34fb"
ANSWER = "616e6a75-0003-4000-8000-00805f9b34fb"
RESULT = "616e6a75-0004-4000-8000-00805f9b34fb"
MORE, LAST = b"\x01", b"\x00"
"""What a piece of a message begins with."""
_HEADROOM = 4
"""Bytes of a notification that are not ours: three of ATT, one of the frame."""


class Peripheral:
    """This gate on the air. One phone's messages never mix with another's."""

    def __init__(self, device: Device, gate: Nearby) -> None:
        self._device = device
        self._gate = gate
        self._asked: dict[int, bytes] = {}
        self._heard: defaultdict[int, bytes] = defaultdict(bytes)
        self._running: set[asyncio.Task[None]] = set()
        readable, writeable = Characteristic.READABLE, Characteristic.WRITEABLE
        properties = Characteristic.Properties
        question = Characteristic(QUESTION, properties.READ, readable, CharacteristicValue(read=self._read))
        answer = Characteristic(ANSWER, properties.WRITE, writeable, CharacteristicValue(write=self._write))
        self._result = Characteristic(RESULT, properties.NOTIFY, readable, b"")
        device.add_service(Service(SERVICE, [question, answer, self._result]))
        device.on("connection", self._connected)

    async def advertise(self) -> None:
        """Be seen by phones that look for this service."""
        service = bytes(BluetoothUUID(SERVICE))
        seen = AdvertisingData([(AdvertisingData.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS, service)])
        self._device.advertising_data = bytes(seen)
        await self._device.power_on()
        await self._device.start_advertising(auto_restart=True)

    def _connected(self, connection: Connection) -> None:
        connection.on("disconnection", lambda _reason: self._forget(connection.handle))

    def _forget(self, handle: int) -> None:
        self._asked.pop(handle, None)
        self._heard.pop(handle, None)

    def _read(self, connection: Connection) -> bytes:
        """The gate's id (16) and a challenge (32); the same until it is answered, for a phone may read it in pieces."""
        if connection.handle not in self._asked:
            asked = self._gate.challenge(str(connection.peer_address))
            self._asked[connection.handle] = UUID(asked["gate"]).bytes + encoding.decode(asked["challenge"])
        return self._asked[connection.handle]

    def _write(self, connection: Connection, piece: bytes) -> None:
        handle = connection.handle
        self._heard[handle] += piece[1:]
        if len(self._heard[handle]) > MOST_BODY:
            self._forget(handle)  # what is left of it makes no sense, and is refused so
        elif piece[:1] == LAST:
            message = self._heard.pop(handle)
            self._asked.pop(handle, None)
            task = asyncio.ensure_future(self._answer(connection, message))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _answer(self, connection: Connection, message: bytes) -> None:
        said: dict[str, Any] = await self._gate.answer(message, str(connection.peer_address))  # Any: JSON
        for piece in pieces(json.dumps(said, ensure_ascii=False).encode(), connection.att_mtu - _HEADROOM):
            await self._device.notify_subscriber(connection, self._result, piece)


def pieces(message: bytes, size: int) -> list[bytes]:
    """A message in frames of `size` bytes at most, besides the one that says whether more follow."""
    parts = [message[start : start + size] for start in range(0, len(message), size)] or [b""]
    return [(LAST if place == len(parts) - 1 else MORE) + part for place, part in enumerate(parts)]


async def serve(transport: str, gate: Nearby) -> None:
    """On the air until cancelled. A radio that is not there is said once; the gate goes on without it."""
    try:
        async with await open_transport(transport) as hci:
            device = Device.with_hci("Anju", Address.generate_static_address(), hci.source, hci.sink)
            await Peripheral(device, gate).advertise()
            await hci.source.wait_for_termination()
    except (OSError, ValueError, RuntimeError) as error:
        log.error("bluetooth_missing", transport=transport, error=type(error).__name__)
