"""Permits for opening a gate one stands before, also when the platform is down by then."""

import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from anju.access import gate_link
from anju.access.models import Gate, Grant, PhoneKey
from anju.access.purposes import GATE_OPENING
from anju.grants import nearby
from anju.grants.nearby import NearbyPermit
from anju.people.models import Person
from anju.privacy import consent, scope
from anju.privacy.models import new_id
from anju.privacy.refusals import Refused

LASTS = timedelta(minutes=int(os.environ.get("ANJU_PERMIT_MINUTES", "720")))
"""How long a phone that does not reach the platform goes on opening; a right that ends sooner ends sooner at the gate."""


@dataclass(frozen=True)
class Issued:
    """A permit's text, until when it serves, and the gates it is for."""

    text: str
    until: datetime
    gates: list[Gate]


def issue(person: Person, key: UUID) -> Issued:
    """A permit for this phone at every gate that lets its holder in nearby. Raises Refused."""
    consent.require(person.pk, GATE_OPENING)
    mine = PhoneKey.objects.filter(person=person, pk=key).first()
    if mine is None:
        raise Refused("unknown_key", _("没有找到这部手机，它可能已被移除，请刷新页面。"), status=404)
    return _issue(key, bytes(mine.public), _held(person.pk))


def _held(person: UUID) -> list[Gate]:
    """The gates that let this person in nearby."""
    held = Grant.objects.filter(person=person, gone=False, payload__ways__contains="nearby")
    grants = list(held.values_list("gate_id", "community_id"))
    with scope.community(*{community for _gate, community in grants}):
        return list(Gate.objects.filter(pk__in={gate for gate, _community in grants}))


def _issue(key: UUID, public: bytes, gates: list[Gate]) -> Issued:
    if not gates:
        raise Refused("no_gate", _("还没有可以靠近开门的门禁。"), status=409)
    now = timezone.now()
    permit = NearbyPermit(new_id(), key, public, frozenset(gate.pk for gate in gates), now, now + LASTS)
    return Issued(nearby.make(gate_link.platform_key(), permit), permit.until, gates)
