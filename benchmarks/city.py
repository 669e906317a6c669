"""A city of communities on a scratch system, made from inside it: rows at once, rights by the platform's own way.

Run by benchmarks/gates.py in the scratch system's environment.
"""

import json
import secrets
import sys
import time
from uuid import UUID

import django

django.setup()

import nkeys  # noqa: E402  Django must be set up first
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey  # noqa: E402
from django.db import transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from anju.access import gate_link, tasks  # noqa: E402
from anju.access.models import Gate, PhoneKey  # noqa: E402
from anju.access.purposes import GATE_OPENING  # noqa: E402
from anju.bus.client import address  # noqa: E402
from anju.bus.server import authority  # noqa: E402
from anju.grants import encoding  # noqa: E402
from anju.homes.models import Building, Community, Home, Member, Role, Unit  # noqa: E402
from anju.homes.purposes import HOME_CERTIFICATION  # noqa: E402
from anju.partners.purposes import ACCOUNT  # noqa: E402
from anju.people.models import Person  # noqa: E402
from anju.privacy import consent, scope  # noqa: E402
from anju.privacy.models import Consent, new_id  # noqa: E402
from anju.privacy.vault import vault  # noqa: E402

PURPOSES = (ACCOUNT, HOME_CERTIFICATION, GATE_OPENING)
_POINT = b"\x04" + bytes(64)


def _people(count: int) -> list[Person]:
    """Accounts that agree to what opening needs, each with a phone's key."""
    people = Person.objects.bulk_create([Person(id=new_id(), password="!") for _ in range(count)])
    vault().admit(*(one.pk for one in people))
    Consent.objects.bulk_create(
        [
            Consent(
                subject=one.pk,
                actor=one.pk,
                purpose=purpose.code,
                version=purpose.version,
                action=Consent.Action.GRANTED,
            )
            for one in people
            for purpose in PURPOSES
        ]
    )
    PhoneKey.objects.bulk_create([PhoneKey(person=one, public=_POINT[:1] + secrets.token_bytes(64)) for one in people])
    return people


def _gates(community: Community, count: int) -> list[dict[str, str]]:
    """Registered gates and what their machines know."""
    known = []
    for number in range(count):
        seed = nkeys.encode_seed(secrets.token_bytes(32), nkeys.PREFIX_BYTE_USER)
        nkey = nkeys.from_seed(bytearray(seed)).public_key.decode()
        box = X25519PrivateKey.generate()
        gate = Gate.objects.create(
            community=community,
            name=f"{number + 1}号门",
            nkey=nkey,
            box_key=box.public_key().public_bytes_raw(),
            registered_at=timezone.now(),
        )
        gate_link.make_consumer(gate.pk)
        known.append(
            {
                "gate": str(gate.pk),
                "seed": seed.decode(),
                "box": encoding.encode(box.private_bytes_raw()),
                "jwt": authority().gate_token(gate.pk, nkey),
            }
        )
    return known


def prepare(communities: int, gates: int, residents: int, everywhere: int) -> dict[str, object]:
    """everywhere: how many people live in all of them, as whoever delivers milk would have rights in all of them."""
    known: list[dict[str, str]] = []
    ids = []
    with scope.platform():
        couriers = _people(everywhere)
        for number in range(communities):
            with transaction.atomic():
                place = Community.objects.create(name=f"安居 {number + 1} 区", city="济南", address="历下区安居路")
                building = Building.objects.create(community=place, name="1栋", order=1)
                unit = Unit.objects.create(community=place, building=building, name="1单元", order=1)
                home = Home.objects.create(community=place, unit=unit, room="101", floor=1)
                people = [*_people(residents - everywhere), *couriers]
                Member.objects.bulk_create(
                    [Member(community=place, person=one, home=home, role=Role.TENANT) for one in people]
                )
            known += _gates(place, gates)
            ids.append(str(place.pk))
    return {
        "gates": known,
        "communities": ids,
        "couriers": [str(one.pk) for one in couriers],
        "platform": gate_link.public_key(),
        "nats": address(),
    }


def tell(communities: list[str]) -> dict[str, object]:
    """Ask for everybody's rights to be told, as it is asked when a gate registers."""
    began = time.time()
    for community in communities:
        tasks.have_everybody_told(UUID(community))
    return {"began": began}


def revoke(person: str) -> dict[str, object]:
    """This person takes their consent back. Returns when that began and when it was done."""
    began = time.time()
    consent.withdraw(UUID(person), GATE_OPENING)
    return {"began": began, "done": time.time()}


VERBS = {"prepare": prepare, "tell": tell, "revoke": revoke}

if __name__ == "__main__":
    for line in sys.stdin:
        verb, *arguments = json.loads(line)
        sys.stdout.write(json.dumps(VERBS[verb](*arguments)) + "\n")
        sys.stdout.flush()
