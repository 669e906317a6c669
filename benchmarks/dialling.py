"""Many gates with a door station each and many homes with a station each, on a scratch system; and a bus that is listened to.

Run by benchmarks/sip.py in the scratch system's environment.
"""

import json
import sys
import time
from typing import Any

import django

django.setup()

from nats.aio.client import Client  # noqa: E402  Django must be set up first
from nats.aio.msg import Msg  # noqa: E402

from anju.access.models import Gate  # noqa: E402
from anju.bus import client as bus  # noqa: E402
from anju.homes.models import Building, Community, Home, Member, Role, Unit  # noqa: E402
from anju.homes.purposes import HOME_CERTIFICATION  # noqa: E402
from anju.intercom.models import Call  # noqa: E402
from anju.intercom.purposes import INTERCOM  # noqa: E402
from anju.partners.purposes import ACCOUNT  # noqa: E402
from anju.people.models import Person  # noqa: E402
from anju.privacy import scope  # noqa: E402
from anju.privacy.models import Consent, new_id  # noqa: E402
from anju.privacy.vault import vault  # noqa: E402
from anju.sip import devices  # noqa: E402

PURPOSES = (ACCOUNT, HOME_CERTIFICATION, INTERCOM)
_opened: dict[str, float] = {}


def _resident() -> Person:
    """Somebody whose app rings too."""
    one = Person.objects.create(id=new_id(), password="!")
    vault().admit(one.pk)
    Consent.objects.bulk_create(
        Consent(subject=one.pk, actor=one.pk, purpose=each.code, version=each.version, action=Consent.Action.GRANTED)
        for each in PURPOSES
    )
    return one


def prepare(count: int) -> dict[str, list[dict[str, str]]]:
    """As many gates and homes. Returns who calls whom, with their passwords."""
    made = []
    with scope.platform():
        place = Community.objects.create(name="安居一区", city="济南", address="历下区安居路")
        building = Building.objects.create(community=place, name="1栋", order=1)
        unit = Unit.objects.create(community=place, building=building, name="1单元", order=1)
        for number in range(count):
            gate = Gate.objects.create(community=place, name=f"{number + 1}号门")
            home = Home.objects.create(community=place, unit=unit, room=str(1001 + number), floor=1)
            resident = _resident()
            Member.objects.create(community=place, person=resident, home=home, role=Role.TENANT)
            caller, station = devices.install(resident, gate), devices.install(resident, home)
            made.append(
                {
                    "gate": str(gate.pk),
                    "home": f"1-1-{home.room}",
                    "caller": caller.device.username,
                    "caller_password": caller.password,
                    "station": station.device.username,
                    "station_password": station.password,
                }
            )
    return {"who": made}


def listen() -> bool:
    """From now on every gate does what it is told, and when it was told to open is kept."""

    async def begin(client: Client) -> None:
        async def obey(message: Msg) -> None:
            said: dict[str, Any] = json.loads(message.data)  # Any: JSON
            if said.get("say") == "open":
                _opened.setdefault(str(said["call"]), time.time())
            if message.reply:
                await client.publish(message.reply, b'{"ok": true, "code": "call_open", "entry": null}')

        await client.subscribe("cmd.*", cb=obey)
        await client.flush()

    bus.run(begin)
    return True


def opened() -> dict[str, float]:
    """When each call's gate was told to open, by the name of the gate."""
    with scope.platform():
        gates = {str(one.pk): str(one.gate_id) for one in Call.objects.filter(opened_at__isnull=False)}
    return {gates[call]: at for call, at in _opened.items() if call in gates}


def forget() -> bool:
    """As if no gate had been told anything."""
    _opened.clear()
    return True


VERBS = {"prepare": prepare, "listen": listen, "opened": opened, "forget": forget}

if __name__ == "__main__":
    for line in sys.stdin:
        verb, *arguments = json.loads(line)
        sys.stdout.write(json.dumps(VERBS[verb](*arguments)) + "\n")
        sys.stdout.flush()
