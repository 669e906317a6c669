"""Whether the institutions' statements agree with our books, the books with themselves, and what is still to be cleared up."""

from datetime import timedelta

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from anju.console.pages import for_duties, show, staff, within
from anju.homes.duties import DECIDE_FEES
from anju.homes.models import Community
from anju.ledger.models import Check
from anju.partners.paying import CHINA
from anju.payments import actions, reconciliation
from anju.payments.institutions import contracted
from anju.payments.models import Difference, Statement, Through
from anju.privacy import scope
from anju.privacy.gateway import NotDelivered
from anju.privacy.staff import OPERATOR, duties

SHOWN = 60


class Day(forms.Form):
    """Which statement is to be compared."""

    through = forms.ChoiceField(choices=Through.choices, label=gettext_lazy("支付方式"))
    day = forms.DateField(label=gettext_lazy("日期"))


def _whole(request: HttpRequest) -> bool:
    """Statements are the installation's: whoever keeps one community of several does not see the others' orders in them."""
    return OPERATOR in duties(request) or Community.objects.count() == 1


def require_whole(request: HttpRequest) -> None:
    if not _whole(request):
        raise PermissionDenied


def _open(request: HttpRequest) -> QuerySet[Difference]:
    """Differences that wait, as far as the orders in them are those of one's communities. To be read in a scope of the whole platform."""
    rows = Difference.objects.filter(cleared_at__isnull=True).select_related("community")
    return rows if _whole(request) else within(request, rows, DECIDE_FEES.duties)


def open_badge(request: HttpRequest) -> str:
    """How many differences wait."""
    with scope.platform():
        count = _open(request).count()
    return str(count) if count else ""


@require_GET
@for_duties(*DECIDE_FEES.duties)
def payments(request: HttpRequest) -> HttpResponse:
    with scope.platform():
        whole = _whole(request)
        return show(
            request,
            "payments",
            _("对账"),
            whole=whole,
            differences=list(_open(request)[:SHOWN]),
            statements=list(Statement.objects.all()[:SHOWN]) if whole else [],
            check=Check.objects.first() if whole else None,
            ways=[(one, Through(one).label) for one in contracted()],
            yesterday=timezone.now().astimezone(CHINA).date() - timedelta(days=1),
        )


@require_POST
@for_duties(*DECIDE_FEES.duties)
def compare(request: HttpRequest) -> HttpResponse:
    """Fetch one day's statement and compare it now."""
    require_whole(request)
    form = Day(request.POST)
    if not form.is_valid() or form.cleaned_data["through"] not in contracted():
        messages.error(request, _("请选择支付方式和日期。"))
        return redirect("admin:payments")
    try:
        found = reconciliation.compare(Through(form.cleaned_data["through"]), form.cleaned_data["day"])
    except NotDelivered:
        messages.error(request, _("取不到这一天的对账单：机构可能还没有生成，请上午十点后再试。"))
    else:
        messages.success(request, _("已对账 %(count)s 笔。") % {"count": found.lines})
    return redirect("admin:payments")


@require_POST
@for_duties(*DECIDE_FEES.duties)
def clear(request: HttpRequest, difference: int) -> HttpResponse:
    """Somebody has found out what it is, and says so."""
    actions.clear(staff(request), difference, request.POST.get("note", ""))
    messages.success(request, _("已处理。"))
    return redirect("admin:payments")
