"""The proofs: who looked at what, who agreed to what.

They belong to no community, so the console says whose are in sight.
"""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy
from unfold.decorators import display
from unfold.paginator import InfinitePaginator

from anju.homes.models import Application, Duty, Member, StaffRole
from anju.people.models import Person
from anju.privacy import audit
from anju.privacy.models import AuditEntry, Consent
from anju.privacy.purposes import PURPOSES
from anju.privacy.staff import OPERATOR, communities, duties
from anju.privacy.staff_admin import StaffAdmin

MANAGERS = (Duty.MANAGER,)
CODES = {
    "remote_open": gettext_lazy("远程开门"),
    "registration_code": gettext_lazy("生成接入码"),
    "self_test": gettext_lazy("识别自检（读取本小区人脸特征）"),
    "homes": gettext_lazy("%(count)s 套房屋"),
    **dict(Application.State.choices),
}
"""What was done, where the audit notes that instead of a reason."""


def _people(request: HttpRequest, *models: Any) -> Q:  # Any: models with a person and a community
    """The ids that these models name in the manager's communities."""
    places = communities(request, MANAGERS)
    found: set[Any] = set()
    for model in models:
        found |= set(model.objects.filter(community__in=places).values_list("person_id", flat=True))
    return Q(subject__in=found) | Q(actor__in=found)


class _ProofAdmin(StaffAdmin):
    viewers = MANAGERS
    community = None
    paginator = InfinitePaginator
    ordering = ("-id",)

    def who(self, person: Any) -> str:  # Any: an id or None
        """Staff by what they call themselves, others by their id: the audit is no place to look people up."""
        found = Person.objects.filter(pk=person, is_staff=True).first() if person else None
        return str(found) if found else str(person or "—")


@admin.register(AuditEntry)
class AuditEntryAdmin(_ProofAdmin):
    list_display = ("at", "actor_name", "action", "target_name", "field_names", "reason_text")
    list_filter = ("action", "at")
    fields = (
        "at",
        "actor_name",
        "subject",
        "action",
        "target_name",
        "target_id",
        "field_names",
        "reason_text",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """A manager sees what their own staff did, and what was done to people of their communities."""
        rows = super().get_queryset(request)
        return rows if OPERATOR in duties(request) else rows.filter(_people(request, StaffRole, Member, Application))

    @display(description=gettext_lazy("操作人"))
    def actor_name(self, entry: AuditEntry) -> str:
        return self.who(entry.actor)

    @display(description=gettext_lazy("对象"))
    def target_name(self, entry: AuditEntry) -> str:
        return audit.target_title(entry)

    @display(description=gettext_lazy("字段"))
    def field_names(self, entry: AuditEntry) -> str:
        return "、".join(audit.field_titles(entry))

    @display(description=gettext_lazy("理由"))
    def reason_text(self, entry: AuditEntry) -> str:
        code, _colon, count = entry.reason.partition(":")
        text = audit.REASONS.get(code) or CODES.get(code, entry.reason)
        return str(text) % {"count": count} if count else str(text)


@admin.register(Consent)
class ConsentAdmin(_ProofAdmin):
    list_display = ("at", "subject", "purpose_title", "version", "outcome")
    list_filter = ("action", "at")
    fields = ("at", "subject", "actor", "purpose_title", "version", "action")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """A manager sees the consents of people of their communities."""
        rows = super().get_queryset(request)
        return rows if OPERATOR in duties(request) else rows.filter(_people(request, Member, Application))

    @display(description=gettext_lazy("用途"))
    def purpose_title(self, consent: Consent) -> str:
        purpose = PURPOSES.get(consent.purpose)
        return str(purpose.title) if purpose else consent.purpose

    @display(
        description=gettext_lazy("操作"),
        label={Consent.Action.GRANTED: "success", Consent.Action.WITHDRAWN: "warning"},
    )
    def outcome(self, consent: Consent) -> tuple[str, str]:
        return consent.action, consent.get_action_display()
