"""The right of a car to come in: with a space or monthly parking now, or inside a visit's window; and to leave, a while longer."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.utils import timezone

from anju.access import residence, sources
from anju.access.models import Gate
from anju.access.purposes import GATE_OPENING
from anju.grants import plates
from anju.homes.models import Member
from anju.privacy import consent
from anju.vehicles.models import Car, Parking, Space, VisitorCar
from anju.vehicles.purposes import VEHICLES

TO_LEAVE = timedelta(hours=24)
"""Whose time is over is not locked in: so long their car still gets out where a barrier leads out alone."""
PLATE = frozenset({"plate"})
PHONE = frozenset({"remote"})
Span = tuple[datetime, datetime | None]


def _leads_in(gate: Gate) -> bool:
    return gate.kind == Gate.Kind.BARRIER and gate.direction != Gate.Direction.OUT


def _leads_out(gate: Gate) -> bool:
    return gate.kind == Gate.Kind.BARRIER and gate.direction == Gate.Direction.OUT


def unbroken(spans: Iterable[Span]) -> Span | None:
    """The time that these make without a gap, from the first of them on."""
    ordered = sorted(spans, key=lambda span: span[0])
    if not ordered:
        return None
    since, until = ordered[0]
    for begins, ends in ordered[1:]:
        if until is None or begins > until:
            break
        until = ends and max(until, ends)
    return since, until


def parking_time(person: UUID, community: UUID) -> Span | None:
    """When this person's cars may come in, now or next: their home has a space of its own, or monthly parking."""
    members = Member.objects.filter(person=person, community=community).lasting()
    spans: list[Span] = []
    for lives in members:
        if Space.objects.filter(home=lives.home_id).exists():
            spans.append((lives.since, lives.until))
        for let in Parking.objects.lasting().filter(home=lives.home_id):
            since, until = max(let.since, lives.since), min(let.until, lives.until or let.until)
            if since < until:
                spans.append((since, until))
    return unbroken(spans)


@sources.offers
def _offers(person: UUID, community: UUID) -> Iterable[sources.Offer]:
    if not consent.granted(person, VEHICLES):
        return
    yield from _own(person, community)
    yield from _expected(person, community)


def _own(person: UUID, community: UUID) -> Iterable[sources.Offer]:
    lives = residence.window(person, community)
    if lives is None:
        return
    parks = parking_time(person, community)
    off = residence.switched_off(person, community)
    if consent.granted(person, GATE_OPENING):  # a plate that is covered with snow is no reason to stay outside
        if parks is not None and "remote" not in off:
            yield sources.Offer("parking", PHONE, *parks, at=_leads_in)
        yield sources.Offer("parking.out", PHONE, *lives, at=_leads_out)
    for car in Car.objects.filter(person=person, community=community, state=Car.State.KNOWN):
        marks = plates.marks(car.plate.open())
        if parks is not None and "plate" not in off:
            yield sources.Offer(f"car.{car.pk}", PLATE, *parks, marks=marks, at=_leads_in)
        yield sources.Offer(f"car.{car.pk}.out", PLATE, *lives, marks=marks, at=_leads_out)


def _expected(person: UUID, community: UUID) -> Iterable[sources.Offer]:
    now = timezone.now()
    for car in VisitorCar.objects.filter(host=person, community=community, until__gt=now - TO_LEAVE):
        lives = Member.objects.lasting().filter(person=person, home=car.home_id).order_by("-until").first()
        if lives is None:
            continue
        marks, until = plates.marks(car.plate.open()), min(car.until, lives.until or car.until)
        if until > now:
            yield sources.Offer(f"guest.{car.pk}", PLATE, car.since, until, marks=marks, at=_leads_in)
        yield sources.Offer(f"guest.{car.pk}.out", PLATE, car.since, until + TO_LEAVE, marks=marks, at=_leads_out)


@sources.people
def _people(community: UUID) -> Iterable[UUID]:
    owners = Car.objects.filter(community=community).values_list("person_id", flat=True)
    hosts = VisitorCar.objects.expected().filter(community=community).values_list("host_id", flat=True)
    return {*owners, *hosts}


sources.written_down_for(VEHICLES, "plate")
