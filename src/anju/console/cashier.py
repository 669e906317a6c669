"""The cashier's desk: a shift, a home, its bills, cash or card, and the drawer counted at the end."""

from uuid import UUID, uuid4

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from anju.billing import arrears, cashier, owing, prepaid, receipts
from anju.billing.models import Adjustment, Method, Receipt
from anju.console.fees import amount
from anju.console.pages import for_duties, in_sight, show, staff, within
from anju.console.templatetags.money import yuan
from anju.homes import queries as homes
from anju.homes.duties import COLLECT
from anju.homes.models import Community, Home
from anju.privacy import audit
from anju.privacy.models import AuditEntry
from anju.privacy.refusals import Refused


class WhichHome(forms.Form):
    """Whose bills are wanted."""

    home = forms.CharField(label=gettext_lazy("房屋"), max_length=60)


class NewShift(forms.Form):
    """Where one begins, and with how much in the drawer."""

    community = forms.ModelChoiceField(Community.objects.none(), label=gettext_lazy("小区"), empty_label=None)
    float = forms.CharField(label=gettext_lazy("备用金（元）"), max_length=16, initial="0")


@require_GET
@for_duties(*COLLECT.duties)
def desk(request: HttpRequest) -> HttpResponse:
    me = staff(request)
    shift = cashier.current(me)
    form = NewShift()
    form.fields["community"].queryset = Community.objects.filter(pk__in=in_sight(request))  # type: ignore[attr-defined]
    if shift is None:
        return show(request, "cashier", _("收费台"), shift=None, form=form)
    asked = request.GET.get("home", "").strip()
    home, refused = None, None
    if asked:
        try:
            home = homes.home_called(shift.community_id, asked)
        except Refused as error:
            refused = error
    bills = [(one, owing.owed(one)) for one in arrears.open_of(home)] if home else []
    return show(
        request,
        "cashier",
        _("收费台"),
        shift=shift,
        expected=cashier.expected(shift),
        asked=asked,
        home=home,
        refused=refused,
        bills=bills,
        total=sum(owed.total for _bill, owed in bills),
        ahead=prepaid.balance(home) if home else 0,
        wish=uuid4().hex,
        reasons=Adjustment.Reason.choices,
        taken=shift.receipts.select_related("home__unit__building").order_by("-at")[:20],
    )


@require_POST
@for_duties(*COLLECT.duties)
def begin(request: HttpRequest) -> HttpResponse:
    form = NewShift(request.POST)
    form.fields["community"].queryset = Community.objects.filter(pk__in=in_sight(request))  # type: ignore[attr-defined]
    if not form.is_valid():
        raise Refused("bad_form", _("请选择小区并填写备用金。"))
    said = form.cleaned_data
    cashier.open_shift(staff(request), said["community"].pk, amount(said["float"], "float"))
    return redirect("admin:cashier")


@require_POST
@for_duties(*COLLECT.duties)
def take(request: HttpRequest, home: UUID) -> HttpResponse:
    """Money for the chosen bills of a home."""
    found = within(request, Home.objects.select_related("unit__building"), COLLECT.duties).filter(pk=home).first()
    if found is None:
        raise Refused("unknown_home", _("没有找到这套房屋，请重新查找。"), status=404)
    method = request.POST.get("method", "")
    try:
        bills = [UUID(one) for one in request.POST.getlist("bill")]
        how = Method(method)
    except ValueError as error:
        raise Refused("bad_form", _("提交的内容无法识别，请刷新页面。")) from error
    paid = amount(request.POST.get("amount", ""), "amount")
    made = cashier.receive(staff(request), found, paid, how, bills, request.POST.get("wish", ""))
    messages.success(request, _("已收款，收据号 %(number)s。") % {"number": made})
    return redirect(f"{reverse('admin:cashier')}?{urlencode({'home': found.label})}")


@require_POST
@for_duties(*COLLECT.duties)
def close(request: HttpRequest) -> HttpResponse:
    done = cashier.close_shift(staff(request), amount(request.POST.get("counted", ""), "counted"))
    off = (done.counted or 0) - (done.expected or 0)
    if off:
        messages.warning(request, _("已交班，实点与应有相差 %(amount)s 元，已记录。") % {"amount": yuan(off)})
    else:
        messages.success(request, _("已交班，账款相符。"))
    return redirect("admin:cashier")


@require_GET
@for_duties(*COLLECT.duties)
def receipt(request: HttpRequest, receipt: UUID) -> HttpResponse:
    """To be printed for whoever paid."""
    rows = Receipt.objects.select_related("home__unit__building", "community")
    found = within(request, rows, COLLECT.duties).filter(pk=receipt).first()
    if found is None:
        raise Refused("unknown_receipt", _("没有找到这张收据，请刷新页面。"), status=404)
    audit.record(AuditEntry.Action.EXPORT, found, actor=staff(request).pk, subject=found.payer, reason="receipt")
    answer = HttpResponse(receipts.write(found), content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="receipt-{found}.pdf"'
    return answer
