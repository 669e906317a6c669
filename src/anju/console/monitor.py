"""The gate monitor: how each gate is, who came, and a button to open one from afar."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from anju.access import gate_link, queries
from anju.access.models import Entry, Gate
from anju.console.pages import for_duties, show, staff
from anju.homes.actions import require_duty
from anju.homes.duties import OPEN_GATES, WATCH
from anju.privacy import audit
from anju.privacy.models import AuditEntry
from anju.privacy.refusals import Refused, Text

SHOWN = 50
MOST_OFFSET_MS = 2000
LATELY = timedelta(days=1)

_DOORS = {"open": gettext_lazy("已打开"), "closed": gettext_lazy("关闭")}

_ANSWERS = {
    "gate_silent": gettext_lazy("门禁没有响应，可能已断网或断电，请派人到现场查看。"),
    "gate_refused": gettext_lazy("门禁没有执行，请检查它的状态和时间后重试。"),
}
"""Why not, for staff: a resident is told of other ways to come in."""


@dataclass(frozen=True)
class Card:
    """A gate as the monitor shows it. score: of the last face it looked at."""

    gate: Gate
    door: Text
    queued: str
    templates: str
    offset: str
    offset_wrong: bool
    score: float | None


@dataclass(frozen=True)
class Line:
    """An entry as the monitor shows it."""

    entry: Entry
    reason: Text
    holder: str


def _card(gate: Gate) -> Card:
    report = gate.report
    offset = report.get("offset_ms")
    lately = Entry.objects.filter(community=gate.community_id, at__gt=timezone.now() - LATELY)
    scored = lately.filter(gate=gate, score__isnull=False).order_by("-at")
    return Card(
        gate=gate,
        door=_DOORS.get(str(report.get("door")), "—"),
        queued=str(report.get("queued", "—")),
        templates=str(report.get("templates", "—")),
        offset="—" if offset is None else f"{offset / 1000:+.1f}",
        offset_wrong=offset is not None and abs(offset) > MOST_OFFSET_MS,
        score=scored.values_list("score", flat=True).first(),
    )


def lines(entries: QuerySet[Entry]) -> list[Line]:
    """Entries with the holder and the reason in words."""
    found = queries.with_members(entries.select_related("gate", "person"))
    return [Line(one, queries.REASONS.get(one.reason, one.get_result_display()), queries.holder(one)) for one in found]


def _gate(gate: UUID) -> Gate:
    found = Gate.objects.filter(pk=gate).first()
    if found is None:
        raise Refused("unknown_gate", _("没有找到这个门禁，请刷新页面。"), status=404)
    return found


@require_GET
@for_duties(*WATCH.duties)
def monitor(request: HttpRequest) -> HttpResponse:
    cards = [_card(one) for one in Gate.objects.select_related("community")]
    return show(request, "monitor", _("门禁监控"), cards=cards, lines=_latest(), shown=SHOWN)


def _latest() -> list[Line]:
    return lines(Entry.objects.order_by("-at")[:SHOWN])


@require_GET
@for_duties(*WATCH.duties)
def latest(request: HttpRequest) -> HttpResponse:
    """The last entries' lines, for a page whose stream was broken for a while."""
    return render(request, "console/monitor_lines.html", {"lines": _latest()})


@require_GET
@for_duties(*WATCH.duties)
def entry(request: HttpRequest, entry: UUID) -> HttpResponse:
    """One entry's line, for a page that has just heard of it."""
    found = lines(Entry.objects.filter(pk=entry))
    if not found:
        raise Refused("unknown_entry", _("没有找到这条通行记录，请刷新页面。"), status=404)
    return render(request, "console/monitor_line.html", {"line": found[0]})


@require_GET
@for_duties(*WATCH.duties)
def gate(request: HttpRequest, gate: UUID) -> HttpResponse:
    """One gate's card as it is now."""
    return render(request, "console/monitor_card.html", {"card": _card(_gate(gate))})


@require_POST
@for_duties(*OPEN_GATES.duties)
def open_gate(request: HttpRequest, gate: UUID) -> HttpResponse:
    """Open a gate from afar and say what it answered. Written down before it is asked."""
    found = _gate(gate)
    person = staff(request)
    require_duty(person, found.community_id, *OPEN_GATES.duties)
    if found.kind == Gate.Kind.BARRIER:
        raise Refused("why_required", _("抬杆需要选择原因：请到“车辆”页操作。"), status=409)
    audit.record(AuditEntry.Action.GATE, found, actor=person.pk, reason="remote_open")
    try:
        gate_link.open_gate(found.pk, None)
    except Refused as refused:
        raise Refused(refused.code, _ANSWERS.get(refused.code, refused.message), status=refused.status) from refused
    return HttpResponse(_("%(gate)s 已打开。") % {"gate": found.name}, content_type="text/plain; charset=utf-8")
