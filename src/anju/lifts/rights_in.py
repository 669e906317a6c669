"""Where lifts may take somebody: to the floors of the homes they go to, from the gates that call that stairwell's lifts."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from anju.access import settings, sources
from anju.access.models import Gate
from anju.homes.models import Home
from anju.lifts.models import Lift


@sources.floors
def _floors(homes: Collection[UUID]) -> Mapping[UUID, Collection[int]]:
    if not homes:
        return {}
    found: dict[UUID, set[int]] = {}
    places = Home.objects.filter(pk__in=homes).values_list("unit_id", "floor")
    lifts = Lift.objects.filter(unit__in={unit for unit, _ in places}).prefetch_related("gates")
    for lift in lifts:
        reached = {floor for unit, floor in places if unit == lift.unit_id and lift.number(floor) is not None}
        for gate in lift.gates.all():
            found.setdefault(gate.pk, set()).update(reached)
    return found


@settings.part("lift")
def _lifts(gate: Gate) -> list[dict[str, Any]] | None:  # Any: JSON
    """How this gate reaches its lifts; floors: the controller's numbers by our floors, of the homes there are."""
    lifts = list(gate.lifts.order_by("name"))
    if not lifts:
        return None
    return [
        {"id": str(lift.pk), "adapter": lift.adapter, "address": lift.address, "floors": numbers(lift)}
        for lift in lifts
    ]


def numbers(lift: Lift) -> dict[str, int]:
    """The controller's number by our floor, for every floor with a home."""
    floors = Home.objects.filter(unit=lift.unit_id).values_list("floor", flat=True).distinct()
    return {str(floor): number for floor in sorted(floors) if (number := lift.number(floor)) is not None}
