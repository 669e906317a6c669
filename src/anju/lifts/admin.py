"""Lifts, for staff."""

from typing import Any

from django.contrib import admin
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.translation import gettext as _

from anju.homes.duties import KEEP_GATES, WATCH
from anju.lifts import actions
from anju.lifts.models import Lift
from anju.privacy.staff_admin import StaffAdmin


class LiftForm(ModelForm):  # type: ignore[type-arg]
    """A gate calls the lifts of one stairwell: a grant names floors, and a floor's number says nothing of the stairwell."""

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        unit, gates = said.get("unit") or self.instance.unit, said.get("gates")
        if gates is not None and Lift.objects.filter(gates__in=gates).exclude(unit=unit).exists():
            self.add_error("gates", _("所选门禁已用于其他单元的电梯；一个门禁只能呼叫同一单元的电梯。"))
        return said


@admin.register(Lift)
class LiftAdmin(StaffAdmin):
    form = LiftForm
    viewers = WATCH.duties
    adders = changers = deleters = KEEP_GATES.duties
    once = ("unit",)
    list_display = ("__str__", "community", "adapter", "address")
    list_filter = (("community", admin.RelatedOnlyFieldListFilter), "adapter")
    list_select_related = ("unit__building", "community")
    fields = ("unit", "name", "adapter", "address", "floors", "gates")
    filter_horizontal = ("gates",)

    def save_model(self, request: HttpRequest, obj: Lift, form: Any, change: Any) -> None:
        obj.community_id = obj.unit.community_id
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: Any) -> None:
        """Gates that called it before learn that they do not any more."""
        lift = form.instance
        before = actions.gates_of(lift)
        super().save_related(request, form, formsets, change)
        lift.gates.set(lift.gates.filter(community=lift.community_id))
        actions.set_anew(lift.community_id, before | actions.gates_of(lift))

    def delete_model(self, request: HttpRequest, obj: Lift) -> None:
        gates, community = actions.gates_of(obj), obj.community_id
        super().delete_model(request, obj)
        actions.set_anew(community, gates)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        for lift in queryset:
            self.delete_model(request, lift)
