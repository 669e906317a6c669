"""Following cars in and out, from what gates say."""

from typing import Any
from uuid import UUID

from django.dispatch import receiver

from anju.access.models import Entry, Gate
from anju.access.signals import entry_recorded
from anju.vehicles.actions import tell_change
from anju.vehicles.models import Car, Movement, VisitorCar


@receiver(entry_recorded)
def _follow(entry: Entry, source: str | None, **_options: Any) -> None:  # Any: the signal's own arguments
    if source is None or entry.person_id is None or entry.result != Entry.Result.GRANTED:
        return
    kind, _dot, rest = source.partition(".")
    number = rest.removesuffix(".out")
    if kind == "car":
        _moved(entry, entry.person_id, car=Car.objects.filter(pk=number, person=entry.person_id).first())
    elif kind == "guest":
        _moved(entry, entry.person_id, visitor_car=VisitorCar.objects.filter(pk=number, host=entry.person_id).first())


def _moved(entry: Entry, person: UUID, *, car: Car | None = None, visitor_car: VisitorCar | None = None) -> None:
    """Note which way. Where a barrier serves both ways, whoever is inside goes out."""
    which = car or visitor_car
    if which is None:
        return
    direction = entry.gate.direction
    is_out = direction == Gate.Direction.OUT or (direction == Gate.Direction.BOTH and which.inside_since is not None)
    which.inside_since = None if is_out else entry.at
    which.save(update_fields=["inside_since"])
    Movement.objects.create(
        id=entry.pk,
        community_id=entry.community_id,
        person_id=person,
        gate=entry.gate,
        car=car,
        visitor_car=visitor_car,
        at=entry.at,
        outwards=is_out,
    )
    tell_change(person, entry.community_id)
