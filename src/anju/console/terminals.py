"""Other makers' terminals: putting one at a gate, and what it proves itself with."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from anju.access.models import Gate
from anju.console.pages import for_duties, show, staff
from anju.homes.duties import KEEP_GATES
from anju.installation.ports import ports
from anju.privacy.refusals import Refused
from anju.terminals import actions, keys
from anju.terminals.api import isapi_token
from anju.terminals.models import Terminal


class NewTerminal(forms.Form):
    """A device of another maker at a gate that no program of ours runs."""

    gate = forms.ModelChoiceField(Gate.objects.none(), label=gettext_lazy("门禁"), empty_label=None)
    protocol = forms.ChoiceField(choices=Terminal.Protocol.choices, label=gettext_lazy("协议"))
    address = forms.URLField(label=gettext_lazy("设备地址"), required=False, assume_scheme="http")
    account = forms.CharField(label=gettext_lazy("设备账号"), required=False, max_length=40)
    password = forms.CharField(label=gettext_lazy("设备密码"), required=False, max_length=100)


def _find(terminal: UUID) -> Terminal:
    found = Terminal.objects.select_related("gate", "community").filter(pk=terminal).first()
    if found is None:
        raise Refused("unknown_terminal", _("没有找到这台终端，请返回列表。"), status=404)
    return found


@require_http_methods(["GET", "POST"])
@for_duties(*KEEP_GATES.duties)
def terminals(request: HttpRequest) -> HttpResponse:
    """The terminals there are, and a form for another."""
    form, refused = NewTerminal(request.POST or None), None
    free = Gate.objects.filter(registered_at__isnull=True, terminal__isnull=True)
    form.fields["gate"].queryset = free  # type: ignore[attr-defined]
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            made = actions.add(
                said["gate"],
                said["protocol"],
                staff=staff(request),
                address=said["address"],
                account=said["account"],
                password=said["password"],
            )
        except Refused as error:
            refused = error
        else:
            messages.success(request, _("终端已接入，请按本页的凭证设置设备。"))
            return redirect("admin:terminal", made.pk)
    found = Terminal.objects.select_related("gate", "community").order_by("gate__name")
    return show(request, "terminals", _("第三方终端"), terminals=found, form=form, free=free.exists(), refused=refused)


@require_GET
@for_duties(*KEEP_GATES.duties)
def terminal(request: HttpRequest, terminal: UUID) -> HttpResponse:
    """Its credentials: derived anew each time, and kept nowhere."""
    found = _find(terminal)
    root = request.build_absolute_uri(f"/api/v1/terminals/{found.pk}")
    if found.protocol == Terminal.Protocol.MQTT:
        facts = [
            (_("端口"), str(ports()["nats_mqtt"])),
            (_("主题"), f"terminals/{found.pk}/#"),
            (_("密码"), keys.mqtt_password(found)),
        ]
    elif found.protocol == Terminal.Protocol.PUSH:
        facts = [(_("地址"), root), (_("签名密钥"), keys.push_key(found).hex())]
    else:
        facts = [(_("事件上报地址"), f"{root}/isapi/{isapi_token(found)}")]
    return show(request, "terminal", str(found.gate), terminal=found, facts=facts)


@require_POST
@for_duties(*KEEP_GATES.duties)
def renew(request: HttpRequest, terminal: UUID) -> HttpResponse:
    actions.renew_credentials(_find(terminal), staff=staff(request))
    messages.success(request, _("凭证已更换，原来的已失效，请重新设置设备。"))
    return redirect("admin:terminal", terminal)
