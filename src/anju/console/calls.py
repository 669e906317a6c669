"""The property desk's telephone: what rings from the gates, who stands there, answering and letting them in."""

import json
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from anju.console.pages import for_duties, show, staff, within
from anju.homes.actions import require_duty
from anju.homes.duties import RECEIVE_VISITORS
from anju.intercom import actions, ice, queries
from anju.intercom.models import Call, CallState, Ring, Via
from anju.privacy.refusals import Refused

SHOWN = 50


def _calls(request: HttpRequest) -> dict[str, list[Call]]:
    calls = within(request, queries.at_desk(), RECEIVE_VISITORS.duties)
    rings = calls.filter(state=CallState.RINGING, at__gt=timezone.now() - queries.RINGS)
    return {"ringing": list(rings), "calls": list(calls[:SHOWN])}


def _find(request: HttpRequest, call: UUID) -> Call:
    """A call to a desk that the person asking works at. Raises Refused."""
    found = within(request, queries.at_desk(), RECEIVE_VISITORS.duties).filter(pk=call).first()
    if found is None:
        raise queries.unknown()
    require_duty(staff(request), found.community_id, *RECEIVE_VISITORS.duties)
    return found


@require_GET
@for_duties(*RECEIVE_VISITORS.duties)
def calls(request: HttpRequest) -> HttpResponse:
    return show(request, "calls", _("值班台"), **_calls(request))


@require_GET
@for_duties(*RECEIVE_VISITORS.duties)
def rows(request: HttpRequest) -> HttpResponse:
    """What rings and what rang, for a page that has heard of something new."""
    return render(request, "console/calls_rows.html", _calls(request))


@require_GET
@for_duties(*RECEIVE_VISITORS.duties)
def picture(request: HttpRequest, call: UUID) -> HttpResponse:
    """What the gate saw."""
    found = _find(request, call)
    if not hasattr(found, "picture"):
        raise Refused("no_picture", _("这次呼叫没有照片，或照片已过期删除。"), status=404)
    return HttpResponse(found.picture.image.open_bytes(), content_type="image/jpeg")


@require_POST
@for_duties(*RECEIVE_VISITORS.duties)
def accept(request: HttpRequest, call: UUID) -> HttpResponse:
    """Answer at this desk: the gate's half of the connection, and what speaks for the call."""
    found = _find(request, call)
    ring: Ring = actions.answer(found.pk, Via.DESK, None)
    return JsonResponse({"leg": ring.leg, "offer": found.offer, "ice": ice.servers()})


def _said(request: HttpRequest, name: str, longest: int = 64) -> str:
    """Raises Refused."""
    try:
        text = json.loads(request.body)[name]
    except (ValueError, KeyError, TypeError) as error:
        raise Refused("bad_call", _("通话连接的数据无法识别，请刷新页面后重试。")) from error
    if not isinstance(text, str) or len(text) > longest:
        raise Refused("bad_call", _("通话连接的数据无法识别，请刷新页面后重试。"))
    return text


@require_POST
@for_duties(*RECEIVE_VISITORS.duties)
def connect(request: HttpRequest, call: UUID) -> HttpResponse:
    actions.connect(_find(request, call).pk, _said(request, "leg"), _said(request, "answer", actions.MOST_OFFER))
    return HttpResponse(status=204)


@require_POST
@for_duties(*RECEIVE_VISITORS.duties)
def open_gate(request: HttpRequest, call: UUID) -> HttpResponse:
    """The gate that calls, once, by the desk that answered; on the record."""
    actions.open_gate(_find(request, call).pk, _said(request, "leg"), staff=staff(request))
    return HttpResponse(_("门已打开"), content_type="text/plain; charset=utf-8")


@require_POST
@for_duties(*RECEIVE_VISITORS.duties)
def end(request: HttpRequest, call: UUID) -> HttpResponse:
    actions.hang_up(_find(request, call).pk, _said(request, "leg"))
    return HttpResponse(status=204)
