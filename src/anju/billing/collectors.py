"""Collectors: registered, given a key that is shown once, renewed, removed; and which of them have gone quiet."""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.billing.models import Collector, FeeItem
from anju.homes.actions import require_duty
from anju.homes.duties import KEEP_FEES
from anju.homes.models import Community
from anju.people.models import Person
from anju.privacy import audit, scope
from anju.privacy.models import AuditEntry
from anju.privacy.refusals import Refused


@dataclass(frozen=True)
class Made:
    """A collector and its key, told once."""

    collector: Collector
    key: str


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()


@transaction.atomic
def add(staff: Person, community: Community, name: str, *, item: FeeItem | None, quiet_hours: int) -> Made:
    """From now on it may report this community's meters, or one item's alone. Raises Refused."""
    require_duty(staff, community.pk, *KEEP_FEES.duties)
    if item is not None and item.community_id != community.pk:
        raise Refused("bad_item", _("请选择同一小区的收费项目。"), field="item")
    key = secrets.token_urlsafe(32)
    made = Collector(community=community, name=name, item=item, quiet_hours=quiet_hours, digest=_digest(key))
    try:
        with transaction.atomic():
            made.save()
    except IntegrityError as error:
        raise Refused("collector_exists", _("已有同名的采集器，请换一个名称。"), status=409, field="name") from error
    audit.record(AuditEntry.Action.ADD, made, actor=staff.pk, reason="collector_added")
    return Made(made, key)


@transaction.atomic
def renew(staff: Person, collector: Collector) -> Made:
    """Its former key is void at once. Raises Refused."""
    found = _locked(staff, collector)
    key = secrets.token_urlsafe(32)
    found.digest = _digest(key)
    found.save(update_fields=["digest"])
    audit.record(AuditEntry.Action.CHANGE, found, actor=staff.pk, fields=["digest"], reason="collector_key")
    return Made(found, key)


@transaction.atomic
def remove(staff: Person, collector: Collector) -> None:
    """It reports nothing any more; what it has reported stays, with its name. Raises Refused."""
    found = _locked(staff, collector)
    found.digest = None
    found.save(update_fields=["digest"])
    audit.record(AuditEntry.Action.DELETE, found, actor=staff.pk, reason="collector_removed")


def _locked(staff: Person, collector: Collector) -> Collector:
    require_duty(staff, collector.community_id, *KEEP_FEES.duties)
    found = Collector.objects.select_for_update(of=("self",)).filter(pk=collector.pk, digest__isnull=False).first()
    if found is None:
        raise Refused("unknown_collector", _("没有找到这台采集器，请刷新页面。"), status=404)
    return found


def by_key(key: str) -> Collector | None:
    """Whose key it is. Comes before anyone is known, so it looks at all communities'."""
    with scope.platform():
        return Collector.objects.filter(digest=_digest(key)).first()


def quiet(collectors: Iterable[Collector], now: datetime | None = None) -> list[Collector]:
    """Those that have not been heard of for longer than they should."""
    at = now or timezone.now()
    return [one for one in collectors if at - (one.seen_at or one.added_at) > timedelta(hours=one.quiet_hours)]
