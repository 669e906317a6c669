"""Exports at the console: ask, approve somebody else's, watch it being made, download."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from anju.console.pages import for_duties, names, show, staff, within
from anju.homes.duties import ASK_EXPORT, DECIDE_EXPORT
from anju.homes.models import Community
from anju.homes.spreadsheets import TYPES
from anju.oversight import exports as actions
from anju.oversight.models import WAITS, Export, Step
from anju.privacy.audit import REASONS
from anju.privacy.refusals import Refused
from anju.privacy.staff import OPERATOR, communities, duties, holds

SHOWN = 50
EITHER = (*ASK_EXPORT.duties, *DECIDE_EXPORT.duties)


class AskForm(forms.Form):
    community = forms.ModelChoiceField(Community.objects.none(), label=gettext_lazy("小区"), empty_label=None)
    what = forms.ChoiceField(label=gettext_lazy("内容"), choices=Export.What.choices)
    first_day = forms.DateField(label=gettext_lazy("起始日期"), required=False)
    last_day = forms.DateField(label=gettext_lazy("截止日期"), required=False)
    reason = forms.ChoiceField(label=gettext_lazy("理由"), choices=[(one, REASONS[one]) for one in actions.ASK_REASONS])


def _mine(request: HttpRequest) -> QuerySet[Export]:
    """What this member of staff asked for, or may decide on."""
    found = Export.objects.select_related("community").defer("file")
    if OPERATOR in duties(request):
        return found
    return found.filter(Q(asker=staff(request).pk) | Q(community__in=communities(request, DECIDE_EXPORT.duties)))


def waiting_badge(request: HttpRequest) -> str:
    """How many wait for this member of staff."""
    asked = within(request, Export.objects.filter(step=Step.ASKED, at__gt=timezone.now() - WAITS), DECIDE_EXPORT.duties)
    return str(asked.exclude(asker=staff(request).pk).count() or "")


def _lines(request: HttpRequest) -> list[dict[str, object]]:
    rows = list(_mine(request)[:SHOWN])
    who = names(one.asker for one in rows)
    return [
        {
            "export": one,
            "asker": who.get(one.asker, "—"),
            "reason": REASONS[one.reason],
            "mine": one.asker == request.user.pk,
            "left": actions.MOST_DOWNLOADS - one.downloads if actions.there(one) else 0,
        }
        for one in rows
    ]


@require_http_methods(["GET", "POST"])
@for_duties(*EITHER)
def exports(request: HttpRequest) -> HttpResponse:
    form = AskForm(request.POST or None)
    places = within(request, Community.objects.all(), ASK_EXPORT.duties, field="pk")
    form.fields["community"].queryset = places  # type: ignore[attr-defined]
    refused = None
    if request.method == "POST" and form.is_valid():
        facts = form.cleaned_data
        try:
            actions.ask(
                facts["community"],
                facts["what"],
                staff=staff(request),
                reason=facts["reason"],
                first=facts["first_day"],
                last=facts["last_day"],
            )
        except Refused as found:
            refused = found
        else:
            messages.success(request, _("申请已提交，批准后自动生成。"))
            return redirect("admin:exports")
    response = show(
        request,
        "exports",
        _("导出"),
        form=form if holds(request, ASK_EXPORT.duties) else None,
        refused=refused,
        lines=_lines(request),
    )
    response.status_code = refused.status if refused else 422 if form.errors else 200
    return response


@require_GET
@for_duties(*EITHER)
def rows(request: HttpRequest) -> HttpResponse:
    """The list alone; the page asks for it while something is being made."""
    return render(request, "console/export_rows.html", {"lines": _lines(request)})


def _find(request: HttpRequest, export: UUID) -> Export:
    found = _mine(request).filter(pk=export).first()
    if found is None:
        raise Refused("unknown_request", _("没有找到这份申请，请回到列表。"), status=404)
    return found


@require_POST
@for_duties(*DECIDE_EXPORT.duties)
def decide(request: HttpRequest, export: UUID) -> HttpResponse:
    actions.decide(_find(request, export), staff=staff(request), approve=request.POST.get("decision") == "approve")
    messages.success(request, _("已处理，申请人会收到通知。"))
    return redirect("admin:exports")


@require_POST
@for_duties(*ASK_EXPORT.duties)
def download(request: HttpRequest, export: UUID) -> HttpResponse:
    """The file itself. A POST: each one counts and is on the record."""
    found = _find(request, export)
    content = actions.download(found, staff=staff(request))
    headers = {"Content-Disposition": f'attachment; filename="{found.what}-{found.pk.hex[-8:]}.xlsx"'}
    return HttpResponse(content, content_type=TYPES["xlsx"], headers=headers)
