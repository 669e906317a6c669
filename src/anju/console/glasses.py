"""Break-glass at the console: ask, decide, and look for a few minutes."""

from uuid import UUID

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from anju.console.pages import for_duties, names, show, staff, within
from anju.homes.duties import ASK_GLASS, DECIDE_GLASS, REVIEW, SEE_RESIDENTS
from anju.homes.models import Application, Member
from anju.oversight import glasses as actions
from anju.oversight.models import WAITS, Glass, Step
from anju.privacy.audit import REASONS
from anju.privacy.refusals import Refused
from anju.privacy.staff import OPERATOR, communities, duties

SHOWN = 100
EITHER = (*ASK_GLASS.duties, *DECIDE_GLASS.duties)


def _mine(request: HttpRequest) -> QuerySet[Glass]:
    """What this member of staff asked for, or may decide on."""
    found = Glass.objects.select_related("community")
    if OPERATOR in duties(request):
        return found
    return found.filter(Q(asker=staff(request).pk) | Q(community__in=communities(request, DECIDE_GLASS.duties)))


def waiting_badge(request: HttpRequest) -> str:
    """How many wait for this member of staff."""
    asked = within(request, Glass.objects.filter(step=Step.ASKED, at__gt=timezone.now() - WAITS), DECIDE_GLASS.duties)
    return str(asked.exclude(asker=staff(request).pk).count() or "")


def _find(request: HttpRequest, glass: UUID) -> Glass:
    found = _mine(request).filter(pk=glass).first()
    if found is None:
        raise Refused("unknown_request", _("没有找到这份申请，请回到列表。"), status=404)
    return found


@require_GET
@for_duties(*EITHER)
def glasses(request: HttpRequest) -> HttpResponse:
    rows = list(_mine(request)[:SHOWN])
    who = names(one.asker for one in rows)
    lines = [(one, who.get(one.asker, "—"), REASONS[one.reason], one.asker == request.user.pk) for one in rows]
    return show(request, "glasses", _("紧急查看"), lines=lines)


def _target(request: HttpRequest) -> Member | Application:
    """Whom the page is about: a resident's row or an application's. Raises Refused."""
    rows: dict[str, tuple[QuerySet[Member] | QuerySet[Application], tuple[str, ...]]] = {
        "member": (Member.objects.select_related("home__unit__building", "community"), SEE_RESIDENTS.duties),
        "application": (Application.objects.select_related("home__unit__building", "community"), REVIEW.duties),
    }
    for name, (found, allowed) in rows.items():
        try:
            pk = UUID(request.GET.get(name, ""))
        except ValueError:
            continue
        if row := within(request, found, allowed).filter(pk=pk).first():
            return row
    raise Refused("unknown_person", _("请从住户或认证审核页面选择当事人，再申请紧急查看。"), status=404)


@require_http_methods(["GET", "POST"])
@for_duties(*ASK_GLASS.duties)
def ask(request: HttpRequest) -> HttpResponse:
    target = _target(request)
    if request.method == "POST":
        made = actions.ask(
            target.community, target.person_id, staff=staff(request), reason=request.POST.get("reason", "")
        )
        messages.success(request, _("申请已提交，物业经理和个人信息保护负责人已收到通知。"))
        return redirect("admin:glass", made.pk)
    reasons = [(one, REASONS[one]) for one in actions.ASK_REASONS]
    return show(request, "glass_ask", _("申请紧急查看"), target=target, reasons=reasons, minutes=_minutes())


def _minutes() -> int:
    return int(actions.LASTS.total_seconds() // 60)


@require_GET
@for_duties(*EITHER)
def glass(request: HttpRequest, glass: UUID) -> HttpResponse:
    return _page(request, _find(request, glass))


def _page(request: HttpRequest, found: Glass, shown: tuple[str, str] = ("", "")) -> HttpResponse:
    """The request, and to whoever asked, while it lasts, what it opens. shown: the key and value just asked for."""
    mine = found.asker == request.user.pk
    sights = list(actions.sights(found)) if mine and found.live else []
    who = names(one for one in (found.asker, found.decider) if one)
    return show(
        request,
        "glass",
        _("紧急查看"),
        glass=found,
        mine=mine,
        asker=who.get(found.asker, "—"),
        decider=who.get(found.decider, "") if found.decider else "",
        reason=REASONS[found.reason],
        facts=[(one, shown[1] if one.key == shown[0] else "") for one in sights],
        home=Member.objects.filter(person=found.subject, community=found.community_id).order_by("-since").first(),
        decidable=found.step == Step.ASKED and not found.stale and not mine,
        minutes=_minutes(),
    )


@require_POST
@for_duties(*DECIDE_GLASS.duties)
def decide(request: HttpRequest, glass: UUID) -> HttpResponse:
    done = actions.decide(
        _find(request, glass), staff=staff(request), approve=request.POST.get("decision") == "approve"
    )
    messages.success(request, _("已处理，申请人会收到通知。"))
    return redirect("admin:glass", done.pk)


@require_POST
@for_duties(*ASK_GLASS.duties)
def reveal(request: HttpRequest, glass: UUID) -> HttpResponse:
    """The page with one value in full, this once."""
    found = _find(request, glass)
    sight, value = actions.reveal(found, request.POST.get("key", ""), staff=staff(request))
    return _page(request, found, (sight.key, value))
