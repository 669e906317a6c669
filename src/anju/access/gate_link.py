"""The platform's end of the gate protocol (docs/gate-protocol.md)."""

import asyncio
import json
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from nats.aio.client import Client
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.errors import NotFoundError, ServerError

from anju.access import settings as gate_settings
from anju.access.models import Gate, Grant
from anju.bus import accounts, client, subjects
from anju.bus.server import authority
from anju.grants import encoding, signing
from anju.installation.keyring import secret
from anju.privacy.models import new_id
from anju.privacy.refusals import Refused

COMMAND_SECONDS = 3
_AGAIN = (0.1, 0.5, 2)
"""Seconds until a place is made again: the server may still be clearing away the files of the one before it."""


@cache
def platform_key() -> Ed25519PrivateKey:
    """What the platform signs with; gates pin its public half when they register."""
    return Ed25519PrivateKey.from_private_bytes(secret("platform-signing"))


def public_key() -> str:
    return encoding.encode(platform_key().public_key().public_bytes_raw())


def signed(subject: str, payload: bytes) -> dict[str, str]:
    """The header that proves to a gate that this came from us and was meant for this subject."""
    return {signing.HEADER: signing.sign(platform_key(), subject, payload)}


def is_user_key(nkey: str) -> bool:
    """Whether this looks like a NATS user's public key."""
    return len(nkey) == 56 and nkey.startswith("U") and nkey.isalnum() and nkey.isupper()


def welcome(gate: Gate) -> dict[str, Any]:
    """What a gate that has just registered needs to know."""
    return {
        "gate": str(gate.pk),
        "community": str(gate.community_id),
        "name": gate.name,
        "nats": settings.GATE_NATS_ADDRESSES or client.addresses(),
        "jwt": authority().gate_token(gate.pk, gate.nkey or ""),
        "platform_key": public_key(),
        "settings": {"open_seconds": gate_settings.OPEN_SECONDS, "time_zone": settings.TIME_ZONE},
    }


def make_consumer(gate: UUID) -> None:
    """The gate's own durable place in the grants stream; a device that registers anew starts at the beginning."""

    async def make(bus: Client) -> None:
        stream = bus.jetstream()
        name = subjects.consumer(gate)
        # What an earlier device of this gate was told is of no use to a new one.
        await stream.purge_stream(subjects.GRANTS_STREAM, subject=subjects.grants(gate))
        with suppress(NotFoundError):
            await stream.delete_consumer(subjects.GRANTS_STREAM, name)
        place = ConsumerConfig(
            durable_name=name,
            filter_subject=subjects.grants(gate),
            deliver_policy=DeliverPolicy.ALL,
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=5,
            max_ack_pending=1000,
        )
        for wait in (*_AGAIN, None):
            try:
                await stream.add_consumer(subjects.GRANTS_STREAM, place)
                return
            except ServerError:
                if wait is None:
                    raise
                await asyncio.sleep(wait)

    try:
        client.run(make, 10)
    except client.BusError as error:
        raise _bus_down() from error


def _bus_down() -> Refused:
    return Refused("bus_down", _("消息总线暂时不可用，请稍后重试。"), status=503)


def lock_out(nkey: str) -> None:
    """A device that was this gate until now is thrown off the bus: it could answer, listen and report in the gate's name."""
    try:
        accounts.revoke(nkey)
    except client.BusError as error:
        raise _bus_down() from error


def message(grant: Grant) -> bytes:
    """A grant, or its end, as the gate reads it."""
    if grant.gone:
        return json.dumps({"id": str(grant.pk), "rev": grant.rev, "gone": True}).encode()
    return json.dumps({"id": str(grant.pk), "rev": grant.rev, "holder": str(grant.holder), **grant.payload}).encode()


def end_unknown(gate: UUID, grants: Iterable[UUID]) -> None:
    """End at this gate what no row here stands for, with a rev above any it can have seen."""
    rev = int(timezone.now().timestamp())

    async def publish(bus: Client) -> None:
        stream = bus.jetstream()
        for one in grants:
            subject = subjects.grant(gate, one)
            payload = json.dumps({"id": str(one), "rev": rev, "gone": True}).encode()
            await stream.publish(subject, payload, headers=signed(subject, payload))

    try:
        client.run(publish, 30)
    except client.BusError as error:
        raise _bus_down() from error


