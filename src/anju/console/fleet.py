"""Gates as equipment: what is wrong with them, how they are run, where they stand, and how they are used."""

from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from anju.access.models import Gate
from anju.console import fleet_charts
from anju.console.monitor import MOST_OFFSET_MS
from anju.console.pages import for_duties, in_sight, names, show, staff
from anju.fleet import alarms, modes
from anju.fleet.models import Alarm, ModeChange
from anju.homes.duties import KEEP_GATES, RUN_GATES, WATCH
from anju.privacy.refusals import Refused
from anju.privacy.staff import holds

SHOWN = 50
WIDE, HIGH, EDGE = 100.0, 46.0, 8.0
"""The plan's size in its own units, and what stays free at its edges."""


@dataclass(frozen=True)
class Row:
    """A gate in the list. x, y: its place on the plan; None: nobody has said where it stands. wrong: alarms that are on."""

    gate: Gate
    wrong: list[Alarm]
    offset: str
    offset_wrong: bool
    told_mode: bool
    x: float | None = None
    y: float | None = None

    @property
    def look(self) -> str:
        """How it is, in a word that the plan's colours know."""
        if not self.gate.registered_at:
            return "new"
        if self.wrong or not self.gate.online:
            return "bad"
        return "good" if self.gate.mode == Gate.Mode.NORMAL else "warn"


def open_badge(request: HttpRequest) -> str:
    """How many alarms nobody has taken up."""
    return str(Alarm.objects.filter(community__in=in_sight(request), state=Alarm.State.OPEN).count() or "")


def _rows(gates: QuerySet[Gate]) -> list[Row]:
    found = list(gates.select_related("community"))
    wrong: dict[UUID, list[Alarm]] = {}
    for alarm in Alarm.objects.filter(gate__in=found).exclude(state=Alarm.State.CLOSED):
        wrong.setdefault(alarm.gate_id, []).append(alarm)
    places = {
        gate: place
        for community in {one.community_id for one in found}
        for gate, place in _places([one for one in found if one.community_id == community]).items()
    }
    return [_row(one, wrong.get(one.pk, []), places.get(one.pk)) for one in found]


def _row(gate: Gate, wrong: list[Alarm], place: tuple[float, float] | None) -> Row:
    offset = gate.report.get("offset_ms")
    return Row(
        gate,
        wrong,
        "—" if offset is None else f"{offset / 1000:+.1f}",
        offset is not None and abs(offset) > MOST_OFFSET_MS,
        gate.report.get("mode", Gate.Mode.NORMAL) == gate.mode,
        *(place or (None, None)),
    )


def _places(gates: list[Gate]) -> dict[UUID, tuple[float, float]]:
    """Where gates stand on a plan that holds them all, north above. No map is fetched from anywhere."""
    known = {
        one.pk: (one.longitude, one.latitude) for one in gates if one.longitude is not None and one.latitude is not None
    }
    if not known:
        return {}
    west, east = min(x for x, _ in known.values()), max(x for x, _ in known.values())
    south, north = min(y for _, y in known.values()), max(y for _, y in known.values())
    # A degree of longitude is narrower than one of latitude, by less than a fifth between Hainan and Beijing: a plan, no survey.
    scale = min((WIDE - 2 * EDGE) / max((east - west) * 0.8, 1e-5), (HIGH - 2 * EDGE) / max(north - south, 1e-5))
    middle_x, middle_y = (west + east) / 2, (south + north) / 2
    return {
        gate: (round(WIDE / 2 + (x - middle_x) * 0.8 * scale, 2), round(HIGH / 2 - (y - middle_y) * scale, 2))
        for gate, (x, y) in known.items()
    }


@dataclass(frozen=True)
class Plan:
    """One community's gates, where they stand."""

    name: str
    rows: list[Row]


def _plans(rows: list[Row]) -> list[Plan]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        if row.x is not None:
            found.setdefault(row.gate.community.name, []).append(row)
    return [Plan(name, placed) for name, placed in found.items()]


def _wanted(request: HttpRequest) -> QuerySet[Gate]:
    """The gates that the page's filters ask for."""
    found = Gate.objects.all()
    if words := request.GET.get("q", "").strip():
        found = found.filter(Q(name__icontains=words) | Q(place__icontains=words) | Q(version__icontains=words))
    kind = request.GET.get("show", "")
    if kind == "wrong":
        found = found.filter(alarms__in=Alarm.objects.exclude(state=Alarm.State.CLOSED)).distinct()
    elif kind == "special":
        found = found.exclude(mode=Gate.Mode.NORMAL)
    elif kind == "new":
        found = found.filter(registered_at__isnull=True)
    return found


