"""The data-protection officer's pages: what is due, what is kept too long, what went out, who looked, what gates still hold."""

from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Count, Q
from django.db.models.functions import TruncDate
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from anju.access.models import Face, Gate, GateFace
from anju.assessments import actions as assessments
from anju.console import charts
from anju.console.pages import for_duties, names, show, staff, within
from anju.homes.duties import ANSWER, OVERSEE
from anju.homes.models import Member
from anju.privacy import audit, retention, scope
from anju.privacy.declarations import declaration_of
from anju.privacy.gateway import title_of
from anju.privacy.models import AuditEntry, Consent, Sharing
from anju.privacy.refusals import Refused
from anju.privacy.registry import RETENTIONS
from anju.privacy.staff import OPERATOR, duties, holds
from anju.rights import actions, cancellation, queries
from anju.rights.models import Request, RightState, Target, TargetKind
from anju.visitors.models import VisitorFace

DAYS = 30
FILING_FROM = 100_000
"""Faces from which the processing has to be filed with the authority (face rules of 2025-06-01, Art. 15)."""
SHOWN = 50
EITHER = (*OVERSEE.duties, *ANSWER.duties)


def late_badge(request: HttpRequest) -> str:
    """How many requests wait, for the sidebar."""
    if not holds(request, EITHER):
        return ""
    return str(within(request, queries.open_requests(), EITHER).count() or "")


@require_GET
@for_duties(*EITHER)
def overview(request: HttpRequest) -> HttpResponse:
    rows = [(one, declaration_of(one.model).title_of(one.model), RETENTIONS[one.rule]) for one in retention.standing()]
    faces = _faces()
    return show(
        request,
        "privacy",
        _("个人信息保护"),
        requests=within(request, queries.open_requests(), EITHER)[:SHOWN],
        erasing=within(request, queries.erasing(), EITHER)[:SHOWN],
        soon=timezone.now() + timedelta(days=5),
        consents=_consents(request),
        retention=rows,
        overdue=sum(one.overdue for one, _title, _rule in rows),
        sharings=_sharings(request),
        unmasks=_unmasks(request),
        gates=_gates(request),
        faces=faces,
        unassessed=assessments.missing(),
        filing_from=FILING_FROM,
        filing=faces >= FILING_FROM,
        filing_percent=round(faces * 100 / FILING_FROM, 1),
        may_answer=holds(request, ANSWER.duties),
    )


def _subjects(request: HttpRequest) -> Q:
    """Proofs about people of the communities in sight; the operator sees all."""
    if OPERATOR in duties(request):
        return Q()
    living = within(request, Member.objects.all(), EITHER).values("person_id")
    return Q(subject__in=living)


def _consents(request: HttpRequest) -> charts.Chart:
    """Agreeing and taking back by day."""
    today = timezone.localdate()
    days = [today - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]
    acts = Consent.objects.filter(_subjects(request), at__date__gte=days[0]).order_by()
    counted = acts.annotate(day=TruncDate("at")).values_list("day", "action").annotate(Count("id"))
    counts: Counter[Any] = Counter({(day, action): count for day, action, count in counted})
    action = Consent.Action
    return charts.bars(
        [f"{day.month}/{day.day}" for day in days],
        charts.Series(str(action.GRANTED.label), charts.GOOD, [counts[day, action.GRANTED] for day in days]),
        charts.Series(str(action.WITHDRAWN.label), charts.BAD, [counts[day, action.WITHDRAWN] for day in days]),
        charts.Series(str(action.RESTRICTED.label), charts.QUIET, [counts[day, action.RESTRICTED] for day in days]),
    )


def _sharings(request: HttpRequest) -> list[dict[str, Any]]:  # Any: a template's context
    since = timezone.now() - timedelta(days=DAYS)
    rows = Sharing.objects.filter(_subjects(request), at__gte=since).order_by()
    counted = rows.values("recipient", "result").annotate(times=Count("id"), people=Count("subject", distinct=True))
    return [
        {
            **one,
            "title": title_of(one["recipient"]),
            "result_title": Sharing.Result(one["result"]).label,
        }
        for one in counted
    ]


