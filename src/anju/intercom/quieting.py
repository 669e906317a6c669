"""Being left alone: when somebody does not want to be rung."""

from datetime import time
from typing import NamedTuple

from django.db import transaction
from django.utils.translation import gettext as _

from anju.intercom.models import Quiet
from anju.intercom.purposes import INTERCOM
from anju.people.models import Person
from anju.privacy import consent
from anju.privacy.refusals import Refused


class Hours(NamedTuple):
    """off: never rung. since, until: each day, local time."""

    off: bool
    since: time | None
    until: time | None


def of(person: Person) -> Hours:
    found = Quiet.objects.filter(person=person).first()
    return Hours(found.off, found.since, found.until) if found else Hours(off=False, since=None, until=None)


@transaction.atomic
def choose(person: Person, *, off: bool, since: time | None, until: time | None) -> Hours:
    """Raises Refused."""
    consent.require(person.pk, INTERCOM)
    if (since is None) != (until is None) or (since is not None and since == until):
        raise Refused("bad_hours", _("请同时选择开始和结束时间，且两者不能相同。"), field="since")
    Quiet.objects.update_or_create(person=person, defaults={"off": off, "since": since, "until": until})
    return of(person)
