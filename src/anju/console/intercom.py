"""Whether the intercom works, part by part, and what became of each call: who was rung, by what, and what happened."""

from dataclasses import dataclass
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from anju.access import gate_link
from anju.access.models import Gate
from anju.bus import client as bus
from anju.console.pages import for_duties, in_sight, show, within
from anju.homes.duties import KEEP_GATES
from anju.homes.models import Member
from anju.intercom import ice
from anju.intercom.models import Call, Ring
from anju.notices.models import PushSubscription
from anju.privacy import scope
from anju.privacy.refusals import Refused, Text
from anju.sip import health, place, trunk, trunk_state

SHOWN = 100


@dataclass(frozen=True)
class Part:
    """One part of the intercom. good: None where it is not needed. hint: what to do."""

    title: Text
    good: bool | None
    state: Text
    hint: Text = ""


@dataclass(frozen=True)
class Tried:
    """One line of a call's trace. who: masked; empty for the desk and for what hangs on a wall."""

    ring: Ring
    who: str


@require_GET
@for_duties(*KEEP_GATES.duties)
def intercom(request: HttpRequest) -> HttpResponse:
    """The parts, the gates, and the latest calls."""
    gates = within(request, Gate.objects.filter(registered_at__isnull=False), KEEP_GATES.duties)
    calls = Call.objects.select_related("gate", "home__unit__building", "community").prefetch_related("rings__trouble")
    shown = list(within(request, calls, KEEP_GATES.duties)[:SHOWN])
    names = _names(shown)
    return show(
        request,
        "intercom",
        _("对讲自检"),
        parts=_parts(request),
        gates=gates,
        ice=ice.servers(),
        calls=[(one, [Tried(ring, _who(ring, names)) for ring in one.rings.all()]) for one in shown],
    )


def _parts(request: HttpRequest) -> list[Part]:
    return [_bus(), _turn(), _push(), *_sip(request)]


def _bus() -> Part:
    title = _("消息总线")
    try:
        bus.run(lambda client: client.flush(2), 3)
    except bus.BusError:
        return Part(title, False, _("没有响应"), _("请在服务器上运行 ./anju check 查看原因"))
    return Part(title, True, _("正常"))


def _turn() -> Part:
    """Whether it really relays is seen from this browser, with the button below."""
    title = _("媒体中继")
    if not ice.addresses():
        hint = _(
            "手机与门禁不在同一网络且无法直连时，通话会没有画面。请运行 ./anju sip up，或配置 ANJU_TURN_URLS 和 ANJU_TURN_SECRET"
        )
        return Part(title, None, _("未配置"), hint)
    return Part(title, True, _("已配置"), _("按下方“测试通话”可从本机实测"))


def _push() -> Part:
    with scope.platform():
        count = PushSubscription.objects.count()
    return Part(_("推送通知"), True, _("已登记 %(count)s 台设备") % {"count": count})


def _sip(request: HttpRequest) -> list[Part]:
    """The SIP server and what carries its sound; needed for softphones and for what hangs on walls."""
    title = _("SIP 服务器")
    if not place.runs():
        return [Part(title, None, _("未启用"), _("使用室内机、门口机或 Linphone 时，请在服务器上运行 ./anju sip up"))]
    count = health.registrations()
    if count is None:
        return [Part(title, False, _("没有响应"), _("请在服务器上运行 ./anju sip status 查看原因"))]
    server = Part(title, True, _("已注册 %(count)s 台话机") % {"count": count})
    if health.relays():
        return [server, Part(_("话机的声音"), True, _("正常")), *_trunks(request)]
    return [server, Part(_("话机的声音"), False, _("没有响应"), _("请在服务器上运行 ./anju sip status 查看原因"))]


def _trunks(request: HttpRequest) -> list[Part]:
    """The lines to telephones that serve these communities, where there are any."""
    places = set(in_sight(request))
    return [
        Part(
            _("电话线路（%(community)s）") % {"community": one},
            trunk_state.good(one),
            trunk_state.said(one),
            trunk_state.hint(one),
        )
        for one in trunk.running()
        if one.community_id is None or one.community_id in places
    ]


def _names(calls: list[Call]) -> dict[UUID, str]:
    people = {ring.person_id for call in calls for ring in call.rings.all() if ring.person_id}
    return {one.person_id: one.name.masked() for one in Member.objects.filter(person__in=people) if one.name}


def _who(ring: Ring, names: dict[UUID, str]) -> str:
    if ring.person_id is None:
        return ""
    return names.get(ring.person_id, _("已搬离的住户"))


@require_POST
@for_duties(*KEEP_GATES.duties)
def try_gate(request: HttpRequest, gate: UUID) -> HttpResponse:
    """Speak to a gate about a call that is none: a gate that can make calls says that it is over."""
    found = within(request, Gate.objects.filter(pk=gate), KEEP_GATES.duties).first()
    if found is None:
        raise Refused("unknown_gate", _("没有找到这个门禁，请刷新页面。"), status=404)
    code = gate_link.tell_of_call(found.pk, uuid4(), "taken")
    if code == "call_over":
        messages.success(request, _("%(gate)s：对讲程序正常。") % {"gate": found.name})
    else:
        messages.error(request, _("%(gate)s：门禁程序版本太旧，不支持对讲，请升级。") % {"gate": found.name})
    return redirect("admin:intercom")


@require_GET
@for_duties(*KEEP_GATES.duties)
def servers(request: HttpRequest) -> HttpResponse:
    """What a test call from this browser to itself goes through."""
    del request
    return JsonResponse({"ice": ice.servers()})
