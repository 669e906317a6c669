"""Meter readings from a spreadsheet: a day, an item, a file; what is wrong is named by its row."""

import base64
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from anju.billing import dials, sheets
from anju.billing.models import Basis, FeeItem, ReadingPicture
from anju.console.pages import allowance, for_duties, show, staff, within
from anju.homes import spreadsheets
from anju.homes.duties import COLLECT, KEEP_FEES
from anju.privacy import audit
from anju.privacy.refusals import Refused

MOST_FAULTS = 200


class UploadForm(forms.Form):
    item = forms.ModelChoiceField(FeeItem.objects.none(), label=gettext_lazy("收费项目"), empty_label=None)
    day = forms.DateField(label=gettext_lazy("抄表日期"))
    file = forms.FileField(label=gettext_lazy("表格文件"))


@require_http_methods(["GET", "POST"])
@for_duties(*KEEP_FEES.duties)
def readings(request: HttpRequest) -> HttpResponse:
    form = UploadForm(request.POST or None, request.FILES or None)
    metered = FeeItem.objects.filter(basis__in=(Basis.METER, Basis.TIERED), ended=False)
    items = within(request, metered, KEEP_FEES.duties)
    form.fields["item"].queryset = items  # type: ignore[attr-defined]
    refused: Refused | None = None
    faults: list[sheets.Fault] = []
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            cells = spreadsheets.read(said["file"].read(spreadsheets.MOST_BYTES + 1))
            count, faults = sheets.take_in(staff(request), said["item"], said["day"], cells)
        except Refused as error:
            refused = error
        else:
            if not faults:
                messages.success(request, _("已导入 %(count)s 条读数。") % {"count": count})
                return redirect("admin:billing_reading_changelist")
    return show(
        request,
        "readings",
        _("导入读数"),
        form=form,
        items=items,
        refused=refused,
        faults=faults[:MOST_FAULTS],
        more=max(0, len(faults) - MOST_FAULTS),
        today=timezone.localdate(),
    )


@require_GET
@for_duties(*KEEP_FEES.duties)
def template(request: HttpRequest) -> HttpResponse:
    """An empty table with the headings and one example row."""
    del request
    content = spreadsheets.write([[_("房屋"), _("读数")], ["1-1-101", "1234.5"]], "xlsx", "readings")
    headers = {"Content-Disposition": 'attachment; filename="readings.xlsx"'}
    return HttpResponse(content, content_type=spreadsheets.TYPES["xlsx"], headers=headers)


@require_http_methods(["GET", "POST"])
@for_duties(*COLLECT.duties)
def dial(request: HttpRequest, reading: UUID) -> HttpResponse:
    """A reading beside the picture of its dial, which is shown for a reason, this once."""
    rows = within(request, ReadingPicture.objects.all(), COLLECT.duties)
    found = (
        rows.select_related("reading__meter__home__unit__building", "reading__meter__item").filter(pk=reading).first()
    )
    if found is None:
        raise dials.gone()
    picture, refused = "", None
    if request.method == "POST":
        try:
            seen = audit.unmask_bytes(
                found, "image", actor=staff(request).pk, subject=found.key, reason=request.POST.get("reason", ""),
                allowance=allowance(request),
            )  # fmt: skip
        except Refused as error:
            refused = error
        else:
            picture = base64.b64encode(seen).decode()
    reasons = [(one, audit.REASONS[one]) for one in (audit.Reason.METER, audit.Reason.DISPUTE)]
    answer = show(
        request, "reading_dial", _("表盘照片"), reading=found.reading, picture=picture, refused=refused, reasons=reasons
    )
    answer.status_code = refused.status if refused else 200
    return answer
