"""Fees: a period's bills made, looked at and issued; who owes what; bills adjusted and receipts taken back by two."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from anju.billing import adjusting, arrears, repaying, returning, runs, tasks
from anju.billing.models import (
    Adjustment,
    AdjustmentState,
    Basis,
    Bill,
    FeeItem,
    Receipt,
    Repayment,
    RepaymentState,
    Run,
)
from anju.console import month_chart
from anju.console.pages import for_duties, in_sight, names, show, staff, within
from anju.homes.duties import COLLECT, DECIDE_FEES, KEEP_FEES
from anju.partners.paying import fen
from anju.payments.models import Refund, RefundState
from anju.privacy import scope
from anju.privacy.refusals import Refused

SHOWN = 60
SAMPLE = 100


class NewRun(forms.Form):
    """Which item, which period."""

    item = forms.ModelChoiceField(FeeItem.objects.none(), label=gettext_lazy("收费项目"), empty_label=None)
    period = forms.DateField(label=gettext_lazy("账期"), input_formats=["%Y-%m"])
    total = forms.CharField(label=gettext_lazy("分摊总额（元）"), required=False, max_length=16)


def amount(text: str, field: str) -> int:
    """Yuan as typed, in fen. Raises Refused."""
    try:
        return fen(text)
    except ValueError as error:
        raise Refused("bad_amount", _("金额不正确，请填写如 128.50。"), field=field) from error


@require_http_methods(["GET", "POST"])
@for_duties(*KEEP_FEES.duties)
def fees(request: HttpRequest) -> HttpResponse:
    """The periods there are, and a form for the next."""
    form, refused = NewRun(request.POST or None), None
    items = within(request, FeeItem.objects.filter(ended=False), KEEP_FEES.duties)
    form.fields["item"].queryset = items  # type: ignore[attr-defined]
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            total = amount(said["total"], "total") if said["total"] and said["item"].basis == Basis.SHARED else None
            made = runs.ask(staff(request), said["item"], said["period"], total)
        except Refused as error:
            refused = error
        else:
            tasks.count.defer(run=str(made.pk))
            return redirect("admin:fees_run", made.pk)
    found = within(request, Run.objects.select_related("item", "community"), KEEP_FEES.duties)[:SHOWN]
    return show(request, "fees", _("出账"), runs=found, form=form, items=items, refused=refused)


def _run(request: HttpRequest, run: UUID) -> Run:
    rows = within(request, Run.objects.select_related("item", "community"), KEEP_FEES.duties)
    found = rows.filter(pk=run).first()
    if found is None:
        raise Refused("unknown_run", _("没有找到这次出账，请返回列表。"), status=404)
    return found


@require_GET
@for_duties(*KEEP_FEES.duties)
def run(request: HttpRequest, run: UUID) -> HttpResponse:
    """What it came to, what could not be counted, and the homes with the largest bills."""
    found = _run(request, run)
    bills = found.bills.select_related("home__unit__building").order_by("-amount")[:SAMPLE]
    before = _before(found)
    return show(request, "fees_run", str(found), run=found, bills=bills, before=before, by=names([found.made_by]))


def _before(run: Run) -> Run | None:
    """The same item's last period that was issued, to hold this one against."""
    return Run.objects.filter(item=run.item, period__lt=run.period, state="issued").order_by("-period").first()


@require_POST
@for_duties(*KEEP_FEES.duties)
def decide(request: HttpRequest, run: UUID) -> HttpResponse:
    found = _run(request, run)
    answer = request.POST.get("answer")
    if answer == "issue":
        runs.issue(staff(request), found)
        messages.success(request, _("已出账，住户可以缴费了。"))
    elif answer == "again":
        tasks.count.defer(run=str(found.pk))
    else:
        runs.cancel(staff(request), found)
        messages.success(request, _("已作废。"))
    return redirect("admin:fees_run", found.pk)


def _declined(request: HttpRequest) -> QuerySet[Refund]:
    """Refunds that an institution declined, and that have not gone back another way."""
    return within(request, Refund.objects.filter(state=RefundState.FAILED).order_by("at"), COLLECT.duties)


