"""Security incidents at the console: register, measure, put into words, have somebody else send, report, close."""

from collections import Counter
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from anju.console.pages import for_duties, names, show, staff, within
from anju.homes.duties import INCIDENTS, SEND_INCIDENTS
from anju.homes.models import Community, StaffRole
from anju.incidents import actions, affected, drafts
from anju.incidents.models import Affected, Incident
from anju.people.models import Person
from anju.privacy.gateway import RECIPIENTS
from anju.privacy.refusals import Refused
from anju.privacy.staff import OPERATOR, duties, holds

SHOWN = 100
EITHER = (*INCIDENTS.duties, *SEND_INCIDENTS.duties)
State = Incident.State
TEXTS = (
    ("notice", gettext_lazy("告知书")),
    ("announcement", gettext_lazy("公告")),
    ("report", gettext_lazy("报告")),
)


def _moment(title: Any) -> forms.DateTimeField:  # Any: a lazy translation
    return forms.DateTimeField(label=title, input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"])


class NewForm(forms.Form):
    community = forms.ModelChoiceField(
        Community.objects.none(), label=gettext_lazy("小区"), required=False, empty_label=gettext_lazy("全平台")
    )
    kind = forms.ChoiceField(label=gettext_lazy("类型"), choices=Incident.Kind.choices)
    found_at = _moment(gettext_lazy("发现时间"))
    began = _moment(gettext_lazy("开始时间"))
    ended = _moment(gettext_lazy("结束时间"))
    actors = forms.MultipleChoiceField(label=gettext_lazy("涉事人员"), required=False)
    recipients = forms.MultipleChoiceField(label=gettext_lazy("涉事接收方"), required=False)
    places = forms.MultipleChoiceField(label=gettext_lazy("涉及的信息"), required=False)
    whole = forms.BooleanField(label=gettext_lazy("存储整体受影响"), required=False)
    note = forms.CharField(label=gettext_lazy("内部说明"), required=False, max_length=2000)

    def __init__(self, *args: Any, request: HttpRequest, **options: Any) -> None:  # Any: Django's form arguments
        super().__init__(*args, **options)
        places: Any = self.fields["community"]  # Any: the stubs know only Field
        places.queryset = within(request, Community.objects.all(), INCIDENTS.duties, field="pk")
        if OPERATOR not in duties(request):
            places.required, places.empty_label = True, None
        chosen: Any
        chosen = self.fields["actors"]
        working = within(request, StaffRole.objects.all(), INCIDENTS.duties).values_list("person", flat=True)
        chosen.choices = [(str(one.pk), str(one)) for one in Person.objects.filter(pk__in=working)]
        chosen = self.fields["recipients"]
        chosen.choices = [(code, one.title) for code, one in RECIPIENTS.items()]
        chosen = self.fields["places"]
        chosen.choices = [(place, title) for place, (title, _kind) in affected.sealed_places().items()]


def _visible(request: HttpRequest) -> QuerySet[Incident]:
    return within(request, Incident.objects.select_related("community"), EITHER)


def open_badge(request: HttpRequest) -> str:
    """How many are not closed, for the sidebar."""
    if not holds(request, EITHER):
        return ""
    return str(_visible(request).exclude(state=State.CLOSED).count() or "")


def _find(request: HttpRequest, incident: UUID) -> Incident:
    found = _visible(request).filter(pk=incident).first()
    if found is None:
        raise Refused("unknown_incident", _("没有找到这个安全事件，请回到列表。"), status=404)
    return found


@require_GET
@for_duties(*EITHER)
def incidents(request: HttpRequest) -> HttpResponse:
    return show(
        request,
        "incidents",
        _("安全事件"),
        incidents=_visible(request)[:SHOWN],
        may_register=holds(request, INCIDENTS.duties),
    )


@require_http_methods(["GET", "POST"])
@for_duties(*INCIDENTS.duties)
def new(request: HttpRequest) -> HttpResponse:
    form = NewForm(request.POST or None, request=request)
    refused = None
    if request.method == "POST" and form.is_valid():
        try:
            made = actions.register(form.cleaned_data.pop("community"), staff=staff(request), **form.cleaned_data)
        except Refused as found:
            refused = found
        else:
            messages.success(request, _("已登记，4 小时报告时限从发现时间起算。"))
            return redirect("admin:incident", made.pk)
    response = show(request, "incident_new", _("登记安全事件"), form=form, refused=refused)
    response.status_code = 422 if refused or form.errors else 200
    return response


def _progress(found: Incident) -> dict[str, Any]:  # Any: a template's context
    counts = Counter(dict(found.affected.order_by().values_list("told").annotate(count=Count("pk"))))
    total = sum(counts.values())
    return {
        "incident": found,
        "total": total,
        "done": total - counts[""],
        "ways": [(label, counts[value]) for value, label in Affected.Told.choices if counts[value]],
        "sending": found.state == State.CONFIRMED and found.approved_by is not None,
    }


@require_GET
@for_duties(*EITHER)
def incident(request: HttpRequest, incident: UUID) -> HttpResponse:
    return _page(request, _find(request, incident))


def _page(request: HttpRequest, found: Incident, refused: Refused | None = None) -> HttpResponse:
    who = names(UUID(str(one)) for one in [found.opened_by, found.prepared_by, found.approved_by, *found.actors] if one)
    titles = affected.sealed_places()
    response = show(
        request,
        "incident",
        _("安全事件"),
        **_progress(found),
        refused=refused,
        opened_by=who.get(found.opened_by, "—"),
        prepared_by=who.get(found.prepared_by, "") if found.prepared_by else "",
        approved_by=who.get(found.approved_by, "") if found.approved_by else "",
        actors=[who.get(UUID(one), "—") for one in found.actors],
        recipients=[RECIPIENTS[code].title for code in found.recipients if code in RECIPIENTS],
        places=[titles[place][0] for place in found.places if place in titles],
        note=actions.note_of(found) if holds(request, INCIDENTS.duties) else "",
        texts=[(name, title, _languages(getattr(found, name))) for name, title in TEXTS],
        may_handle=holds(request, INCIDENTS.duties),
        may_send=found.state == State.CONFIRMED
        and found.approved_by is None
        and found.prepared_by != staff(request).pk
        and holds(request, SEND_INCIDENTS.duties),
        mine=found.prepared_by == staff(request).pk,
        hows=Incident.Reported.choices,
    )
    response.status_code = refused.status if refused else 200
    return response


def _languages(texts: dict[str, str]) -> list[tuple[str, str, str]]:
    names_of = {"zh-hans": _("中文"), "en": _("英文")}
    return [(language, names_of[language], texts.get(language, "")) for language in drafts.LANGUAGES]


@require_GET
@for_duties(*EITHER)
def progress(request: HttpRequest, incident: UUID) -> HttpResponse:
    """How far the telling has come, for an open page."""
    return render(request, "console/incident_progress.html", _progress(_find(request, incident)))


def _carry_out(request: HttpRequest, incident: UUID, act: Callable[[Incident], Incident], done: str) -> HttpResponse:
    """Do one step and come back to the incident, saying so or why not."""
    found = _find(request, incident)
    try:
        act(found)
    except Refused as refused:
        return _page(request, _find(request, incident), refused)
    messages.success(request, done)
    return redirect("admin:incident", found.pk)


@require_POST
@for_duties(*INCIDENTS.duties)
def measure(request: HttpRequest, incident: UUID) -> HttpResponse:
    me = staff(request)
    return _carry_out(
        request, incident, lambda one: actions.measure(one, staff=me), _("已计算受影响的人，并生成了文字草稿。")
    )


@require_POST
@for_duties(*INCIDENTS.duties)
def edit(request: HttpRequest, incident: UUID) -> HttpResponse:
    me = staff(request)
    texts = {
        name: {language: request.POST.get(f"{name}-{language}", "") for language in drafts.LANGUAGES}
        for name, _title in TEXTS
    }
    return _carry_out(request, incident, lambda one: actions.edit(one, texts, staff=me), _("已保存。"))


@require_POST
@for_duties(*INCIDENTS.duties)
def confirm(request: HttpRequest, incident: UUID) -> HttpResponse:
    me = staff(request)
    return _carry_out(
        request, incident, lambda one: actions.confirm(one, staff=me), _("已提交，请由另一位同事批准告知。")
    )


@require_POST
@for_duties(*SEND_INCIDENTS.duties)
def send(request: HttpRequest, incident: UUID) -> HttpResponse:
    me = staff(request)
    if request.POST.get("decision") == "back":
        return _carry_out(request, incident, lambda one: actions.back(one, staff=me), _("已退回修改。"))
    return _carry_out(request, incident, lambda one: actions.send(one, staff=me), _("已批准，正在逐一告知。"))


@require_POST
@for_duties(*INCIDENTS.duties)
def report(request: HttpRequest, incident: UUID) -> HttpResponse:
    me, form = staff(request), request.POST
    return _carry_out(
        request,
        incident,
        lambda one: actions.report(one, staff=me, how=form.get("how", ""), receipt=form.get("receipt", "")),
        _("已登记报告。"),
    )


@require_POST
@for_duties(*INCIDENTS.duties)
def close(request: HttpRequest, incident: UUID) -> HttpResponse:
    me = staff(request)
    return _carry_out(request, incident, lambda one: actions.close(one, staff=me), _("已结案。"))
