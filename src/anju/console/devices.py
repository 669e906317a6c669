"""One's own sign-ins and the browsers they came from, with a way to end and forget them."""

from allauth.usersessions.adapter import get_adapter
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from anju.console.pages import for_duties, show, staff
from anju.homes.duties import Duty
from anju.people.models import KnownDevice
from anju.privacy import audit
from anju.privacy.models import AuditEntry
from anju.privacy.refusals import Refused


@require_GET
@for_duties(*Duty)
def devices(request: HttpRequest) -> HttpResponse:
    me = staff(request)
    sessions = sorted(UserSession.objects.purge_and_list(me), key=lambda one: one.last_seen_at, reverse=True)
    return show(
        request,
        "devices",
        _("登录与设备"),
        sessions=[(one, one.session_key == request.session.session_key) for one in sessions],
        known=KnownDevice.objects.filter(person=me).order_by("-last_seen"),
        entries=AuditEntry.objects.filter(actor=me.pk, action=AuditEntry.Action.SIGN_IN).order_by("-id")[:10],
    )


@require_POST
@for_duties(*Duty)
def end(request: HttpRequest, session: int) -> HttpResponse:
    """Sign a browser out, at once."""
    found = UserSession.objects.filter(pk=session, user=staff(request)).first()
    if found is None:
        raise Refused("unknown_session", _("这次登录已经结束，请刷新页面。"), status=404)
    get_adapter().end_sessions([found])
    audit.record(AuditEntry.Action.DELETE, found, actor=staff(request).pk, subject=staff(request).pk)
    messages.success(request, _("已退出那次登录。如果不是您本人登录的，请马上修改密码。"))
    return redirect("admin:devices")


@require_POST
@for_duties(*Duty)
def forget(request: HttpRequest, device: int) -> HttpResponse:
    """Forget a browser: its next sign-in is announced as a new one's."""
    found = KnownDevice.objects.filter(pk=device, person=staff(request)).first()
    if found is None:
        raise Refused("unknown_device", _("没有找到这台设备，请刷新页面。"), status=404)
    audit.record(AuditEntry.Action.DELETE, found, actor=staff(request).pk, subject=staff(request).pk)
    found.delete()
    messages.success(request, _("已忘记这台设备，它下次登录时会再次提醒您。"))
    return redirect("admin:devices")
