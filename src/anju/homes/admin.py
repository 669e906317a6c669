"""Communities, homes and who belongs to them, for staff."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextInputWidget

from anju.homes import actions, staffing
from anju.homes.duties import (
    APPOINT,
    ASK_GLASS,
    END_RESIDENCE,
    KEEP_HOMES,
    REVIEW,
    SEE_HOMES,
    SEE_RESIDENTS,
    WATCHDOGS,
    Duty,
)
from anju.homes.models import Application, Building, Community, Home, Member, Role, StaffRole, Unit
from anju.privacy.models import AuditEntry
from anju.privacy.refusals import Refused
from anju.privacy.staff import OPERATOR, communities, duties, holds
from anju.privacy.staff_admin import StaffAdmin


@admin.register(Community)
class CommunityAdmin(StaffAdmin):
    viewers, changers, adders = KEEP_HOMES.duties, KEEP_HOMES.duties, (OPERATOR,)
    community = "id"
    list_display = ("name", "city", "address")
    search_fields = ("name", "address")


class _PlaceAdmin(StaffAdmin):
    """What buildings, units and homes share."""

    viewers, adders, changers = SEE_HOMES.duties, KEEP_HOMES.duties, KEEP_HOMES.duties
    deleters = KEEP_HOMES.duties


@admin.register(Building)
class BuildingAdmin(_PlaceAdmin):
    once = ("community",)
    list_display = ("name", "community", "order")
    list_filter = (("community", admin.RelatedOnlyFieldListFilter),)
    search_fields = ("name",)


@admin.register(Unit)
class UnitAdmin(_PlaceAdmin):
    once = ("building",)
    list_display = ("__str__", "community", "order")
    list_filter = (("community", admin.RelatedOnlyFieldListFilter), ("building", admin.RelatedOnlyFieldListFilter))
    search_fields = ("building__name", "name")
    fields = ("building", "name", "order")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("building", "community")

    def save_model(self, request: HttpRequest, obj: Unit, form: Any, change: Any) -> None:
        obj.community_id = obj.building.community_id
        super().save_model(request, obj, form, change)


@admin.register(Home)
class HomeAdmin(_PlaceAdmin):
    once = ("unit",)
    list_display = ("label", "community", "floor", "area", "people")
    list_filter = (
        ("community", admin.RelatedOnlyFieldListFilter),
        ("unit__building", admin.RelatedOnlyFieldListFilter),
    )
    list_select_related = ("unit__building", "community")
    search_fields = ("room", "unit__building__name")
    fields = ("unit", "room", "floor", "area")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        now = timezone.now()
        living = Q(members__since__lte=now) & (Q(members__until__isnull=True) | Q(members__until__gt=now))
        return super().get_queryset(request).annotate(people=Count("members", filter=living))

    def save_model(self, request: HttpRequest, obj: Home, form: Any, change: Any) -> None:
        obj.community_id = obj.unit.community_id
        super().save_model(request, obj, form, change)

    @display(description=gettext_lazy("房屋"), ordering="unit__building__order")
    def label(self, home: Home) -> str:
        return home.label

    @display(description=gettext_lazy("住户人数"), ordering="people")
    def people(self, home: Any) -> int:  # Any: annotated above
        return int(home.people)


class WindowFilter(admin.SimpleListFilter):
    """Living here now, or moved out."""

    title = gettext_lazy("状态")
    parameter_name = "window"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("living", _("在住")), ("ended", _("已结束"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "living":
            return queryset.living()  # type: ignore[attr-defined]
        if self.value() == "ended":
            return queryset.filter(until__lte=timezone.now())
        return queryset


@admin.register(Member)
class MemberAdmin(StaffAdmin):
    """Names are sealed, so there is no search by name."""

    viewers = SEE_RESIDENTS.duties
    list_display = ("masked", "home", "standing", "since", "until")
    list_filter = (WindowFilter, "role", ("community", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("home__unit__building", "community")
    search_fields = ("home__room", "home__unit__building__name")
    fields = ("masked", "home", "role", "since", "until", "community")
    ordering = ("-since",)
    actions = ("end",)
    change_form_outer_before_template = "console/glass_button.html"

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:  # Any: a template's context
        more = {**(extra_context or {}), "may_ask_glass": holds(request, ASK_GLASS.duties)}
        return super().change_view(request, object_id, form_url, more)

    @display(description=gettext_lazy("姓名"))
    def masked(self, member: Member) -> str:
        return str(member.name or "")

    @display(
        description=gettext_lazy("身份"),
        label={Role.OWNER: "success", Role.FAMILY: "info", Role.TENANT: "warning"},
    )
    def standing(self, member: Member) -> tuple[str, str]:
        return member.role, member.get_role_display()

    def has_end_permission(self, request: HttpRequest) -> bool:
        return holds(request, END_RESIDENCE.duties)

    @admin.action(description=gettext_lazy("结束所选住户的居住"), permissions=["end"])
    def end(self, request: HttpRequest, members: QuerySet[Any]) -> HttpResponse | None:
        """Asks first: every right that came with a membership ends with it, at once."""
        if OPERATOR not in duties(request):
            members = members.filter(community__in=communities(request, END_RESIDENCE.duties))
        if "confirmed" not in request.POST:
            context = {**self.admin_site.each_context(request), "title": _("结束居住"), "members": members}
            return TemplateResponse(request, "console/end_memberships.html", context)
        count = 0
        for member in members.living():  # type: ignore[attr-defined]
            actions.end_membership(member)
            self.note(request, AuditEntry.Action.CHANGE, member, ["until"])
            count += 1
        if count:
            messages.success(request, _("已结束 %(count)s 位住户的居住，他们的开门权限同时失效。") % {"count": count})
        else:
            messages.info(request, _("所选住户都已结束居住，没有变化。"))
        return None


@admin.register(Application)
class ApplicationAdmin(StaffAdmin):
    """The history; deciding has pages of its own."""

    viewers = REVIEW.duties
    list_display = ("masked", "home", "role", "outcome", "submitted_at", "decided_at")
    list_filter = ("state", "role", "contested", ("community", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("home__unit__building", "community")
    search_fields = ("home__room", "home__unit__building__name")
    fields = (
        "masked",
        "masked_number",
        "home",
        "role",
        "state",
        "contested",
        "submitted_at",
        "decided_at",
        "community",
    )
    ordering = ("-submitted_at",)

    @display(description=gettext_lazy("姓名"))
    def masked(self, application: Application) -> str:
        return str(application.name)

    @display(description=gettext_lazy("身份证号"))
    def masked_number(self, application: Application) -> str:
        return str(application.id_number)

    @display(
        description=gettext_lazy("状态"),
        label={
            Application.State.SUBMITTED: "info",
            Application.State.DISPUTED: "warning",
            Application.State.APPROVED: "success",
            Application.State.REFUSED: "danger",
        },
    )
    def outcome(self, application: Application) -> tuple[str, str]:
        return application.state, application.get_state_display()


class AppointForm(forms.ModelForm):  # type: ignore[type-arg]
    """A duty is given by phone number: staff choose from no list of people."""

    phone = forms.CharField(
        label=gettext_lazy("手机号"),
        widget=UnfoldAdminTextInputWidget(),
        help_text=gettext_lazy("对方在住户应用里注册时用的手机号。首次登录控制台时会请对方设置两步验证。"),
    )

    class Meta:
        model = StaffRole
        fields = ("community", "duty")

    def clean(self) -> dict[str, Any]:
        facts: dict[str, Any] = super().clean() or {}
        if {"phone", "community", "duty"} <= facts.keys():
            try:
                self.instance.person = staffing.find(facts["phone"])
                staffing.require_new(self.instance.person, facts["community"], Duty(facts["duty"]))
            except Refused as refused:
                self.add_error(refused.errors[0][0], str(refused.message))
        return facts


@admin.register(StaffRole)
class StaffRoleAdmin(StaffAdmin):
    """Who watches over the managers is not theirs to choose."""

    viewers, adders, deleters = APPOINT.duties, APPOINT.duties, APPOINT.duties
    list_display = ("person", "duty_name", "community")
    list_filter = ("duty", ("community", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("person", "community")
    add_fieldsets = ((None, {"fields": ("phone", "community", "duty")}),)
    fields = ("person", "community", "duty")

    @display(
        description=gettext_lazy("岗位"),
        label={
            Duty.MANAGER: "success",
            Duty.REVIEWER: "info",
            Duty.GUARD: "warning",
            Duty.DPO: "primary",
            Duty.AUDITOR: "primary",
        },
    )
    def duty_name(self, role: StaffRole) -> tuple[str, str]:
        return role.duty, role.get_duty_display()

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **options: Any
    ) -> Any:  # Any: Django's hook
        if obj is None:
            options["form"] = AppointForm
        form = super().get_form(request, obj, change, **options)
        if obj is None and OPERATOR not in duties(request):
            duty = form.base_fields["duty"]
            duty.choices = [one for one in duty.choices if one[0] not in WATCHDOGS]
        return form

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        watches = isinstance(obj, StaffRole) and obj.duty in WATCHDOGS
        return super().has_delete_permission(request, obj) and (not watches or OPERATOR in duties(request))

    def save_model(self, request: HttpRequest, obj: StaffRole, form: Any, change: Any) -> None:
        role = staffing.appoint(obj.person, obj.community, Duty(obj.duty))
        obj.pk = role.pk

    def delete_model(self, request: HttpRequest, obj: StaffRole) -> None:
        staffing.dismiss(obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for role in queryset:
            if self.has_delete_permission(request, role):
                staffing.dismiss(role)