def _unmasks(request: HttpRequest) -> list[dict[str, Any]]:  # Any: as above
    since = timezone.now() - timedelta(days=DAYS)
    rows = AuditEntry.objects.filter(_subjects(request), action=AuditEntry.Action.UNMASK, at__gte=since).order_by()
    counted = list(
        rows.values("actor").annotate(times=Count("id"), people=Count("subject", distinct=True)).order_by("-times")[:20]
    )
    known = names(one["actor"] for one in counted if one["actor"])
    reasons = Counter(rows.values_list("actor", "reason"))
    return [
        {
            **one,
            "name": known.get(one["actor"] or UUID(int=0), "—"),
            "reasons": "、".join(
                f"{audit.REASONS.get(reason, reason)} {count}"
                for (actor, reason), count in reasons.most_common()
                if actor == one["actor"]
            ),
        }
        for one in counted
    ]


def _gates(request: HttpRequest) -> list[dict[str, Any]]:  # Any: as above
    """Gates that still have to forget somebody, or whose word about it did not hold."""
    gates = within(request, Gate.objects.select_related("community"), EITHER)
    waiting = Count("grants", filter=Q(grants__gone=True))
    found = gates.annotate(waiting=waiting).filter(Q(waiting__gt=0) | Q(suspect_since__isnull=False))
    return [{"gate": gate, "waiting": gate.waiting} for gate in found.order_by("-suspect_since", "name")[:SHOWN]]


def _faces() -> int:
    with scope.platform():
        return Face.objects.count() + GateFace.objects.count() + VisitorFace.objects.count()


@require_GET
@for_duties(*EITHER)
def request_page(request: HttpRequest, number: UUID) -> HttpResponse:
    return _page(request, _find(request, number))


def _find(request: HttpRequest, number: UUID) -> Request:
    found = within(request, Request.objects.select_related("community"), EITHER).filter(pk=number).first()
    if found is None:
        raise Refused("unknown_request", _("没有找到这项申请，请返回列表。"), status=404)
    return found


def _page(request: HttpRequest, found: Request, refused: Refused | None = None) -> HttpResponse:
    mine = holds(request, ANSWER.duties)
    response = show(
        request,
        "privacy_request",
        found.get_kind_display(),
        asked=found,
        # What somebody writes to the officer is written for the officer to read; nobody else opens it.
        text=found.text.open() if found.text and mine else "",
        answer=found.answer.open() if found.answer and mine else "",
        place=queries.title_of(found.place) if found.place else "",
        steps=found.steps.order_by("id"),
        targets=[(one, _place(one)) for one in found.targets.all()],
        open=found.state == RightState.RECEIVED and mine,
        may_answer=mine,
        refused=refused,
        typed=request.POST.get("text", "") if refused else "",
    )
    response.status_code = refused.status if refused else 200
    return response


def _place(target: Target) -> str:
    if target.kind == TargetKind.GATE:
        gate = Gate.objects.filter(pk=target.place).first()
        return f"{gate.name}（{_('在线') if gate.online else _('离线')}）" if gate else target.place
    return queries.title_of(target.place)


@require_POST
@for_duties(*ANSWER.duties)
def answer(request: HttpRequest, number: UUID) -> HttpResponse:
    found = _find(request, number)
    try:
        support = request.POST.get("decision") == "support"
        actions.answer(found, staff=staff(request), support=support, text=request.POST.get("text", ""))
    except Refused as refused:
        return _page(request, found, refused)
    messages.success(request, _("已答复，申请人已收到通知。"))
    return redirect("admin:privacy")


@require_POST
@for_duties(*ANSWER.duties)
def partner_confirms(request: HttpRequest, number: UUID) -> HttpResponse:
    """The third party has confirmed in writing that it erased its copy."""
    found = _find(request, number)
    cancellation.partner_confirms(found, request.POST.get("recipient", ""), actor=staff(request).pk)
    cancellation.settle(found.pk)
    messages.success(request, _("已登记第三方的删除确认。"))
    return redirect("admin:privacy_request", found.pk)
