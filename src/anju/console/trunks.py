"""The lines to the telephone network: set up, looked at, tried with the operator's own telephone."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from anju.console.pages import for_duties, show, staff
from anju.homes.duties import TRUNKS
from anju.privacy.refusals import Refused
from anju.sip import place, trunk_state
from anju.sip import trunk as lines
from anju.sip.models import Trunk


class TrunkForm(forms.ModelForm):  # type: ignore[type-arg]
    """What the carrier's contract says. new_password: never shown again; left empty it stays."""

    new_password = forms.CharField(
        label=gettext_lazy("密码"),
        required=False,
        max_length=100,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    class Meta:
        model = Trunk
        fields = (
            "community", "host", "port", "transport", "user", "registers", "number", "dialled", "prefixes",
            "at_once", "home_day", "community_day", "seconds", "off",
        )  # fmt: skip

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]
        self.order_fields(["community", "host", "port", "transport", "user", "new_password"])
        self.fields["community"].empty_label = _("全部小区（没有自己线路的）")  # type: ignore[attr-defined]
        for field in self.fields.values():
            field.widget.attrs.setdefault("class", "" if isinstance(field, forms.BooleanField) else "entry-field")


@require_http_methods(["GET", "POST"])
@for_duties(*TRUNKS.duties)
def trunks(request: HttpRequest) -> HttpResponse:
    """The lines there are, how each is, and a form for another."""
    form = TrunkForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        return _kept(request, form)
    found = [
        (one, trunk_state.good(one), trunk_state.said(one), trunk_state.hint(one))
        for one in Trunk.objects.select_related("community")
    ]
    return show(request, "trunks", _("电话线路"), trunks=found, form=form, runs=place.runs())


@require_http_methods(["GET", "POST"])
@for_duties(*TRUNKS.duties)
def trunk(request: HttpRequest, trunk: UUID) -> HttpResponse:
    found = _find(trunk)
    form = TrunkForm(request.POST or None, instance=found)
    if request.method == "POST" and form.is_valid():
        return _kept(request, form)
    return show(
        request,
        "trunk",
        str(found),
        trunk=found,
        form=form,
        state=trunk_state.said(found),
        hint=trunk_state.hint(found),
    )


def _kept(request: HttpRequest, form: TrunkForm) -> HttpResponse:
    lines.keep(form.save(commit=False), form.cleaned_data["new_password"], staff(request))
    lines.tell_line()
    messages.success(request, _("线路已保存，正在检查运营商是否有响应。"))
    return redirect("admin:trunks")


@require_POST
@for_duties(*TRUNKS.duties)
def try_out(request: HttpRequest, trunk: UUID) -> HttpResponse:
    """Ring the operator's own telephone."""
    rang, text = trunk_state.tried(lines.try_out(_find(trunk), staff(request)))
    (messages.success if rang else messages.error)(request, str(text))
    return redirect("admin:trunks")


@require_POST
@for_duties(*TRUNKS.duties)
def remove(request: HttpRequest, trunk: UUID) -> HttpResponse:
    lines.remove(_find(trunk), staff(request))
    messages.success(request, _("线路已删除，不再拨打电话。"))
    return redirect("admin:trunks")


def _find(trunk: UUID) -> Trunk:
    found = Trunk.objects.select_related("community").filter(pk=trunk).first()
    if found is None:
        raise Refused("unknown_trunk", _("没有找到这条线路，请返回列表。"), status=404)
    return found
