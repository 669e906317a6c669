"""Accounts, for whoever runs the installation."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from anju.people.models import Person
from anju.privacy.models import AuditEntry
from anju.privacy.staff import OPERATOR
from anju.privacy.staff_admin import StaffAdmin


@admin.register(Person)
class PersonAdmin(StaffAdmin):
    """Phones are sealed, so there is no search by number."""

    viewers = (OPERATOR,)
    community = None
    list_display = ("masked", "is_staff", "is_active", "joined", "last_login")
    list_filter = ("is_active", "is_staff")
    fields = ("masked", "phone_verified", "language", "is_staff", "is_active", "joined", "last_login")
    ordering = ("-joined",)
    actions = ("deactivate", "activate")

    @display(description=gettext_lazy("手机号"))
    def masked(self, person: Person) -> str:
        return str(person.phone or "")

    def has_switch_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    @admin.action(description=gettext_lazy("停用所选账号"), permissions=["switch"])
    def deactivate(self, request: HttpRequest, people: QuerySet[Any]) -> None:
        count = self._switch(request, people.exclude(pk=request.user.pk), on=False)
        messages.success(request, _("已停用 %(count)s 个账号，他们不能再登录。") % {"count": count})

    @admin.action(description=gettext_lazy("恢复所选账号"), permissions=["switch"])
    def activate(self, request: HttpRequest, people: QuerySet[Any]) -> None:
        count = self._switch(request, people, on=True)
        messages.success(request, _("已恢复 %(count)s 个账号。") % {"count": count})

    def _switch(self, request: HttpRequest, people: QuerySet[Any], *, on: bool) -> int:
        changed = list(people.filter(is_active=not on))
        for person in changed:
            person.is_active = on
            person.save(update_fields=["is_active"])
            self.note(request, AuditEntry.Action.CHANGE, person, ["is_active"])
        return len(changed)
