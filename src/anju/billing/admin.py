"""What homes pay for, prices and meters, for staff."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from anju.billing import dials
from anju.billing.forms import FeeItemForm, MeterForm, ReadingForm, TariffForm
from anju.billing.models import FeeItem, Meter, Reading, Tariff
from anju.homes.duties import COLLECT, KEEP_FEES
from anju.people.models import person_of
from anju.privacy.staff_admin import StaffAdmin


@admin.register(FeeItem)
class FeeItemAdmin(StaffAdmin):
    form = FeeItemForm
    viewers = COLLECT.duties
    adders = changers = KEEP_FEES.duties
    once = ("community", "basis")
    list_display = ("name", "community", "basis", "months", "due_days", "ended")
    list_filter = (("community", admin.RelatedOnlyFieldListFilter),)
    list_select_related = ("community",)
    search_fields = ("name",)
    autocomplete_fields = ("homes",)
    fields = (
        "community", "name", "basis", "months", "due_days", "late_rate", "late_grace", "late_cap", "daily_most", "homes", "parking", "ended",
    )  # fmt: skip


class OfItem(StaffAdmin):
    """A row whose community is its item's."""

    viewers = COLLECT.duties
    adders = changers = deleters = KEEP_FEES.duties

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        obj.community_id = obj.item.community_id
        super().save_model(request, obj, form, change)


@admin.register(Tariff)
class TariffAdmin(OfItem):
    form = TariffForm
    once = ("item",)
    list_display = ("item", "since", "price")
    list_filter = (("item", admin.RelatedOnlyFieldListFilter),)
    list_select_related = ("item",)
    fields = ("item", "since", "price", "steps")


@admin.register(Meter)
class MeterAdmin(OfItem):
    form = MeterForm
    once = ("item", "home")
    list_display = ("home", "item", "serial")
    list_filter = (("item", admin.RelatedOnlyFieldListFilter),)
    list_select_related = ("home__unit__building", "item")
    search_fields = ("serial", "home__room")
    autocomplete_fields = ("home",)
    fields = ("item", "home", "serial")


@admin.register(Reading)
class ReadingAdmin(StaffAdmin):
    """A reading that stands in a bill is not changed any more: the next one puts it right."""

    form = ReadingForm
    viewers = COLLECT.duties
    adders = changers = KEEP_FEES.duties
    once = ("meter",)
    list_display = ("meter", "day", "value", "how", "collector", "dial")
    list_filter = (("meter__item", admin.RelatedOnlyFieldListFilter), "how", "day")
    list_select_related = ("meter__home__unit__building", "meter__item", "collector", "picture")
    autocomplete_fields = ("meter",)
    fields = ("meter", "day", "value", "start", "picture")

    @admin.display(description=_("表盘照片"))
    def dial(self, row: Reading) -> str:
        if not hasattr(row, "picture"):
            return ""
        return format_html('<a href="{}">{}</a>', reverse("admin:reading_dial", args=[row.pk]), _("查看"))

    def save_model(self, request: HttpRequest, obj: Reading, form: Any, change: Any) -> None:
        obj.community_id = obj.meter.community_id
        obj.by, obj.how, obj.collector, obj.at = person_of(request.user).pk, Reading.How.HAND, None, None
        super().save_model(request, obj, form, change)
        if picture := form.cleaned_data.get("picture"):
            dials.keep(obj, picture)
