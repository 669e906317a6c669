"""Handing out cards: by home, to whoever lives there and has agreed."""

from dataclasses import dataclass
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from anju.cards import actions
from anju.cards.models import Card
from anju.cards.purposes import GATE_CARD
from anju.console.pages import for_duties, in_sight, show, staff, within
from anju.homes import queries as homes
from anju.homes.duties import KEEP_CARDS
from anju.homes.models import Community, Home, Member
from anju.privacy import consent
from anju.privacy.refusals import Refused


class WhichHome(forms.Form):
    """Whose cards are wanted."""

    community = forms.ModelChoiceField(Community.objects.none(), label=gettext_lazy("小区"), empty_label=None)
    home = forms.CharField(label=gettext_lazy("房屋"), max_length=60)


@dataclass(frozen=True)
class Line:
    """Somebody who lives there, and the card they have. agreed: whether they may be given one."""

    member: Member
    card: Card | None
    agreed: bool


def _lines(home: Home) -> list[Line]:
    members = list(Member.objects.living().filter(home=home).order_by("since"))
    held = {one.person_id: one for one in Card.objects.filter(person__in=[member.person_id for member in members])}
    agreed = consent.agreeing({member.person_id for member in members}, GATE_CARD)
    return [Line(one, held.get(one.person_id), one.person_id in agreed) for one in members]


@require_GET
@for_duties(*KEEP_CARDS.duties)
def cards(request: HttpRequest) -> HttpResponse:
    form, refused, home = WhichHome(request.GET or None), None, None
    places = Community.objects.filter(pk__in=in_sight(request))
    form.fields["community"].queryset = places  # type: ignore[attr-defined]
    if request.GET and form.is_valid():
        try:
            home = homes.home_called(form.cleaned_data["community"].pk, form.cleaned_data["home"])
        except Refused as error:
            refused = error
    lines = _lines(home) if home else []
    return show(request, "cards", _("门禁卡"), form=form, home=home, lines=lines, refused=refused)


def _member(request: HttpRequest, member: UUID) -> Member:
    rows = within(request, Member.objects.living().select_related("home__unit__building"), KEEP_CARDS.duties)
    found = rows.filter(pk=member).first()
    if found is None:
        raise Refused("unknown_member", _("没有找到这位成员，可能已经搬离，请刷新。"), status=404)
    return found


def _back(member: Member) -> HttpResponse:
    asked = urlencode({"community": str(member.community_id), "home": member.home.label})
    return redirect(f"{reverse('admin:cards')}?{asked}")


@require_POST
@for_duties(*KEEP_CARDS.duties)
def issue(request: HttpRequest, member: UUID) -> HttpResponse:
    found = _member(request, member)
    actions.issue(staff(request), found, request.POST.get("number", ""))
    messages.success(request, _("已发卡，门禁已更新。"))
    return _back(found)


@require_POST
@for_duties(*KEEP_CARDS.duties)
def take_back(request: HttpRequest, member: UUID) -> HttpResponse:
    found = _member(request, member)
    held = Card.objects.filter(person=found.person_id, community=found.community_id).first()
    if held is not None:
        actions.take_back(staff(request), held)
    messages.success(request, _("门禁卡已停用。"))
    return _back(found)
