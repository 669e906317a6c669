"""The guards' desk: find a pass by its digits or the code on a phone, register who comes unannounced, see who has stayed too long."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from anju.access.models import Gate
from anju.console.pages import for_duties, in_sight, show, staff, within
from anju.homes import queries as homes
from anju.homes.duties import RECEIVE_VISITORS
from anju.homes.models import Community
from anju.privacy.refusals import Refused
from anju.visitors import desk
from anju.visitors.models import Pass, PassQuery

SHOWN = 100


class WalkIn(forms.Form):
    """Somebody who stands at the gate and was not announced."""

    community = forms.ModelChoiceField(Community.objects.none(), label=gettext_lazy("小区"), empty_label=None)
    home = forms.CharField(label=gettext_lazy("到访房屋"), max_length=60)
    name = forms.CharField(label=gettext_lazy("访客姓名"), max_length=40)
    phone = forms.CharField(label=gettext_lazy("访客手机号"), max_length=30)


def _mine(request: HttpRequest, rows: PassQuery) -> PassQuery:
    return within(request, rows, RECEIVE_VISITORS.duties)


def _lists(request: HttpRequest) -> dict[str, list[Pass]]:
    return {
        "late": list(_mine(request, desk.overstaying())[:SHOWN]),
        "expected": list(_mine(request, desk.expected())[:SHOWN]),
        "inside": list(_mine(request, desk.inside())[:SHOWN]),
    }


def late_badge(request: HttpRequest) -> str:
    """How many have stayed too long, for the sidebar."""
    return str(within(request, desk.overstaying(), RECEIVE_VISITORS.duties).count() or "")


def _find(request: HttpRequest, visit: UUID) -> Pass:
    found = _mine(request, desk.passes()).filter(pk=visit).first()
    if found is None:
        raise Refused("unknown_pass", _("没有找到这张通行证，可能已被删除，请返回列表。"), status=404)
    return found


@require_GET
@for_duties(*RECEIVE_VISITORS.duties)
def visitors(request: HttpRequest) -> HttpResponse:
    return show(request, "visitors", _("访客"), **_lists(request))


@require_GET
@for_duties(*RECEIVE_VISITORS.duties)
def rows(request: HttpRequest) -> HttpResponse:
    """The lists alone, for a page that has heard of something new."""
    return render(request, "console/visitors_rows.html", _lists(request))


@require_POST
@for_duties(*RECEIVE_VISITORS.duties)
def find(request: HttpRequest) -> HttpResponse:
    """By six digits, or by what a scanner reads from the visitor's phone."""
    return redirect("admin:visitor", desk.find(_mine(request, desk.passes()), request.POST.get("shown", "")).pk)


@require_GET
@for_duties(*RECEIVE_VISITORS.duties)
def visitor(request: HttpRequest, visit: UUID) -> HttpResponse:
    found = _find(request, visit)
    gates = Gate.objects.filter(community=found.community_id, registered_at__isnull=False)
    open_to = [gate for gate in gates if not found.gates or gate.pk in found.gates]
    return show(request, "visitor", _("访客通行证"), visit=found, good=desk.is_good(found), gates=open_to)


@require_POST
@for_duties(*RECEIVE_VISITORS.duties)
def let_in(request: HttpRequest, visit: UUID, gate: UUID) -> HttpResponse:
    found, door = _find(request, visit), Gate.objects.filter(pk=gate).first()
    if door is None:
        raise Refused("unknown_gate", _("没有找到这个门禁，请刷新页面。"), status=404)
    desk.let_in(staff(request), found, door)
    messages.success(request, _("%(gate)s 已打开。") % {"gate": door.name})
    return redirect("admin:visitor", found.pk)


@require_POST
@for_duties(*RECEIVE_VISITORS.duties)
def left(request: HttpRequest, visit: UUID) -> HttpResponse:
    desk.note_left(staff(request), _find(request, visit))
    messages.success(request, _("已登记离开。"))
    return redirect("admin:visitors")


@require_http_methods(["GET", "POST"])
@for_duties(*RECEIVE_VISITORS.duties)
def walk_in(request: HttpRequest) -> HttpResponse:
    """Register somebody and ask the residents."""
    form, refused = WalkIn(request.POST or None), None
    places = Community.objects.filter(pk__in=in_sight(request))
    form.fields["community"].queryset = places  # type: ignore[attr-defined]
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            home = homes.home_called(said["community"].pk, said["home"])
            made = desk.walk_in(staff(request), home, name=said["name"], phone=said["phone"])
        except Refused as error:
            refused = error
        else:
            messages.success(request, _("已请住户确认，请让访客稍候。"))
            return redirect("admin:visitor", made.pk)
    return show(request, "visitor_walk_in", _("登记访客"), form=form, refused=refused)
