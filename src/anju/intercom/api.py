"""A resident's calls: what rings, answering, opening, what was missed, and being left alone."""

from datetime import datetime, time
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import Field, Router, Schema, Status

from anju.homes.models import Home
from anju.intercom import actions, ice, missed, queries, quieting
from anju.intercom.models import Call, CallState, RingState, Via
from anju.people.limits import Each, one_at_a_time
from anju.people.models import person_of
from anju.privacy.refusals import Refused

router = Router(tags=["intercom"])
POLLED = Each("calls", 600)
"""Each device that rings asks for the picture every second, and several may."""


class CallOut(Schema):
    """picture, message: whether there is one. mine: whether this person answered it. opened_at: when it opened the gate."""

    id: UUID
    gate: str
    home: str
    state: CallState
    at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    opened_at: datetime | None
    picture: bool
    message: bool
    mine: bool


class IceOut(Schema):
    urls: list[str]
    username: str | None = None
    credential: str | None = None


class Accepted(Schema):
    """leg: what this device shows to speak for the call. offer: the gate's half of the connection (SDP)."""

    leg: str
    offer: str
    ice: list[IceOut]


class LegIn(Schema):
    leg: str = Field(max_length=64)


class ConnectIn(LegIn):
    answer: str = Field(max_length=actions.MOST_OFFER)


class QuietOut(Schema):
    """since, until: each day from and to, local time; null for never."""

    off: bool
    since: time | None
    until: time | None


def present(request: HttpRequest, call: Call) -> CallOut:
    """As a list shows it."""
    person = person_of(request.user)
    home: Home | None = call.home
    return CallOut(
        id=call.pk,
        gate=call.gate.name,
        home=home.label if home else "",
        state=CallState(call.state),
        at=call.at,
        answered_at=call.answered_at,
        ended_at=call.ended_at,
        opened_at=call.opened_at,
        picture=hasattr(call, "picture"),
        message=hasattr(call, "message"),
        mine=any(ring.person_id == person.pk and ring.state == RingState.ANSWERED for ring in call.rings.all()),
    )


@router.get("/calls", response=list[CallOut])
def calls(request: HttpRequest) -> list[CallOut]:
    """The latest calls to one's homes, since one lives there."""
    return [present(request, one) for one in queries.calls(person_of(request.user))]


@router.get("/calls/ringing", response=list[CallOut], throttle=[POLLED])
def ringing(request: HttpRequest) -> list[CallOut]:
    """What rings now. Asking tells the platform that this device does."""
    person = person_of(request.user)
    found = queries.ringing(person)
    if found:
        actions.rung(person, found)
    return [present(request, one) for one in found]


@router.get("/calls/quiet", response=QuietOut)
def quiet(request: HttpRequest) -> QuietOut:
    """When one does not want to be rung."""
    return _quiet(quieting.of(person_of(request.user)))


@router.put("/calls/quiet", response=QuietOut)
def set_quiet(request: HttpRequest, said: QuietOut) -> QuietOut:
    person = person_of(request.user)
    return _quiet(quieting.choose(person, off=said.off, since=said.since, until=said.until))


def _quiet(found: quieting.Hours) -> QuietOut:
    return QuietOut(off=found.off, since=found.since, until=found.until)


@router.get("/calls/{call}", response=CallOut, throttle=[POLLED])
def call(request: HttpRequest, call: UUID) -> CallOut:
    return present(request, queries.call(person_of(request.user), call))


@router.get("/calls/{call}/picture", response={200: bytes}, throttle=[POLLED])
def picture(request: HttpRequest, call: UUID) -> HttpResponse:
    """What the gate saw: the latest while it rings."""
    found = queries.call(person_of(request.user), call)
    if not hasattr(found, "picture"):
        raise Refused("no_picture", _("这次呼叫没有照片，或照片已过期删除。"), status=404)
    return _file(found.picture.image.open_bytes(), "image/jpeg")


@router.get("/calls/{call}/message", response={200: bytes})
def message(request: HttpRequest, call: UUID) -> HttpResponse:
    """What the visitor left."""
    left = missed.message(person_of(request.user), call)
    return _file(left.sound.open_bytes(), left.kind)


@router.delete("/calls/{call}/message", response={204: None})
def forget_message(request: HttpRequest, call: UUID) -> Status[None]:
    missed.forget_message(person_of(request.user), call)
    return Status(204, None)


def _file(content: bytes, kind: str) -> HttpResponse:
    return HttpResponse(
        content,
        content_type=kind,
        headers={"Cache-Control": "no-store", "Content-Security-Policy": "default-src 'none'"},
    )


@router.post("/calls/{call}/accept", response=Accepted)
def accept(request: HttpRequest, call: UUID) -> Accepted:
    """Answer on this device. Whoever is first talks; for the others it is `taken`."""
    person = person_of(request.user)
    found = queries.call(person, call)
    ring = actions.answer(found.pk, Via.APP, person)
    return Accepted(leg=ring.leg, offer=found.offer, ice=[IceOut(**one) for one in ice.servers()])


@router.post("/calls/{call}/connect", response={204: None})
def connect(request: HttpRequest, call: UUID, said: ConnectIn) -> Status[None]:
    """This device's half of the connection (SDP), which goes to the gate and is kept nowhere."""
    person = person_of(request.user)
    queries.call(person, call)
    with one_at_a_time(person.pk):
        actions.connect(call, said.leg, said.answer)
    return Status(204, None)


@router.post("/calls/{call}/open", response={204: None}, throttle=[Each("calls_open", 20)])
def open_gate(request: HttpRequest, call: UUID, said: LegIn) -> Status[None]:
    """Open the calling gate: while the call is up, by the device that answered, once."""
    person = person_of(request.user)
    queries.call(person, call)
    with one_at_a_time(person.pk):
        actions.open_gate(call, said.leg, resident=person)
    return Status(204, None)


@router.post("/calls/{call}/refuse", response={204: None})
def refuse(request: HttpRequest, call: UUID) -> Status[None]:
    """Not now. It goes on ringing for the others of the home."""
    person = person_of(request.user)
    actions.refuse(queries.call(person, call).pk, person)
    return Status(204, None)


@router.post("/calls/{call}/end", response={204: None})
def end(request: HttpRequest, call: UUID, said: LegIn) -> Status[None]:
    """Hang up."""
    queries.call(person_of(request.user), call)
    actions.hang_up(call, said.leg)
    return Status(204, None)
