"""The device behind a gate: one at a time, and never in another's name."""

import base64
import secrets
import time
from typing import Any

import nats
import nkeys
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

from anju.access import actions
from anju.access.models import Gate
from anju.bus import client as bus
from anju.bus.client import BusError
from anju.bus.server import authority
from anju.homes.models import Community
from anju.privacy import scope
from tests import factories


class Device:
    """A gate's machine with a key of its own."""

    def __init__(self) -> None:
        self._pair = nkeys.from_seed(bytearray(nkeys.encode_seed(secrets.token_bytes(32), nkeys.PREFIX_BYTE_USER)))
        self.nkey = self._pair.public_key.decode()
        self.forbidden: list[str] = []
        self._token = b""

    def become(self, gate: Gate) -> None:
        with scope.platform():
            code = actions.make_code(gate, staff=None)
        actions.register(code, nkey=self.nkey, box_key=factories.box_key(), version="test")
        self._token = authority().gate_token(gate.pk, self.nkey).encode()  # as it was told then, and keeps

    def connect(self, gate: Gate) -> Client:
        """Raises BusError."""

        async def note(error: Exception) -> None:
            self.forbidden.append(str(error))

        async def connect(_platform: Client) -> Client:
            return await nats.connect(
                bus.address(),
                user_jwt_cb=lambda: self._token,
                signature_cb=lambda nonce: base64.b64encode(self._pair.sign(nonce.encode())),
                allow_reconnect=False,
                max_reconnect_attempts=1,
                inbox_prefix=f"_INBOX_{gate.pk}".encode(),
                error_cb=note,
            )

        return bus.run(connect)


def soon(condition: Any) -> bool:  # Any: asked again and again
    for _ in range(50):
        if condition():
            return True
        time.sleep(0.1)
    return False


def test_a_device_that_was_replaced_is_thrown_off_the_bus_and_stays_out(streams: None, community: Community) -> None:
    gate, old, new = factories.gate(community), Device(), Device()
    old.become(gate)
    client = old.connect(gate)
    assert client.is_connected
    new.become(gate)
    assert soon(lambda: client.is_closed)
    assert new.connect(gate).is_connected


def test_another_devices_revocation_keeps_the_earlier_ones(streams: None, community: Community) -> None:
    first, second = Device(), Device()
    one, other = factories.gate(community, "甲门"), factories.gate(community, "乙门")
    first.become(one)
    second.become(other)
    for gate in (one, other):
        Device().become(gate)
    for device, gate in ((first, one), (second, other)):
        with pytest.raises(BusError):
            device.connect(gate)


def test_a_gate_answers_what_it_is_asked_and_cannot_answer_for_another(streams: None, community: Community) -> None:
    gate, device = factories.gate(community), Device()
    device.become(gate)
    client = device.connect(gate)

    async def obey(message: Msg) -> None:
        await client.publish(message.reply, b'{"ok": true}')
        await client.publish(message.reply[:-1] + "x", b'{"ok": true}')

    async def listen(_platform: Client) -> None:
        await client.subscribe(f"cmd.{gate.pk}", cb=obey)
        await client.flush()

    bus.run(listen)
    assert bus.request(f"cmd.{gate.pk}", b"{}", {}, 2) == {"ok": True}
    assert soon(lambda: device.forbidden)
    assert "permissions violation" in device.forbidden[0].lower()
