"""Parking spaces and monthly parking, for staff. What they change reaches the barriers at once."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from anju.homes.duties import KEEP_PARKING, WATCH_CARS
from anju.privacy.staff_admin import StaffAdmin
from anju.vehicles.actions import refresh_households
from anju.vehicles.models import Parking, Space


@admin.register(Space)
class SpaceAdmin(StaffAdmin):
    viewers = WATCH_CARS.duties
    adders = changers = deleters = KEEP_PARKING.duties
    once = ("community",)
    list_display = ("name", "community", "home")
    list_filter = (("community", admin.RelatedOnlyFieldListFilter),)
    list_select_related = ("home__unit__building", "community")
    search_fields = ("name",)
    autocomplete_fields = ("home",)
    fields = ("community", "name", "home")

    def save_model(self, request: HttpRequest, obj: Space, form: Any, change: Any) -> None:
        """The home that had it, and the one that has it now, learn of it."""
        former = Space.objects.filter(pk=obj.pk).values_list("home_id", flat=True).first()
        super().save_model(request, obj, form, change)
        refresh_households({home for home in (former, obj.home_id) if home is not None})

    def delete_model(self, request: HttpRequest, obj: Space) -> None:
        home = obj.home_id
        super().delete_model(request, obj)
        if home is not None:
            refresh_households([home])

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        homes = {home for home in queryset.values_list("home_id", flat=True) if home is not None}
        super().delete_queryset(request, queryset)
        refresh_households(homes)


@admin.register(Parking)
class ParkingAdmin(StaffAdmin):
    """Staff end or move what was let; it begins with a resident's request."""

    viewers = WATCH_CARS.duties
    changers = deleters = KEEP_PARKING.duties
    list_display = ("home_label", "space", "since", "until")
    list_filter = (("community", admin.RelatedOnlyFieldListFilter), "until")
    list_select_related = ("home__unit__building", "space")
    readonly_fields = ("home_label", "since")
    fields = ("home_label", "space", "since", "until")

    @display(description=gettext_lazy("房屋"))
    def home_label(self, let: Parking) -> str:
        return let.home.label

    def save_model(self, request: HttpRequest, obj: Parking, form: Any, change: Any) -> None:
        super().save_model(request, obj, form, change)
        refresh_households([obj.home_id])

    def delete_model(self, request: HttpRequest, obj: Parking) -> None:
        home = obj.home_id
        super().delete_model(request, obj)
        refresh_households([home])

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        homes = set(queryset.values_list("home_id", flat=True))
        super().delete_queryset(request, queryset)
        refresh_households(homes)
