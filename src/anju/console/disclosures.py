"""What authorities ask for by law, at the console: register, two approvals, produce once, hand over."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from unfold.widgets import UnfoldAdminFileFieldWidget

from anju.console.pages import for_duties, names, show, staff, within
from anju.homes.duties import DISCLOSE
from anju.homes.models import Community
from anju.homes.spreadsheets import TYPES
from anju.oversight import disclosures as actions
from anju.oversight import records
from anju.oversight.disclosures import Paper
from anju.oversight.models import Disclosure
from anju.oversight.papers import MOST_BYTES
from anju.privacy.refusals import Refused

SHOWN = 100
State = Disclosure.State
_TYPES = {"pdf": "application/pdf", "jpg": "image/jpeg"}


class NewForm(forms.Form):
    community = forms.ModelChoiceField(Community.objects.none(), label=gettext_lazy("小区"), empty_label=None)
    authority = forms.CharField(label=gettext_lazy("调取机关"), max_length=80)
    basis = forms.CharField(label=gettext_lazy("法律依据"), max_length=200)
    number = forms.CharField(label=gettext_lazy("文书编号"), max_length=80)
    document = forms.FileField(
        label=gettext_lazy("文书（PDF 或 JPG，10 MB 以内）"),
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ".pdf,.jpg,.jpeg"}),
    )
    phones = forms.CharField(label=gettext_lazy("当事人手机号（每行一个）"), required=False, max_length=4000)
    homes = forms.CharField(label=gettext_lazy("或整户（每行一套，如 3栋2单元1201）"), required=False, max_length=4000)
    places = forms.MultipleChoiceField(label=gettext_lazy("要提供的信息（只选文书要求的）"))
    first_day = forms.DateField(label=gettext_lazy("起始日期"), required=False)
    last_day = forms.DateField(label=gettext_lazy("截止日期"), required=False)
    silent_until = forms.DateField(label=gettext_lazy("依法不告知至"), required=False)
    silent_basis = forms.CharField(label=gettext_lazy("不告知的依据"), required=False, max_length=200)

    def __init__(self, *args: Any, request: HttpRequest, **options: Any) -> None:  # Any: Django's form arguments
        super().__init__(*args, **options)
        places: Any = self.fields["community"]  # Any: the stubs know only Field
        places.queryset = within(request, Community.objects.all(), DISCLOSE.duties, field="pk")
        chosen: Any = self.fields["places"]
        chosen.choices = [(one.place, records.title(one)) for one in records.offered()]


def _visible(request: HttpRequest) -> QuerySet[Disclosure]:
    rows = Disclosure.objects.select_related("community").defer("document", "file")
    return within(request, rows, DISCLOSE.duties)


def waiting_badge(request: HttpRequest) -> str:
    """How many wait for this member of staff."""
    me = staff(request).pk
    waiting = _visible(request).filter(state__in=(State.ASKED, State.SECONDED)).exclude(Q(asker=me) | Q(first=me))
    return str(waiting.count() or "")


def _find(request: HttpRequest, disclosure: UUID) -> Disclosure:
    found = _visible(request).filter(pk=disclosure).first()
    if found is None:
        raise Refused("unknown_request", _("没有找到这份申请，请回到列表。"), status=404)
    return found


@require_GET
@for_duties(*DISCLOSE.duties)
def disclosures(request: HttpRequest) -> HttpResponse:
    return show(request, "disclosures", _("依法提供"), disclosures=_visible(request)[:SHOWN])


@require_http_methods(["GET", "POST"])
@for_duties(*DISCLOSE.duties)
def new(request: HttpRequest) -> HttpResponse:
    form = NewForm(request.POST or None, request.FILES or None, request=request)
    refused = None
    if request.method == "POST" and form.is_valid():
        try:
            made = _ask(request, form.cleaned_data)
        except Refused as found:
            refused = found
        else:
            messages.success(request, _("已登记，须由另外两人先后批准。"))
            return redirect("admin:disclosure", made.pk)
    response = show(request, "disclosure_new", _("登记调取"), form=form, refused=refused)
    response.status_code = 422 if refused or form.errors else 200
    return response


def _ask(request: HttpRequest, facts: dict[str, Any]) -> Disclosure:  # Any: a form's values
    paper = Paper(
        facts["authority"],
        facts["basis"],
        facts["number"],
        facts["document"].read(MOST_BYTES + 1),
        facts["silent_until"],
        facts["silent_basis"],
    )
    return actions.ask(
        facts["community"],
        paper,
        staff=staff(request),
        people=actions.find(facts["community"], facts["phones"], facts["homes"]),
        places=facts["places"],
        first=facts["first_day"],
        last=facts["last_day"],
    )


@require_GET
@for_duties(*DISCLOSE.duties)
def disclosure(request: HttpRequest, disclosure: UUID) -> HttpResponse:
    found = _find(request, disclosure)
    me = staff(request).pk
    who = names(one for one in (found.asker, found.first, found.second) if one)
    titles = {one.place: records.title(one) for one in records.offered()}
    return show(
        request,
        "disclosure",
        _("依法提供"),
        disclosure=found,
        asker=who.get(found.asker, "—"),
        approvers=[who[one] for one in (found.first, found.second) if one in who],
        places=[titles.get(place, place) for place in found.places],
        people=found.people.count(),
        told=found.people.filter(told_at__isnull=False).count(),
        decidable=found.state in (State.ASKED, State.SECONDED) and me not in (found.asker, found.first),
        mine=found.asker == me,
    )


@require_POST
@for_duties(*DISCLOSE.duties)
def document(request: HttpRequest, disclosure: UUID) -> HttpResponse:
    """The authority's paper. A POST: each opening is on the record."""
    found = _find(request, disclosure)
    content = actions.document(found, staff=staff(request))
    headers = {"Content-Disposition": f'attachment; filename="{found.pk.hex[-8:]}.{found.document_kind}"'}
    return HttpResponse(content, content_type=_TYPES[found.document_kind], headers=headers)


@require_POST
@for_duties(*DISCLOSE.duties)
def decide(request: HttpRequest, disclosure: UUID) -> HttpResponse:
    approve = request.POST.get("decision") == "approve"
    done = actions.decide(_find(request, disclosure), staff=staff(request), approve=approve)
    messages.success(request, _("已处理。"))
    return redirect("admin:disclosure", done.pk)


@require_POST
@for_duties(*DISCLOSE.duties)
def produce(request: HttpRequest, disclosure: UUID) -> HttpResponse:
    done = actions.produce(_find(request, disclosure), staff=staff(request))
    messages.success(request, _("已生成，登记人可取走一次。"))
    return redirect("admin:disclosure", done.pk)


@require_POST
@for_duties(*DISCLOSE.duties)
def hand_over(request: HttpRequest, disclosure: UUID) -> HttpResponse:
    """The file itself, once."""
    found = _find(request, disclosure)
    content = actions.hand_over(found, staff=staff(request))
    headers = {"Content-Disposition": f'attachment; filename="disclosure-{found.pk.hex[-8:]}.xlsx"'}
    return HttpResponse(content, content_type=TYPES["xlsx"], headers=headers)
