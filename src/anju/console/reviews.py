"""The review queue: applications to belong to a home, oldest first, one page each to decide on."""

from uuid import UUID

from django.contrib import messages
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from anju.console.pages import allowance, for_duties, show, staff, within
from anju.homes import actions
from anju.homes.duties import REVIEW
from anju.homes.models import Application, ApplicationEvent, Member
from anju.privacy import audit
from anju.privacy.audit import Reason
from anju.privacy.refusals import Refused
from anju.privacy.staff import holds

SHOWN = 100

FIELDS = {"name": gettext_lazy("姓名"), "id_number": gettext_lazy("身份证号")}
"""What can be read in full on a review page."""

PRESETS = (
    gettext_lazy("姓名与登记的业主不一致"),
    gettext_lazy("身份证号有误，请核对后重新提交"),
    gettext_lazy("房屋选择有误，请重新选择"),
    gettext_lazy("请业主本人先完成认证，再由业主确认您的身份"),
    gettext_lazy("请携带租赁合同到物业服务中心核对"),
)
REVEAL_REASONS = (Reason.REVIEW, Reason.CONTACT, Reason.DISPUTE, Reason.LAW)


def waiting() -> QuerySet[Application]:
    """Open applications in sight, oldest first."""
    return (
        Application.objects.filter(state__in=Application.OPEN)
        .select_related("home__unit__building", "community")
        .order_by("submitted_at", "id")
    )


def waiting_badge(request: HttpRequest) -> str:
    """How many wait, for the sidebar; nothing when nobody does."""
    if not holds(request, REVIEW.duties):
        return ""
    return str(within(request, Application.objects.filter(state__in=Application.OPEN), REVIEW.duties).count() or "")


def _find(application: UUID) -> Application:
    found = (
        Application.objects.select_related("home__unit__building", "community", "person").filter(pk=application).first()
    )
    if found is None:
        raise Refused("unknown_application", _("没有找到这份申请，可能已被申请人删除。"), status=404)
    return found


@require_GET
@for_duties(*REVIEW.duties)
def queue(request: HttpRequest) -> HttpResponse:
    return show(
        request,
        "reviews",
        _("认证审核"),
        applications=waiting()[:SHOWN],
        waiting=waiting().count(),
        shown=SHOWN,
    )


@require_GET
@for_duties(*REVIEW.duties)
def rows(request: HttpRequest) -> HttpResponse:
    """The list alone, for a page that has heard of something new."""
    return render(
        request,
        "console/review_rows.html",
        {"applications": waiting()[:SHOWN], "waiting": waiting().count(), "shown": SHOWN},
    )


@require_GET
@for_duties(*REVIEW.duties)
def review(request: HttpRequest, application: UUID) -> HttpResponse:
    return _page(request, _find(application))


def _page(
    request: HttpRequest,
    found: Application,
    *,
    refused: Refused | None = None,
    shown: dict[str, str] | None = None,
) -> HttpResponse:
    """One application with all that a decision needs, masked but for what was just asked for (`shown`)."""
    facts = [
        (name, title, (shown or {}).get(name) or str(getattr(found, name)), name in (shown or {}))
        for name, title in FIELDS.items()
    ]
    response = show(
        request,
        "review",
        _("审核：%(home)s") % {"home": found.home.label},
        application=found,
        facts=facts,
        open=found.state in Application.OPEN,
        household=Member.objects.living().filter(home=found.home).order_by("role", "since"),
        history=_history(found),
        objection=_objection(found),
        refused=refused,
        typed=request.POST.get("reason", "") if refused else "",
        presets=PRESETS,
        reasons=[(reason, audit.REASONS[reason]) for reason in REVEAL_REASONS],
    )
    response.status_code = refused.status if refused else 200
    return response


def _history(found: Application) -> QuerySet[Application]:
    """Everything this applicant asked for about this home, with each step."""
    steps = Prefetch("events", ApplicationEvent.objects.order_by("id"))
    return (
        Application.objects.filter(person=found.person_id, home=found.home_id)
        .prefetch_related(steps)
        .order_by("-submitted_at")
    )


def _objection(found: Application) -> str:
    """What the applicant wrote when they objected: it is written to whoever decides."""
    if found.state != Application.State.DISPUTED:
        return ""
    event = found.events.filter(state=Application.State.DISPUTED).order_by("-id").first()
    return event.note.open() if event and event.note else ""


@require_POST
@for_duties(*REVIEW.duties)
def reveal(request: HttpRequest, application: UUID) -> HttpResponse:
    """The same page with one value in full, this once: it is cached nowhere, and the next visit masks it."""
    found = _find(application)
    field = request.POST.get("field", "")
    try:
        if field not in FIELDS:
            raise Refused("nothing_to_show", _("这里没有可以查看的内容，请刷新页面。"), status=404)
        value = audit.unmask(
            found,
            field,
            actor=staff(request).pk,
            subject=found.person_id,
            reason=request.POST.get("reason", ""),
            allowance=allowance(request),
        )
    except Refused as refused:
        return _page(request, found, refused=refused)
    return _page(request, found, shown={field: value})


@require_POST
@for_duties(*REVIEW.duties)
def decide(request: HttpRequest, application: UUID) -> HttpResponse:
    """Approve or refuse, then on to the next in the queue."""
    found = _find(application)
    approve = request.POST.get("decision") == "approve"
    try:
        decided = actions.decide(
            found,
            staff=staff(request),
            approve=approve,
            reason="" if approve else request.POST.get("reason", ""),
        )
    except Refused as refused:
        if refused.code != "already_decided":
            return _page(request, found, refused=refused)
        messages.info(request, _("%(home)s 的申请刚刚已由其他同事处理。") % {"home": found.home.label})
        return _next(found)
    text = (
        _("已通过 %(home)s 的认证，申请人已收到通知。") if approve else _("已退回 %(home)s 的认证，申请人会看到理由。")
    )
    messages.success(request, text % {"home": decided.home.label})
    return _next(found)


def _next(done: Application) -> HttpResponse:
    following = waiting().exclude(pk=done.pk).first()
    return redirect("admin:review", following.pk) if following else redirect("admin:reviews")
