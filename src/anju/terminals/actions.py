"""Terminals: added, given credentials, told whom they should know, asked to open."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from nats.aio.client import Client

from anju.access.models import Gate
from anju.bus import accounts, client, subjects
from anju.homes.actions import require_duty
from anju.homes.duties import KEEP_GATES, OPEN_GATES
from anju.people.models import Person
from anju.privacy import audit, scope
from anju.privacy.models import AuditEntry, new_id
from anju.privacy.refusals import Refused
from anju.terminals import keys, roster
from anju.terminals.isapi import Isapi, TerminalError
from anju.terminals.models import Known, Terminal

COMMAND_SECONDS = 10
PART = 50
"""People in one message."""


@transaction.atomic
def add(
    gate: Gate, protocol: str, *, staff: Person, address: str = "", account: str = "", password: str = ""
) -> Terminal:
    """From now on this terminal stands at the gate. Raises Refused: no such right, a program of ours is there, no address."""
    require_duty(staff, gate.community_id, *KEEP_GATES.duties)
    if gate.registered_at is not None or Terminal.objects.filter(gate=gate).exists():
        raise Refused("gate_taken", _("这个门禁已接入设备，请为终端另建一个门禁。"), status=409)
    if protocol == Terminal.Protocol.ISAPI and not (address and account and password):
        raise Refused("address_required", _("请填写设备地址、账号和密码。"), field="address")
    made = Terminal(community_id=gate.community_id, gate=gate, protocol=protocol, address=address, account=account)
    if password:
        made.password = keys.seal_password(made, password)
    made.save()
    audit.record(AuditEntry.Action.GATE, made, actor=staff.pk, reason="terminal_added")
    return made


@transaction.atomic
def renew_credentials(terminal: Terminal, *, staff: Person) -> Terminal:
    """What the terminal proved itself with until now is void; it gets new ones. Raises Refused."""
    require_duty(staff, terminal.community_id, *KEEP_GATES.duties)
    found = Terminal.objects.select_for_update().get(pk=terminal.pk)
    former = keys.nkey(found)
    found.generation += 1
    found.save(update_fields=["generation"])
    audit.record(AuditEntry.Action.GATE, found, actor=staff.pk, reason="terminal_credentials")
    if found.protocol == Terminal.Protocol.MQTT:
        try:
            accounts.revoke(former)
        except client.BusError as error:
            raise Refused("bus_down", _("消息总线暂时不可用，请稍后重试。"), status=503) from error
    return found


def open_door(terminal: Terminal, *, staff: Person) -> None:
    """Staff open from afar. Written down before it is asked. Raises Refused."""
    require_duty(staff, terminal.community_id, *OPEN_GATES.duties)
    audit.record(AuditEntry.Action.GATE, terminal, actor=staff.pk, reason="remote_open")
    try:
        if terminal.protocol == Terminal.Protocol.ISAPI:
            _isapi(terminal).open()
        elif terminal.protocol == Terminal.Protocol.MQTT:
            _command(terminal, {"do": "open"})
        else:
            raise Refused("cannot_open", _("这种终端不支持远程开门，请到现场处理。"), status=409)
    except (TerminalError, client.BusError) as error:
        raise Refused("gate_silent", _("终端没有响应，可能已断网或断电，请派人到现场查看。"), status=504) from error


def _command(terminal: Terminal, said: dict[str, Any]) -> None:  # Any: JSON
    """Raises BusError."""
    expires = timezone.now() + timedelta(seconds=COMMAND_SECONDS)
    body = json.dumps({"id": str(new_id()), "exp": expires.isoformat(), **said}).encode()

    async def say(bus: Client) -> None:
        await bus.publish(subjects.terminal(terminal.pk, "commands"), body)
        await bus.flush()

    client.run(say)


def _isapi(terminal: Terminal) -> Isapi:
    return Isapi(terminal.address, terminal.account, keys.password(terminal))


def tell(terminal: Terminal) -> int:
    """Tell it what it should know and does not. Returns how many people that concerned. Raises TerminalError or BusError."""
    with scope.platform():
        change = roster.difference(terminal)
        if not change.put and not change.gone:
            return 0
        if terminal.protocol == Terminal.Protocol.ISAPI:
            _tell_one_by_one(terminal, change)
        else:
            if terminal.protocol == Terminal.Protocol.MQTT:
                _publish(terminal, roster.everybody(terminal))
            _told(change.put, change.gone)
        return len(change.put) + len(change.gone)


def _tell_one_by_one(terminal: Terminal, change: roster.Difference) -> None:
    """Ends first; each is noted when the terminal has taken it, so that the next try goes on from there."""
    device = _isapi(terminal)
    for row, holder in change.gone.items():
        device.forget(holder)
        _told({}, {row: holder})
    for row, person in change.put.items():
        device.put(person)
        _told({row: person}, {})


def _told(put: Mapping[UUID, roster.Person], gone: Mapping[UUID, str]) -> None:
    for row, person in put.items():
        Known.objects.filter(pk=row).update(digest=person.digest)
    Known.objects.filter(pk__in=list(gone)).delete()


def _publish(terminal: Terminal, people: list[roster.Person]) -> None:
    """The whole list in parts. Raises BusError."""
    number = int(timezone.now().timestamp() * 1000)
    parts = [people[start : start + PART] for start in range(0, len(people), PART)] or [[]]

    async def say(bus: Client) -> None:
        for place, some in enumerate(parts, start=1):
            said = {"rev": number, "part": place, "parts": len(parts), "persons": [vars(one) for one in some]}
            await bus.publish(subjects.terminal(terminal.pk, "persons"), json.dumps(said).encode())
        await bus.flush()

    client.run(say)


def answer(terminal_id: UUID) -> None:
    """A terminal that has just come up asks for its list. Raises BusError."""
    with scope.platform():
        terminal = Terminal.objects.filter(pk=terminal_id, protocol=Terminal.Protocol.MQTT).first()
        if terminal is None:
            return
        Terminal.objects.filter(pk=terminal.pk).update(seen_at=timezone.now())
        Gate.objects.filter(pk=terminal.gate_id).update(seen_at=timezone.now())
        _publish(terminal, roster.everybody(terminal))
