"""One's own ways in: gates, entries, phone keys."""

import time
from datetime import datetime
from typing import Annotated
from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Router, Schema, Status
from pydantic import Field

from anju.access import actions, gate_link, nearby, queries
from anju.access.models import Entry, PhoneKey, Way
from anju.access.purposes import GATE_OPENING
from anju.grants import encoding
from anju.people.limits import Each, one_at_a_time
from anju.people.models import person_of
from anju.privacy import consent
from anju.privacy.refusals import Refused

router = Router(tags=["access"])


class GatePlace(Schema):
    id: UUID
    name: str


class GateOut(Schema):
    id: UUID
    name: str
    place: str
    community: GatePlace
    online: bool
    ways: list[Way]


class PermitIn(Schema):
    key: UUID


class NearbyGate(Schema):
    """address: where phones on the gate's network reach it; empty when they cannot. latitude, longitude: WGS-84."""

    id: UUID
    name: str
    place: str
    address: str
    latitude: float | None
    longitude: float | None


class PermitOut(Schema):
    text: str
    until: datetime
    gates: list[NearbyGate]


class Opened(Schema):
    entry: UUID | None
    at: datetime
    milliseconds: int


class EntryOut(Schema):
    id: UUID
    at: datetime
    gate: GatePlace
    way: Way
    result: Entry.Result
    reason: str
    reason_text: str


class EntryPage(Schema):
    items: list[EntryOut]
    next: UUID | None


class KeyOut(Schema):
    id: UUID
    label: str
    created: datetime


class KeyIn(Schema):
    public: str = Field(max_length=100)
    label: str = Field(default="", max_length=60)


@router.get("/gates", response=list[GateOut])
def gates(request: HttpRequest) -> list[GateOut]:
    return [
        GateOut(
            id=one.gate.pk,
            name=one.gate.name,
            place=one.gate.place,
            community=GatePlace(id=one.gate.community_id, name=one.gate.community.name),
            online=one.gate.online,
            ways=[Way(way) for way in one.ways],
        )
        for one in queries.gates(person_of(request.user))
    ]


@router.post("/gates/{gate}/open", response=Opened)
def open_gate(request: HttpRequest, gate: UUID) -> Opened:
    person = person_of(request.user)
    consent.require(person.pk, GATE_OPENING)
    grant = queries.grant_at(person, gate)
    began = time.perf_counter()
    with one_at_a_time(person.pk):  # a gate that is silent keeps a thread for seconds
        answer = gate_link.open_gate(gate, grant)
    return Opened(entry=answer.get("entry"), at=answer["at"], milliseconds=round((time.perf_counter() - began) * 1000))


@router.post("/permits", response={201: PermitOut}, throttle=[Each("permits", 20)])
def permit(request: HttpRequest, asked: PermitIn) -> Status[PermitOut]:
    """A permit with which this phone opens gates that it stands before, whether the platform is there or not."""
    made = nearby.issue(person_of(request.user), asked.key)
    gates = [
        NearbyGate(
            id=gate.pk,
            name=gate.name,
            place=gate.place,
            address=gate.local_address,
            latitude=gate.latitude,
            longitude=gate.longitude,
        )
        for gate in made.gates
    ]
    return Status(201, PermitOut(text=made.text, until=made.until, gates=gates))


@router.get("/entries", response=EntryPage)
def entries(
    request: HttpRequest, before: UUID | None = None, limit: Annotated[int, Field(ge=1, le=100)] = 30
) -> EntryPage:
    page = queries.entries(person_of(request.user), before, limit)
    items = [
        EntryOut(
            id=one.pk,
            at=one.at,
            gate=GatePlace(id=one.gate_id, name=one.gate.name),
            way=Way(one.way),
            result=Entry.Result(one.result),
            reason=one.reason,
            reason_text=str(queries.REASONS.get(one.reason, one.get_result_display())),
        )
        for one in page
    ]
    return EntryPage(items=items, next=page[-1].pk if len(page) == limit else None)


def _key(key: PhoneKey) -> KeyOut:
    return KeyOut(id=key.pk, label=key.label.open() if key.label else "—", created=key.created)


@router.get("/keys", response=list[KeyOut])
def keys(request: HttpRequest) -> list[KeyOut]:
    return [_key(key) for key in PhoneKey.objects.filter(person=person_of(request.user))]


@router.post("/keys", response={201: KeyOut}, throttle=[Each("keys", 10)])
def add_key(request: HttpRequest, new: KeyIn) -> Status[KeyOut]:
    try:
        public = encoding.decode(new.public)
    except ValueError as error:
        raise Refused("bad_key", _("这部手机生成的密钥无效，请重新打开页面后再试。"), field="public") from error
    return Status(201, _key(actions.add_key(person_of(request.user), public, new.label)))


@router.delete("/keys/{key}", response={204: None})
def remove_key(request: HttpRequest, key: UUID) -> Status[None]:
    actions.remove_key(person_of(request.user), key)
    return Status(204, None)
