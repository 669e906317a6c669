"""Calling a lift."""

from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema, Status

from anju.lifts import actions
from anju.people.limits import Each, one_at_a_time
from anju.people.models import person_of

router = Router(tags=["lifts"])


class LiftOut(Schema):
    """home: which home it leads to. floor: where to."""

    id: UUID
    name: str
    home: str
    floor: int


class FloorIn(Schema):
    floor: int


@router.get("/lifts", response=list[LiftOut])
def lifts(request: HttpRequest) -> list[LiftOut]:
    """The lifts of one's own stairwells."""
    return [
        LiftOut(id=lift.pk, name=lift.name, home=member.home.label, floor=member.home.floor)
        for lift, member in actions.own(person_of(request.user))
    ]


@router.post("/lifts/{lift}/call", response={204: None}, throttle=[Each("lifts", 10)])
def call(request: HttpRequest, lift: UUID, asked: FloorIn) -> Status[None]:
    """The lift comes to the entrance and goes to one's floor."""
    person = person_of(request.user)
    with one_at_a_time(person.pk):
        actions.call(person, lift, asked.floor)
    return Status(204, None)
