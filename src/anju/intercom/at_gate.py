"""What a gate asks for whoever stands before it (docs/gate-protocol.md, Calling).

No name, phone or person ever goes there: a gate learns which buildings, units and rooms there are, and what came of its call.
"""

import base64
import binascii
import json
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from anju.access import listeners
from anju.access.models import Gate
from anju.homes import queries as homes
from anju.homes.models import Home, Unit
from anju.intercom import actions, ice, missed
from anju.intercom.extras import extras
from anju.intercom.models import CallState, Panel
from anju.privacy import scope
from anju.privacy.refusals import Refused

Said = dict[str, Any]  # Any: JSON from a gate


def ask(gate_id: UUID, said: bytes, _subject: str) -> bytes:
    """Answer a gate. Raises ValueError, KeyError or TypeError for what makes no sense."""
    asked: Said = json.loads(said)
    with scope.platform():
        gate = Gate.objects.get(pk=gate_id)
    try:
        answer = _ASKED[asked["do"]](gate, asked)
    except Refused as refused:
        answer = {"ok": False, "code": refused.code}
    return json.dumps({"ok": True, **answer}).encode()


listeners.questions["call"] = ask


def _dial(gate: Gate, asked: Said) -> Said:
    picture = _bytes(asked["picture"])
    home = None if asked["to"] is None else _home(gate, str(asked["to"]))
    call = actions.dial(gate, home, offer=str(asked["offer"]), picture=picture)
    sip = {name: text for more in extras for name, text in more(gate).items()} if home is not None else {}
    return {"call": str(call.pk), "state": call.state, "sip": sip}


def _home(gate: Gate, text: str) -> Home:
    """By id from the directory, or as people write it; before the door of one unit the room is enough. Raises Refused."""
    with scope.platform():
        try:
            return homes.home(UUID(text))
        except ValueError:
            units = _units(gate)[:2]
            if len(units) == 1 and (room := Home.objects.filter(unit=units[0], room=text.strip()).first()):
                return room
            return homes.home_called(gate.community_id, text)


def _show(gate: Gate, asked: Said) -> Said:
    actions.show(gate.pk, UUID(asked["call"]), _bytes(asked["picture"]))
    return {}


def _leave(gate: Gate, asked: Said) -> Said:
    actions.leave(gate.pk, UUID(asked["call"]), CallState(asked["state"]))
    return {}


def _may_leave_message(gate: Gate, asked: Said) -> Said:
    with scope.platform():
        home = Home.objects.filter(calls__pk=UUID(asked["call"]), calls__gate=gate).first()
        return {"messages": home is not None and missed.accepts_messages(home)}


def _message(gate: Gate, asked: Said) -> Said:
    missed.leave_message(gate.pk, UUID(asked["call"]), str(asked["kind"]).split(";")[0], _bytes(asked["sound"]))
    return {}


def _directory(gate: Gate, asked: Said) -> Said:
    """The units whose homes this gate calls, and the servers through which a call may have to go."""
    del asked
    with scope.platform():
        off = Panel.objects.filter(gate=gate, off=True).exists()
        units = [] if off else [{"id": str(one.pk), "name": str(one)} for one in _units(gate)]
    return {"off": off, "units": units, "ice": ice.servers()}


def _units(gate: Gate) -> QuerySet[Unit]:
    """In the order of the buildings."""
    units = Unit.objects.filter(community=gate.community_id)
    if (only := units.filter(panels__gate=gate)).exists():
        units = only
    return units.select_related("building").order_by("building__order", "building__name", "order", "name")


def _rooms(gate: Gate, asked: Said) -> Said:
    """The rooms of a unit, whether somebody lives there or not."""
    with scope.platform():
        rooms = homes.homes_of_unit(UUID(asked["unit"])).filter(community=gate.community_id)
        return {"rooms": [{"id": str(one.pk), "name": one.room} for one in rooms]}


_ASKED = {
    "dial": _dial,
    "picture": _show,
    "leave": _leave,
    "may_leave_message": _may_leave_message,
    "message": _message,
    "directory": _directory,
    "rooms": _rooms,
}


def _bytes(text: object) -> bytes:
    """Raises ValueError."""
    try:
        return base64.b64decode(str(text), validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error