def _order(do: str, **more: Any) -> bytes:  # Any: JSON
    expires = timezone.now() + timedelta(seconds=COMMAND_SECONDS)
    return json.dumps({"id": str(new_id()), "do": do, "exp": expires.isoformat(), "grant": None, **more}).encode()


def _command(gate: UUID, do: str, **more: Any) -> dict[str, Any]:  # Any: JSON
    """Tell a gate to do something and wait for its word. Raises Refused when it does not answer."""
    subject = subjects.command(gate)
    payload = _order(do, **more)
    try:
        return client.request(subject, payload, signed(subject, payload), COMMAND_SECONDS)
    except client.BusError as error:
        raise Refused(
            "gate_silent", _("门禁没有响应，可能已断网。请改用二维码或人脸开门，或联系门岗。"), status=504
        ) from error


def open_gate(gate: UUID, grant: UUID | None) -> dict[str, Any]:
    """Ask a gate to open, for a grant or (None) for staff. Raises Refused when it does not answer or will not."""
    answer = _command(gate, "open", grant=str(grant) if grant else None)
    if not answer.get("ok"):
        raise Refused(
            "gate_refused",
            _("门禁拒绝了这次开门，请联系物业核对您的通行权限。"),
            status=409,
            more={"reason": answer.get("code")},
        )
    return answer


def call_lift(gate: UUID, grant: UUID, lift: UUID, floor: int) -> str:
    """Have a gate call a lift for a grant. Returns its word, `lift_called` when the lift comes. Raises Refused when it does not answer."""
    return str(_command(gate, "lift", grant=str(grant), lift=str(lift), floor=floor).get("code"))


def set_anew(gate: UUID) -> None:
    """Tell a gate that its settings have changed; one that does not hear it asks at its next connection. Raises Refused."""
    _command(gate, "settings")


def set_mode(gate: UUID, mode: str, number: int) -> bool:
    """Tell a gate how to be run from now on. Returns whether it is; one that does not hear it follows at its next connection."""
    try:
        return bool(_command(gate, "mode", mode=mode, number=number).get("ok"))
    except Refused:
        return False


def tell_of_call(gate: UUID, call: UUID, say: str, **more: str) -> str:
    """Speak to a gate about the call it makes: `answer` (with the connection's `sdp`), `open`. Returns its word. Raises Refused."""
    return str(_command(gate, "call", call=str(call), say=say, **more).get("code"))


def note_of_call(gate: UUID, call: UUID, say: str, **more: str) -> None:
    """Let a gate know what became of its call: `taken`, `over`. Does not wait: a gate that does not hear it has a clock of its own."""
    subject = subjects.command(gate)
    payload = _order("call", call=str(call), say=say, **more)
    client.publish_signed(subject, payload, signed(subject, payload))


def renew_keys(gate: UUID) -> None:
    """Have a gate make itself new keys (gate_keys.py). Raises Refused when it does not answer."""
    _command(gate, "renew")


@dataclass(frozen=True)
class Inventory:
    """What a gate says lies in its tables. rows: by grant, rev (0: a template alone) and whether there is a template."""

    grants: int
    templates: int
    rows: dict[UUID, tuple[int, bool]]


def inventory(gate: UUID, *, only: Sequence[UUID] | None = None, after: UUID | None = None) -> Inventory:
    """Ask what a gate holds: of these grants, or a page of everything. Raises Refused when it does not answer or makes no sense."""
    wanted = None if only is None else [str(one) for one in only]
    said = _command(gate, "inventory", only=wanted, after=str(after) if after else "")
    try:
        rows = {UUID(str(name)): (int(rev), bool(template)) for name, rev, template in said["rows"]}
        return Inventory(int(said["grants"]), int(said["templates"]), rows)
    except (KeyError, ValueError, TypeError) as error:
        raise Refused("gate_refused", _("门禁的回答无法识别，请升级门禁程序。"), status=502) from error
