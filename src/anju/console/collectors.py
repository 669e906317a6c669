"""Collectors of meters: registered, given keys, removed; which are quiet; and readings that wait for a person."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from anju.billing import collectors as keeping
from anju.billing import reported as reporting
from anju.billing.models import Basis, Collector, FeeItem, Reading, Reported
from anju.console.pages import for_duties, in_sight, show, staff, within
from anju.homes.duties import KEEP_FEES
from anju.homes.models import Community
from anju.privacy import scope
from anju.privacy.refusals import Refused, Text

SHOWN = 100


class NewCollector(forms.Form):
    """Whose meters it may report."""

    community = forms.ModelChoiceField(Community.objects.none(), label=gettext_lazy("小区"), empty_label=None)
    name = forms.CharField(label=gettext_lazy("名称"), max_length=40)
    item = forms.ModelChoiceField(
        FeeItem.objects.none(), label=gettext_lazy("收费项目"), required=False, empty_label=gettext_lazy("全部按表项目")
    )
    quiet_hours = forms.IntegerField(
        label=gettext_lazy("多少小时没有上报时提醒"), min_value=1, max_value=720, initial=26
    )


def _form(request: HttpRequest) -> NewCollector:
    made = NewCollector(request.POST or None)
    made.fields["community"].queryset = Community.objects.filter(pk__in=in_sight(request))  # type: ignore[attr-defined]
    metered = FeeItem.objects.filter(basis__in=(Basis.METER, Basis.TIERED), ended=False)
    made.fields["item"].queryset = within(request, metered, KEEP_FEES.duties)  # type: ignore[attr-defined]
    return made


@require_GET
@for_duties(*KEEP_FEES.duties)
def collectors(request: HttpRequest) -> HttpResponse:
    """Those there are, what became of their last batch, and readings that wait."""
    return _page(request, _form(request))


def _page(request: HttpRequest, form: NewCollector, refused: Refused | None = None) -> HttpResponse:
    found = within(request, Collector.objects.filter(digest__isnull=False), KEEP_FEES.duties)
    there = list(found.select_related("community", "item"))
    quiet = set(keeping.quiet(there))
    waiting = _waiting(request).select_related("collector", "meter__home__unit__building", "meter__item")[:SHOWN]
    return show(
        request,
        "collectors",
        _("采集器"),
        collectors=[(one, one in quiet, _faults(one)) for one in there],
        waiting=[(one, _before(one)) for one in waiting],
        form=form,
        refused=refused,
    )


def _faults(collector: Collector) -> list[tuple[str, Text]]:
    """Which meters' readings were refused in its last batch, and why."""
    return [(meter, reporting.WHY[code]) for meter, code in collector.last.get("faults", [])]


def _waiting(request: HttpRequest) -> QuerySet[Reported]:
    return within(request, Reported.objects.filter(meter__isnull=False), KEEP_FEES.duties)


def _before(waits: Reported) -> Reading | None:
    """What the meter showed before."""
    return Reading.objects.filter(meter=waits.meter_id, day__lte=waits.read_at).order_by("-day").first()


def open_badge(request: HttpRequest) -> str:
    """How many are quiet, and how many readings wait."""
    with scope.platform():
        there = within(request, Collector.objects.filter(digest__isnull=False), KEEP_FEES.duties)
        count = len(keeping.quiet(there)) + _waiting(request).count()
    return str(count) if count else ""


@require_POST
@for_duties(*KEEP_FEES.duties)
def add(request: HttpRequest) -> HttpResponse:
    """Register one, and show its key this once."""
    form = _form(request)
    if not form.is_valid():
        return _page(request, form)
    said = form.cleaned_data
    try:
        made = keeping.add(
            staff(request), said["community"], said["name"], item=said["item"], quiet_hours=said["quiet_hours"]
        )
    except Refused as refused:
        return _page(request, form, refused)
    return _key(request, made)


@require_POST
@for_duties(*KEEP_FEES.duties)
def renew(request: HttpRequest, collector: UUID) -> HttpResponse:
    return _key(request, keeping.renew(staff(request), _find(request, collector)))


@require_POST
@for_duties(*KEEP_FEES.duties)
def remove(request: HttpRequest, collector: UUID) -> HttpResponse:
    keeping.remove(staff(request), _find(request, collector))
    messages.success(request, _("已移除，它的密钥不再有效；已上报的读数保留。"))
    return redirect("admin:collectors")


@require_POST
@for_duties(*KEEP_FEES.duties)
def decide(request: HttpRequest, reported: UUID) -> HttpResponse:
    """One that waited counts, or is dropped."""
    found = within(request, Reported.objects.all(), KEEP_FEES.duties).filter(pk=reported).first()
    if found is None:
        raise Refused("unknown_reading", _("没有找到这个读数，请刷新页面。"), status=404)
    take = request.POST.get("answer") == "take"
    reporting.decide(staff(request), found, take=take)
    messages.success(request, _("已计入抄表记录。") if take else _("已丢弃，等下一次上报。"))
    return redirect("admin:collectors")


def _find(request: HttpRequest, collector: UUID) -> Collector:
    found = within(request, Collector.objects.all(), KEEP_FEES.duties).filter(pk=collector).first()
    if found is None:
        raise Refused("unknown_collector", _("没有找到这台采集器，请刷新页面。"), status=404)
    return found


def _key(request: HttpRequest, made: keeping.Made) -> HttpResponse:
    answer = show(
        request,
        "collector",
        made.collector.name,
        collector=made.collector,
        key=made.key,
        address=request.build_absolute_uri("/api/v1/meters/readings"),
    )
    answer["Cache-Control"] = "no-store"
    return answer
