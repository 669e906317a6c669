"""Calling a lift from the app, and telling gates of lifts that were set anew."""

from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from anju.access import gate_link
from anju.access.models import RESIDENCE, Gate, Grant
from anju.access.purposes import GATE_OPENING
from anju.access.tasks import grant_everybody
from anju.homes.models import Member
from anju.lifts.models import Lift
from anju.people.models import Person
from anju.privacy import consent, scope
from anju.privacy.refusals import Refused, Text

_REFUSALS: dict[str, Text] = {
    "lift_down": gettext_lazy("电梯暂时联系不上，请在轿厢里手动按楼层；已记录，物业会检修。"),
    "lift_not_yours": gettext_lazy("您没有这一层的权限，请联系物业核对您的房屋。"),
    "lift_unknown": gettext_lazy("门禁还不认得这部电梯，请稍后再试。"),
}


def own(person: Person) -> list[tuple[Lift, Member]]:
    """The lifts of the stairwells where this person lives, with the home each leads to."""
    lives = list(Member.objects.living().filter(person=person).select_related("home__unit__building"))
    with scope.community(*{one.community_id for one in lives}):
        return [
            (lift, one)
            for one in lives
            for lift in Lift.objects.filter(unit=one.home.unit_id, gates__isnull=False).distinct()
            if lift.number(one.home.floor) is not None
        ]


def call(person: Person, lift: UUID, floor: int) -> None:
    """Have a lift come and take this person to their floor. Raises Refused."""
    consent.require(person.pk, GATE_OPENING)
    found = [(one, member) for one, member in own(person) if one.pk == lift]
    if not found:
        raise Refused("unknown_lift", _("没有找到这部电梯，请刷新页面。"), status=404)
    if floor not in {member.home.floor for _, member in found}:
        raise Refused("lift_not_yours", _REFUSALS["lift_not_yours"], status=403, field="floor")
    with scope.community(found[0][0].community_id):
        grants = Grant.objects.filter(person=person, source=RESIDENCE, gone=False, gate__lifts=lift)
        allowed = [one for one in grants.select_related("gate") if floor in one.payload.get("floors", [])]
    if not allowed:
        raise Refused("lift_unknown", _REFUSALS["lift_unknown"], status=409)
    best = max(allowed, key=lambda grant: grant.gate.online)
    code = gate_link.call_lift(best.gate_id, best.pk, lift, floor)
    if code != "lift_called":
        raise Refused(code, _REFUSALS.get(code, _REFUSALS["lift_down"]), status=409)


def set_anew(community: UUID, gates: Iterable[UUID]) -> None:
    """These gates' lifts have changed: they are told how to reach them, and everybody's floors follow."""
    grant_everybody.defer(community=str(community))
    for gate in gates:
        transaction.on_commit(partial(_tell, gate))


def _tell(gate: UUID) -> None:
    """A gate that does not hear it asks at its next connection, or within the hour."""
    with suppress(Refused):
        gate_link.set_anew(gate)


def gates_of(lift: Lift) -> set[UUID]:
    """The gates that call this lift."""
    return set(Gate.objects.filter(lifts=lift).values_list("pk", flat=True))
