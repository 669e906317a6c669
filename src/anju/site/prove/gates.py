"""A cancellation and fifty gates: it is done when all have forgotten, and not before."""

from collections.abc import Callable
from uuid import UUID

import numpy as np
from django.db.models import F

from anju.access import actions as access
from anju.access import erasures
from anju.access.models import Face, Gate, Grant
from anju.access.purposes import FACE_OPENING, GATE_OPENING
from anju.gate.store import Store
from anju.homes.models import Building, Community, Home, Member, Role, Unit
from anju.people.models import Person
from anju.privacy import consent, scope
from anju.recognition.faces import DIMENSIONS
from anju.rights import cancellation
from anju.site.prove import fleet
from anju.site.prove.waiting import wait_for
from anju.site.report import Bar, Figure, Report, yes

GATES, OFFLINE, LIARS = 50, 10, 3
_NAME = "号门"


def run(somebody: Callable[[], UUID], report: Report) -> None:
    """somebody: makes a person with an account and a home."""
    with scope.platform():
        community = Community.objects.create(name="五十门小区", city="济南", address="历下区")
        subject = _resident(somebody(), community)
        made = [Gate.objects.create(community=community, name=f"{number}{_NAME}") for number in range(GATES)]
        codes = {str(gate.pk): access.make_code(gate, staff=None) for gate in made}
    with fleet.registered(codes, LIARS) as machines:
        lying = {one.gate for one in machines.machines if one.lies}
        offline = [one for one in machines.machines if not one.lies][:OFFLINE]
        online = [one for one in machines.machines if one not in offline]
        machines.start(machines.machines)
        wait_for("all gates to know the resident", lambda: _told(subject, gone=False) == GATES)
        machines.stop(offline)
        request = _close(subject)
        early = 0

        def settled_as_far_as_it_can() -> bool:
            nonlocal early
            for one in online:
                erasures.confirm(UUID(one.gate))
            early += cancellation.settle(request)
            return _left(subject) <= OFFLINE + LIARS and len(_suspects() & lying) == LIARS

        wait_for("the gates that are there to have forgotten", settled_as_far_as_it_can)
        early += cancellation.settle(request)
        suspects, left = _suspects(), _left(subject)
        report.add("7 complete too early", Figure(early, "times", 0))
        report.add("7 liars found", Figure(100 * len(suspects & lying) / len(lying), "%", 100, Bar.AT_LEAST))
        report.add("7 honest gates accused", Figure(len(suspects - lying), "gates", 0))
        report.add("7 pending while offline or lying", yes(left == OFFLINE + LIARS, f"{left} of {OFFLINE + LIARS}"))
        machines.stop([one for one in machines.machines if one.lies])
        for one in machines.machines:
            one.store_type = Store
        machines.start([one for one in machines.machines if one in offline or one.gate in lying])

        def forgotten() -> bool:
            for one in machines.machines:
                erasures.confirm(UUID(one.gate))
            return cancellation.settle(request)

        # Who was found out is told again by the job of each minute, and may be found out once more.
        wait_for("the last gates to have forgotten", forgotten, seconds=180)
        report.add("7 complete once all have forgotten", yes(_left(subject) == 0))


def _resident(subject: UUID, community: Community) -> UUID:
    """Somebody who may come in at every gate of this community, with a face."""
    for purpose in (GATE_OPENING, FACE_OPENING):
        consent.grant(subject, purpose, version=purpose.version)
    vector = np.random.default_rng(7).normal(size=(1, DIMENSIONS)).astype("<f4")
    Face.objects.create(person_id=subject, vectors=(vector / np.linalg.norm(vector)).tobytes())
    building = Building.objects.create(community=community, name="1栋")
    unit = Unit.objects.create(community=community, building=building, name="1单元")
    home = Home.objects.create(community=community, unit=unit, room="101", floor=1)
    Member.objects.create(community=community, person_id=subject, home=home, role=Role.OWNER, name="邻居")
    return subject


def _told(subject: UUID, *, gone: bool) -> int:
    """Gates that say they have applied the last word about this person."""
    with scope.platform():
        told = Grant.objects.filter(person=subject, gone=gone, sent_rev=F("rev"), sequence__gt=0)
        return told.filter(gate__name__endswith=_NAME, sequence__lte=F("gate__applied")).count()


def _left(subject: UUID) -> int:
    with scope.platform():
        return Grant.objects.filter(person=subject).count()


def _suspects() -> set[str]:
    with scope.platform():
        return {str(one) for one in Gate.objects.filter(suspect_since__isnull=False).values_list("pk", flat=True)}


def _close(subject: UUID) -> UUID:
    with scope.platform():
        request = cancellation.ask(Person.objects.get(pk=subject))
        cancellation.carry_out(request.pk)
    return request.pk
