"""Following who came in and who left, from what gates and guards say."""

from datetime import datetime
from typing import Any

from django.dispatch import receiver
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.access.models import Entry, Gate
from anju.access.signals import entry_recorded
from anju.notices import actions as notices
from anju.visitors.actions import tell_change, tell_host
from anju.visitors.models import Pass


@receiver(entry_recorded)
def _follow(entry: Entry, source: str | None, **_options: Any) -> None:  # Any: the signal's own arguments
    if source is None or entry.person_id is None or entry.result != Entry.Result.GRANTED:
        return
    kind, _dot, number = source.partition(".")
    if kind != "visit":
        return
    visit = Pass.objects.select_related("visitor", "host", "home__unit__building").filter(pk=number).first()
    if visit is None or visit.visitor_id != entry.person_id:
        return
    if entry.gate.direction == Gate.Direction.OUT:
        went_out(visit, entry.at)
    else:
        came_in(visit, entry.at, entry.gate)


def came_in(visit: Pass, at: datetime, gate: Gate | None = None) -> None:
    """The visitor is here; the host hears of it once a visit."""
    first = visit.inside_since is None
    visit.arrived_at = visit.arrived_at or at
    visit.inside_since, visit.left_at = visit.inside_since or at, None
    visit.save(update_fields=["arrived_at", "inside_since", "left_at"])
    tell_change(visit)
    if not first:
        return
    with notices.language_of(visit.host):
        title = _("访客已到")
        when = timezone.localtime(at).strftime("%H:%M")
        facts = {"name": visit.visitor.name, "at": when, "gate": gate.name if gate else _("门岗")}
        tell_host(visit, title, _("%(name)s 于 %(at)s 经%(gate)s进入小区。") % facts)


def went_out(visit: Pass, at: datetime) -> None:
    """The visitor has left."""
    if visit.inside_since is None:
        return
    visit.inside_since, visit.left_at = None, at
    visit.save(update_fields=["inside_since", "left_at"])
    tell_change(visit)
