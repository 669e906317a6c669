"""What visitors left at a gate goes when its time is over, or when nobody is left who may see it: rows, and the keys that sealed them."""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.dispatch import receiver
from django.utils import timezone

from anju.homes.actions import membership_changed
from anju.homes.models import Member
from anju.intercom import actions
from anju.intercom.models import SEEN, Call, CallMessage, CallPicture, CallState
from anju.intercom.purposes import INTERCOM
from anju.privacy import consent, scope
from anju.privacy.declarations import LASTS
from anju.privacy.vault import vault


@transaction.atomic
def past() -> int:
    """Pictures and messages past their time go; no backup opens them then. Returns of how many calls."""
    with scope.platform():
        calls = Call.objects.filter(visitor__isnull=False, at__lt=timezone.now() - LASTS[SEEN])
        gone = list(calls.values_list("pk", flat=True))
        CallPicture.objects.filter(call__in=gone).delete()
        CallMessage.objects.filter(call__in=gone).delete()
        _destroy_keys(calls.filter(pk__in=gone))
        Call.objects.filter(pk__in=gone).update(visitor=None)
    return len(gone)


def _destroy_keys(calls: QuerySet[Call]) -> None:
    keys = [one for one in calls.values_list("visitor", flat=True) if one is not None]
    if keys:
        transaction.on_commit(lambda: vault().erase([one for one in keys if vault().knows(one)]))


@consent.before_erasure(INTERCOM)
def _leaves(person: UUID) -> None:
    with scope.platform():
        for home in Member.objects.filter(person=person).values_list("home", flat=True).distinct():
            _forget_unseen(home, but=person)


@receiver(membership_changed)
def _moved(community: UUID, **_options: Any) -> None:  # Any: the signal's own arguments
    """Somebody has moved in or out: calls that nobody living there may see are nobody's."""
    with scope.platform():
        for home in (
            Call.objects.filter(community=community, home__isnull=False).values_list("home", flat=True).distinct()
        ):
            _forget_unseen(home)


def _forget_unseen(home: UUID, but: UUID | None = None) -> None:
    """The calls to a home that nobody who lives there, other than `but`, may see."""
    living = Member.objects.living().filter(home=home, person__child__isnull=True).exclude(person=but)
    since = dict(living.values_list("person_id", "since"))
    agreeing = consent.agreeing(set(since), INTERCOM)
    unseen = Call.objects.filter(home=home)
    if agreeing:
        unseen = unseen.filter(at__lt=min(since[one] for one in agreeing))
    for one in unseen.select_for_update(of=("self",)).filter(state__in=Call.OPEN):
        actions.finish(one, CallState.MISSED if one.state == CallState.RINGING else CallState.ENDED)
    _destroy_keys(unseen)
    unseen.delete()
