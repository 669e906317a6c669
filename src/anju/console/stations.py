"""Indoor stations and door stations: hung up, given new passwords, taken down."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from anju.access.models import Gate
from anju.console.pages import for_duties, in_sight, show, staff, within
from anju.homes import queries as homes
from anju.homes.duties import KEEP_GATES
from anju.homes.models import Community
from anju.privacy.refusals import Refused
from anju.sip import devices, provisioning
from anju.sip.models import SipDevice

A_PAGE = 50


class AtHome(forms.Form):
    """Where an indoor station hangs."""

    community = forms.ModelChoiceField(Community.objects.none(), label=gettext_lazy("小区"), empty_label=None)
    home = forms.CharField(label=gettext_lazy("房屋"), max_length=60)


class AtGate(forms.Form):
    """Where a door station hangs."""

    gate = forms.ModelChoiceField(Gate.objects.none(), label=gettext_lazy("门禁"), empty_label=None)


def _forms(request: HttpRequest) -> tuple[AtHome, AtGate]:
    at_home, at_gate = AtHome(request.POST or None), AtGate(request.POST or None)
    at_home.fields["community"].queryset = Community.objects.filter(pk__in=in_sight(request))  # type: ignore[attr-defined]
    gates = within(request, Gate.objects.filter(registered_at__isnull=False), KEEP_GATES.duties)
    at_gate.fields["gate"].queryset = gates  # type: ignore[attr-defined]
    return at_home, at_gate


@require_GET
@for_duties(*KEEP_GATES.duties)
def stations(request: HttpRequest) -> HttpResponse:
    """What hangs where, whether it is registered now, and forms for another."""
    return _page(request)


def _page(request: HttpRequest, refused: Refused | None = None) -> HttpResponse:
    rows = SipDevice.objects.filter(kind__in=SipDevice.ON_A_WALL).select_related("home__unit__building", "gate")
    room = request.GET.get("room", "").strip()
    if room:
        rows = rows.filter(home__room=room)
    page = Paginator(within(request, rows, KEEP_GATES.duties).order_by("gate", "home", "created_at"), A_PAGE).get_page(
        request.GET.get("page")
    )
    at_home, at_gate = _forms(request)
    return show(
        request,
        "stations",
        _("室内机与门口机"),
        page=page,
        stations=[(one, devices.registered(one)) for one in page],
        room=room,
        at_home=at_home,
        at_gate=at_gate,
        refused=refused,
    )


@require_POST
@for_duties(*KEEP_GATES.duties)
def hang(request: HttpRequest) -> HttpResponse:
    """Hang one up in a home or at a gate, and show its account this once."""
    at_home, at_gate = _forms(request)
    try:
        if at_gate.is_valid():
            made = devices.install(staff(request), at_gate.cleaned_data["gate"])
        elif at_home.is_valid():
            said = at_home.cleaned_data
            made = devices.install(staff(request), homes.home_called(said["community"].pk, said["home"]))
        else:
            raise Refused("no_place", _("请选择门禁，或填写房屋。"))
    except Refused as refused:
        return _page(request, refused)
    return _account(request, made)


@require_POST
@for_duties(*KEEP_GATES.duties)
def renew(request: HttpRequest, station: UUID) -> HttpResponse:
    return _account(request, devices.renew(staff(request), _find(request, station)))


@require_POST
@for_duties(*KEEP_GATES.duties)
def take_down(request: HttpRequest, station: UUID) -> HttpResponse:
    devices.take_down(staff(request), _find(request, station))
    messages.success(request, _("已移除，这台设备不能再呼叫或响铃。"))
    return redirect("admin:stations")


def _find(request: HttpRequest, station: UUID) -> SipDevice:
    rows = SipDevice.objects.filter(kind__in=SipDevice.ON_A_WALL).select_related("home__unit__building", "gate")
    found = within(request, rows, KEEP_GATES.duties).filter(pk=station).first()
    if found is None:
        raise Refused("unknown_station", _("没有找到这台设备，请刷新页面。"), status=404)
    return found


def _account(request: HttpRequest, made: devices.Account) -> HttpResponse:
    typed = provisioning.typed(made.device.username, made.password)
    return show(request, "station", made.device.get_kind_display(), station=made.device, typed=typed)
