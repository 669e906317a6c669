"""Gates, who may come in, and who came, for staff."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display
from unfold.paginator import InfinitePaginator

from anju.access import actions, queries
from anju.access.models import Entry, Gate, Grant
from anju.homes.duties import KEEP_GATES, WATCH
from anju.people.models import person_of
from anju.privacy.staff_admin import StaffAdmin

_FACTS = ("community", "name", "place", "kind", "direction", "local_address", "latitude", "longitude")


@admin.register(Gate)
class GateAdmin(StaffAdmin):
    viewers, adders, changers = WATCH.duties, KEEP_GATES.duties, KEEP_GATES.duties
    once = ("community",)
    list_display = ("name", "place", "community", "state", "seen_at", "version")
    list_filter = (("community", admin.RelatedOnlyFieldListFilter),)
    search_fields = ("name", "place")
    readonly_fields = ("standing", "seen_at", "registered_at", "version", "offset", "queued", "templates")
    fieldsets = (
        (None, {"fields": _FACTS}),
        (
            gettext_lazy("运行状态"),
            {"fields": ("standing", "seen_at", "registered_at", "version", "offset", "queued", "templates")},
        ),
    )
    add_fieldsets = ((None, {"fields": _FACTS}),)
    change_form_outer_before_template = "console/gate_code_button.html"

    @display(description=gettext_lazy("状态"), label={"online": "success", "offline": "danger", "new": "info"})
    def state(self, gate: Gate) -> tuple[str, str]:
        if gate.registered_at is None:
            return "new", _("未接入")
        return ("online", _("在线")) if gate.online else ("offline", _("离线"))

    @display(description=gettext_lazy("状态"))
    def standing(self, gate: Gate) -> str:
        return self.state(gate)[1]

    @display(description=gettext_lazy("时差（秒）"))
    def offset(self, gate: Gate) -> str:
        found = gate.report.get("offset_ms")
        return "" if found is None else f"{int(found) / 1000:+.1f}"

    @display(description=gettext_lazy("待上传记录"))
    def queued(self, gate: Gate) -> Any:  # Any: what the gate reported
        return gate.report.get("queued", "")

    @display(description=gettext_lazy("人脸模板"))
    def templates(self, gate: Gate) -> Any:  # Any: what the gate reported
        return gate.report.get("templates", "")

    def save_model(self, request: HttpRequest, obj: Gate, form: Any, change: bool) -> None:  # Any: Django's hook
        """Who may pass depends on what it is and where it leads: everybody's rights here are looked at again."""
        super().save_model(request, obj, form, change)
        if change and {"kind", "direction"} & set(form.changed_data):
            actions.set_anew(obj)

    def response_add(self, request: HttpRequest, obj: Gate, post_url_continue: str | None = None) -> HttpResponse:
        """On to the new gate's page: its registration code comes next."""
        return redirect("admin:access_gate_change", obj.pk)

    def get_urls(self) -> list[Any]:
        code = path("<uuid:gate>/code/", self.admin_site.admin_view(self.make_code), name="access_gate_code")
        return [code, *super().get_urls()]

    def make_code(self, request: HttpRequest, gate: Any) -> HttpResponse:
        """A one-time code for the device that is to be this gate, shown this once."""
        found = self.get_queryset(request).filter(pk=gate).first()
        if request.method != "POST" or found is None or not self.has_change_permission(request, found):
            raise PermissionDenied
        code = actions.make_code(found, staff=person_of(request.user))
        minutes = int(actions.CODE_LASTS.total_seconds() // 60)
        context = {
            **self.admin_site.each_context(request),
            "title": _("接入码"),
            "gate": found,
            "code": code,
            "minutes": minutes,
        }
        return TemplateResponse(request, "console/gate_code.html", context)


@admin.register(Grant)
class GrantAdmin(StaffAdmin):
    viewers = KEEP_GATES.duties
    list_display = ("holder_label", "gate", "ways", "told", "gone")
    list_filter = (("gate", admin.RelatedOnlyFieldListFilter), "gone")
    list_select_related = ("gate",)
    fields = ("holder_label", "gate", "ways", "told", "gone", "community")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return queries.with_members(super().get_queryset(request))

    @display(description=gettext_lazy("住户"))
    def holder_label(self, grant: Grant) -> str:
        return queries.holder(grant)

    @display(description=gettext_lazy("开门方式"))
    def ways(self, grant: Grant) -> str:
        return "、".join(queries.way_names(grant.payload.get("ways", [])))

    @display(description=gettext_lazy("门禁已知悉"), boolean=True)
    def told(self, grant: Grant) -> bool:
        return grant.sent_rev == grant.rev and grant.gate.applied >= grant.sequence


@admin.register(Entry)
class EntryAdmin(StaffAdmin):
    """Who came is shown by home and masked name; sealed names cannot be searched."""

    viewers = WATCH.duties
    list_display = ("at", "gate", "holder_label", "way", "outcome", "reason_text", "likeness")
    list_filter = ("result", "way", ("gate", admin.RelatedOnlyFieldListFilter), "at")
    list_select_related = ("gate",)
    fields = (
        "at",
        "gate",
        "holder_label",
        "way",
        "result",
        "reason_text",
        "likeness",
        "offset_ms",
        "received_at",
    )
    ordering = ("-at",)
    paginator = InfinitePaginator

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return queries.with_members(super().get_queryset(request))

    @display(description=gettext_lazy("来人"))
    def holder_label(self, entry: Entry) -> str:
        return queries.holder(entry)

    @display(
        description=gettext_lazy("结果"),
        ordering="result",
        label={Entry.Result.GRANTED: "success", Entry.Result.REFUSED: "warning"},
    )
    def outcome(self, entry: Entry) -> tuple[str, str]:
        return entry.result, entry.get_result_display()

    @display(description=gettext_lazy("相似度"), ordering="score")
    def likeness(self, entry: Entry) -> str:
        return "" if entry.score is None else f"{entry.score:.2f}"

    @display(description=gettext_lazy("说明"))
    def reason_text(self, entry: Entry) -> str:
        return str(queries.REASONS.get(entry.reason, entry.reason))
