"""What each gate's dial pad reaches, for staff."""

from typing import Any

from django.contrib import admin
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.translation import gettext as _

from anju.homes.duties import KEEP_GATES, WATCH
from anju.intercom.models import Panel
from anju.privacy.staff_admin import StaffAdmin


class PanelForm(ModelForm):  # type: ignore[type-arg]
    """A gate calls homes of its own community."""

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        gate, units = said.get("gate") or self.instance.gate, said.get("units")
        if units is not None and units.exclude(community=gate.community_id).exists():
            self.add_error("units", _("只能选择这个门禁所在小区的单元。"))
        return said


@admin.register(Panel)
class PanelAdmin(StaffAdmin):
    form = PanelForm
    viewers = WATCH.duties
    adders = changers = deleters = KEEP_GATES.duties
    once = ("gate",)
    list_display = ("__str__", "community", "off")
    list_filter = (("community", admin.RelatedOnlyFieldListFilter),)
    list_select_related = ("gate", "community")
    fields = ("gate", "units", "off")
    filter_horizontal = ("units",)

    def save_model(self, request: HttpRequest, obj: Panel, form: Any, change: Any) -> None:
        obj.community_id = obj.gate.community_id
        super().save_model(request, obj, form, change)