def _now(request: HttpRequest) -> dict[str, object]:
    """What changes while one looks: alarms, changes that wait, the list and the plan."""
    waiting = [one for community in in_sight(request) for one in modes.waiting(community)]
    who = names(one.asker for one in waiting)
    alarms_on = Alarm.objects.exclude(state=Alarm.State.CLOSED).select_related("gate", "gate__community")
    rows = _rows(_wanted(request))
    return {
        "rows": rows,
        "plans": _plans(rows),
        "alarms": alarms_on[:SHOWN],
        "waiting": [
            {"change": one, "asker": who.get(one.asker, "—"), "mine": one.asker == request.user.pk} for one in waiting
        ],
        "keeps": holds(request, KEEP_GATES.duties),
        "size": f"0 0 {WIDE:g} {HIGH:g}",
        "reasons": [why for why in ModeChange.Why.choices if why[0] != ModeChange.Why.OVER],
    }


@require_GET
@for_duties(*WATCH.duties)
def fleet(request: HttpRequest) -> HttpResponse:
    hours, ways, refusals = fleet_charts.of(in_sight(request))
    filters = [("", _("全部")), ("wrong", _("有报警")), ("special", _("锁闭或常开")), ("new", _("未接入"))]
    return show(
        request,
        "fleet",
        _("门禁设备"),
        **_now(request),
        hours=hours,
        ways=ways,
        refusals=refusals,
        filters=filters,
        shown_now=request.GET.get("show", ""),
        words=request.GET.get("q", ""),
    )


@require_GET
@for_duties(*WATCH.duties)
def now(request: HttpRequest) -> HttpResponse:
    """The page's moving part alone."""
    return render(request, "console/fleet_now.html", _now(request))


def _gate(number: UUID) -> Gate:
    found = Gate.objects.select_related("community").filter(pk=number).first()
    if found is None:
        raise Refused("unknown_gate", _("没有找到这个门禁，请刷新页面。"), status=404)
    return found


def _alarm(number: UUID) -> Alarm:
    found = Alarm.objects.filter(pk=number).first()
    if found is None:
        raise Refused("unknown_alarm", _("没有找到这条报警，请刷新页面。"), status=404)
    return found


@require_POST
@for_duties(*RUN_GATES.duties)
def mode(request: HttpRequest, gate: UUID) -> HttpResponse:
    """Ask that a gate is run otherwise; for a fire it stands open at once."""
    found, wanted = _gate(gate), request.POST.get("mode", "")
    if request.POST.get("now") == "fire":
        modes.open_for_fire(found, staff=staff(request))
        messages.success(request, _("%(gate)s 已常开，请另一位同事尽快确认。") % {"gate": found.name})
    else:
        reason = request.POST.get("reason", "")
        modes.ask(found, wanted, staff=staff(request), reason=reason)
        messages.success(request, _("申请已提交，另一位同事批准后执行。"))
    return redirect("admin:fleet")


@require_POST
@for_duties(*KEEP_GATES.duties)
def renew_keys(request: HttpRequest, gate: UUID) -> HttpResponse:
    """Have a gate make itself new keys."""
    found = _gate(gate)
    modes.renew_keys(found, staff=staff(request))
    messages.success(request, _("%(gate)s 正在更换密钥，期间照常通行。") % {"gate": found.name})
    return redirect("admin:fleet")


@require_POST
@for_duties(*RUN_GATES.duties)
def decide(request: HttpRequest, change: UUID) -> HttpResponse:
    """Agree with what somebody else asked for, or not."""
    found = ModeChange.objects.filter(pk=change).first()
    if found is None:
        raise Refused("unknown_request", _("没有找到这份申请，请回到列表。"), status=404)
    modes.decide(found, staff=staff(request), approve=request.POST.get("decision") == "approve")
    messages.success(request, _("已处理，申请人会收到通知。"))
    return redirect("admin:fleet")


@require_POST
@for_duties(*WATCH.duties)
def see_to(request: HttpRequest, alarm: UUID) -> HttpResponse:
    alarms.see_to(_alarm(alarm), staff=staff(request))
    return redirect("admin:fleet")


@require_POST
@for_duties(*WATCH.duties)
def close(request: HttpRequest, alarm: UUID) -> HttpResponse:
    alarms.close(_alarm(alarm), staff=staff(request), word=request.POST.get("word", ""))
    messages.success(request, _("报警已结束。"))
    return redirect("admin:fleet")
