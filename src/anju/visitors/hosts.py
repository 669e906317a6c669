"""When a host's right to receive ends, nobody is expected by them any more."""

from typing import Any
from uuid import UUID

from django.dispatch import receiver

from anju.access.actions import refresh
from anju.homes.actions import membership_changed
from anju.homes.models import Member
from anju.homes.purposes import HOME_CERTIFICATION
from anju.privacy import consent, scope
from anju.visitors.actions import forget_all, set_state
from anju.visitors.models import Pass, PassState


@receiver(membership_changed)
def _follow(person: UUID, community: UUID, **_options: Any) -> None:  # Any: the signal's own arguments
    """Passes to a home that the host has left end; those to a home they leave later end with it."""
    with scope.platform():
        homes = Member.objects.lasting().filter(person=person, community=community).values("home")
        orphaned = Pass.objects.filter(host=person, community=community, state__in=Pass.OPEN).exclude(home__in=homes)
        for visit in list(orphaned):
            set_state(visit, PassState.REVOKED)
        open_passes = Pass.objects.open().filter(host=person, community=community)
        for visitor in set(open_passes.values_list("visitor_id", flat=True)):
            refresh(visitor, community)


consent.on_withdrawal(HOME_CERTIFICATION)(forget_all)
