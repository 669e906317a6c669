"""Permits for opening gates that one stands before, as the platform gives them."""

from datetime import datetime
from uuid import uuid4

from django.utils import timezone

from anju.access import gate_link
from anju.access.models import Gate
from anju.access.purposes import GATE_OPENING
from anju.grants import encoding, nearby
from anju.homes.models import Community
from anju.people.models import Person
from anju.privacy import consent, scope
from tests import factories
from tests.access.conftest import join
from tests.doors import Door


def test_a_phone_gets_a_permit_for_the_gates_that_let_it_in(resident: Person, gate: Gate, community: Community) -> None:
    with scope.platform():
        Gate.objects.filter(pk=gate.pk).update(local_address="http://192.168.1.20:8011", latitude=36.6, longitude=117.0)
    foreign = join(factories.gate(factories.community(), "别处"))
    door = Door.of(resident)
    key = door.post("/keys", {"public": encoding.encode(factories.key()[1]), "label": ""}).body["id"]
    made = door.post("/permits", {"key": key})
    assert made.status == 201, made.body
    (shown,) = made.body["gates"]
    assert (shown["id"], shown["address"], shown["latitude"]) == (str(gate.pk), "http://192.168.1.20:8011", 36.6)
    permit = nearby.read(made.body["text"], gate_link.platform_key().public_key())
    assert (permit.gates, str(permit.key)) == (frozenset({gate.pk}), key)
    assert foreign.pk not in permit.gates
    assert timezone.now() < datetime.fromisoformat(made.body["until"]) <= permit.until


def test_a_permit_says_nothing_about_the_person(resident: Person, gate: Gate) -> None:
    door = Door.of(resident)
    key = door.post("/keys", {"public": encoding.encode(factories.key()[1]), "label": ""}).body["id"]
    text = door.post("/permits", {"key": key}).body["text"]
    body = encoding.decode(text.removeprefix(nearby.PREFIX).partition(".")[0]).decode()
    assert str(resident.pk) not in body and resident.phone.open()[3:] not in body


def test_nobody_gets_a_permit_for_anothers_phone_or_without_consent(resident: Person, gate: Gate) -> None:
    other = factories.phone_key(factories.person())
    door = Door.of(resident)
    assert door.post("/permits", {"key": str(other.pk)}).code == "unknown_key"
    assert door.post("/permits", {"key": str(uuid4())}).code == "unknown_key"
    with scope.person(resident.pk):
        consent.withdraw(resident.pk, GATE_OPENING)
    assert door.post("/permits", {"key": str(other.pk)}).code == "consent_required"
