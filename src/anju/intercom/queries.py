"""Reading calls: who lives where they ring, what is ringing now, what was missed."""

from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.homes import queries as homes
from anju.homes.models import Home, Member
from anju.intercom.models import Call, CallState, Quiet, Ring, RingState
from anju.intercom.purposes import INTERCOM
from anju.people.models import Person
from anju.privacy import consent, scope
from anju.privacy.refusals import Refused

RINGS = timedelta(seconds=35)
"""How long a call may ring: what a gate rings for, and the way there and back."""
SHOWN = 100


class Household(NamedTuple):
    """Who may be rung in a home. rung: agree to it and are not left alone now. quiet: agree, and do not want to be disturbed now.

    silent: how many live there and have not agreed.
    """

    rung: list[Person]
    quiet: list[Person]
    silent: int


def household(home: Home) -> Household:
    """Grown-ups who live in a home, by whether they are to be rung now."""
    living = Member.objects.living().filter(home=home, person__is_active=True, person__child__isnull=True)
    grown = {one.person_id: one.person for one in living.select_related("person__quiet")}
    agreeing = consent.agreeing(set(grown), INTERCOM)
    quiets: dict[UUID, Quiet | None] = {one: getattr(grown[one], "quiet", None) for one in agreeing}
    left_alone = {one for one, quiet in quiets.items() if quiet is not None and is_quiet(quiet)}
    return Household(
        rung=[grown[one] for one in agreeing - left_alone],
        quiet=[grown[one] for one in left_alone],
        silent=len(grown) - len(agreeing),
    )


def is_quiet(quiet: Quiet) -> bool:
    """Whether somebody wants to be left alone now. A night that begins before midnight ends after it."""
    if quiet.off or quiet.since is None or quiet.until is None:
        return quiet.off
    now = timezone.localtime().time()
    if quiet.since <= quiet.until:
        return quiet.since <= now < quiet.until
    return now >= quiet.since or now < quiet.until


def membership(person: Person, home: UUID) -> Member:
    """How this person belongs to a home whose calls they may take. Raises Refused."""
    found = Member.objects.living().filter(person=person, home=home, person__child__isnull=True).first()
    if found is None:
        raise unknown()
    consent.require(person.pk, INTERCOM)
    return found


def unknown() -> Refused:
    return Refused("unknown_call", _("没有找到这次呼叫，它可能已经过期，请刷新页面。"), status=404)


def _mine(person: Person) -> QuerySet[Call]:
    """The calls to this person's homes since they live there; none while they do not agree to be rung."""
    lives = list(Member.objects.living().filter(person=person, person__child__isnull=True))
    if not lives or not consent.granted(person.pk, INTERCOM):
        return Call.objects.none()
    mine = Q()
    for one in lives:
        mine |= Q(home=one.home_id, at__gte=one.since)
    rows = Call.objects.filter(mine).select_related("gate", "home__unit__building", "picture", "message")
    return rows.prefetch_related("rings")


def calls(person: Person) -> list[Call]:
    """The latest calls to this person's homes."""
    with scope.community(*homes.communities_of(person.pk)):
        return list(_mine(person)[:SHOWN])


def call(person: Person, call: UUID) -> Call:
    """One call to a home of this person. Raises Refused."""
    with scope.community(*homes.communities_of(person.pk)):
        found = _mine(person).filter(pk=call).first()
    if found is None:
        raise unknown()
    return found


def ringing(person: Person) -> list[Call]:
    """What rings for this person at this moment, the newest first."""
    with scope.community(*homes.communities_of(person.pk)):
        mine = _mine(person).filter(state=CallState.RINGING, at__gt=timezone.now() - RINGS)
        rung = Ring.objects.filter(person=person, state__in=(RingState.SENT, RingState.RUNG))
        return list(mine.filter(rings__in=rung).distinct())


def at_desk() -> QuerySet[Call]:
    """The calls to the property desks in sight."""
    rows = Call.objects.filter(home__isnull=True).select_related("gate", "community", "picture", "message")
    return rows.prefetch_related("rings")