def declined_badge(request: HttpRequest) -> str:
    """How many wait."""
    with scope.platform():
        count = _declined(request).count()
    return str(count) if count else ""


@require_GET
@for_duties(*COLLECT.duties)
def owed(request: HttpRequest) -> HttpResponse:
    """Homes with bills past their day, and how much of each month has come in."""
    places = in_sight(request)
    today = timezone.localdate()
    asked = within(request, Adjustment.objects.filter(state=AdjustmentState.ASKED), COLLECT.duties)
    receipts = list(arrears.latest_receipts(places)[:SHOWN])
    backs = returning.backs(receipts)
    months = arrears.by_month(places)
    return show(
        request,
        "fees_owed",
        _("欠费"),
        arrears=arrears.overdue(places, today),
        months=months,
        chart=month_chart.of(months),
        adjustments=asked.select_related("bill__item", "bill__home__unit__building"),
        receipts=[(one, backs.get(one.pk)) for one in receipts],
        due=repaying.due(_declined(request).select_related("payment")),
        ways=Repayment.Way.choices,
        today=today,
    )


@require_POST
@for_duties(*COLLECT.duties)
def adjust(request: HttpRequest, bill: UUID) -> HttpResponse:
    """Ask for a bill to be made smaller or larger."""
    found = within(request, Bill.objects.all(), COLLECT.duties).filter(pk=bill).first()
    if found is None:
        raise Refused("unknown_bill", _("没有找到这份账单，请刷新页面。"), status=404)
    reason = request.POST.get("reason", "")
    if reason not in Adjustment.Reason.values:
        raise Refused("bad_reason", _("请选择调整原因。"), field="reason")
    adjusting.ask(staff(request), found, amount(request.POST.get("delta", ""), "delta"), Adjustment.Reason(reason))
    messages.success(request, _("已提交，等另一位同事审批。"))
    return redirect("admin:fees_owed")


@require_POST
@for_duties(*DECIDE_FEES.duties)
def adjustment(request: HttpRequest, adjustment: UUID) -> HttpResponse:
    done = adjusting.decide(staff(request), adjustment, approve=request.POST.get("answer") == "approve")
    messages.success(request, _("已调整。") if done.state == AdjustmentState.APPROVED else _("已退回，账单不变。"))
    return redirect("admin:fees_owed")


@require_POST
@for_duties(*DECIDE_FEES.duties)
def give_back(request: HttpRequest, receipt: UUID) -> HttpResponse:
    """Take a receipt back: its bills are open again, the money goes the way it came."""
    found = within(request, Receipt.objects.all(), DECIDE_FEES.duties).filter(pk=receipt).first()
    if found is None:
        raise Refused("unknown_receipt", _("没有找到这张收据，请刷新页面。"), status=404)
    adjusting.give_back(staff(request), found)
    messages.success(request, _("已退款，对应的账单恢复为待缴。"))
    return redirect("admin:fees_owed")


@require_POST
@for_duties(*COLLECT.duties)
def repay(request: HttpRequest, refund: UUID) -> HttpResponse:
    """Say how a refund that the institution declined is to go back."""
    found = _declined(request).filter(pk=refund).first()
    if found is None:
        raise Refused("unknown_refund", _("没有找到这笔退款，可能已经处理过了，请刷新页面。"), status=404)
    way = request.POST.get("way", "")
    if way not in Repayment.Way.values:
        raise Refused("bad_way", _("请选择退还方式。"), field="way")
    repaying.ask(staff(request), found, Repayment.Way(way), request.POST.get("note", ""))
    messages.success(request, _("已提交，等另一位同事审批。"))
    return redirect("admin:fees_owed")


@require_POST
@for_duties(*DECIDE_FEES.duties)
def repayment(request: HttpRequest, repayment: UUID) -> HttpResponse:
    done = repaying.decide(staff(request), repayment, approve=request.POST.get("answer") == "approve")
    approved = done.state == RepaymentState.APPROVED
    messages.success(request, _("已批准，住户会收到通知。") if approved else _("已退回，这笔款仍待退还。"))
    return redirect("admin:fees_owed")
