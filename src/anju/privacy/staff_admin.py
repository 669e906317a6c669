"""The base of every model's page in the console: closed but for the duties it names, and on the record."""

from collections.abc import Iterable
from typing import Any, ClassVar

from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.db import models
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from unfold.admin import ModelAdmin

from anju.privacy import audit
from anju.privacy.models import AuditEntry
from anju.privacy.sealed import Sealed
from anju.privacy.staff import OPERATOR, communities, duties, holds


class StaffAdmin(ModelAdmin):
    """viewers, adders, changers, deleters: the duties that may. An empty one means nobody.

    community: the path from a row to its community; rows elsewhere are not there. None: there is no path.
    """

    viewers: ClassVar[tuple[str, ...]] = ()
    adders: ClassVar[tuple[str, ...]] = ()
    changers: ClassVar[tuple[str, ...]] = ()
    deleters: ClassVar[tuple[str, ...]] = ()
    community: ClassVar[str | None] = "community"

    list_per_page = 50
    show_full_result_count = False
    list_filter_submit = False

    # --- who may ----------------------------------------------------------------------------------------

    def has_module_permission(self, request: HttpRequest) -> bool:
        return holds(request, self.viewers)

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        del obj
        return holds(request, self.viewers)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self._grows() and holds(request, self.adders)

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        del obj
        return self._grows() and holds(request, self.changers)

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        del obj
        return self._grows() and holds(request, self.deleters)

    def _grows(self) -> bool:
        """Proofs are written by what they prove, never by hand."""
        return not getattr(self.model, "append_only", False)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Rows of the communities where the person asking holds a duty that may see them.

        Row-level security stands behind this; it does not know what everybody may read, nor duties that
        differ between communities.
        """
        rows: QuerySet[Any] = super().get_queryset(request)
        if OPERATOR in duties(request) or self.community is None:
            return rows
        return rows.filter(**{f"{self.community}__in": communities(request, self.viewers)})

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        """Only what the other model's own page would show can be chosen; a choice of one is made already."""
        other = self.admin_site._registry.get(db_field.remote_field.model)
        if isinstance(other, StaffAdmin):
            choices = options.setdefault("queryset", other.get_queryset(request))
            if len(only := list(choices.values_list("pk", flat=True)[:2])) == 1:
                options.setdefault("initial", only[0])
        return super().formfield_for_foreignkey(db_field, request, **options)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        """No little windows to add or change the other model from here: it has pages of its own."""
        field = super().formfield_for_dbfield(db_field, request, **options)
        if field is not None and isinstance(field.widget, RelatedFieldWidgetWrapper):
            field.widget.can_add_related = field.widget.can_change_related = False
            field.widget.can_delete_related = field.widget.can_view_related = False
        return field

    def get_sortable_by(self, request: HttpRequest) -> list[str]:
        """Sealed values lie in no order."""
        sealed = {field.name for field in self.opts.fields if isinstance(field, Sealed)}
        return [name for name in self.get_list_display(request) if name not in sealed]

    # --- on the record ----------------------------------------------------------------------------------

    def construct_change_message(self, request: HttpRequest, form: Any, formsets: Any, add: bool = False) -> list[str]:
        """The names of the fields given or changed: the audit holds no values."""
        del request, formsets
        return list(form.fields if add else form.changed_data)

    def log_addition(self, request: HttpRequest, obj: models.Model, message: Any) -> None:
        self.note(request, AuditEntry.Action.ADD, obj, message)

    def log_change(self, request: HttpRequest, obj: models.Model, message: Any) -> None:
        self.note(request, AuditEntry.Action.CHANGE, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: Iterable[models.Model]) -> None:
        for obj in queryset:
            self.note(request, AuditEntry.Action.DELETE, obj, ())

    def note(self, request: HttpRequest, action: AuditEntry.Action, obj: models.Model, fields: Iterable[str]) -> None:
        """Write down that the person asking did this."""
        declares = getattr(obj, "privacy", None)
        subject = getattr(obj, declares.subject, None) if declares and declares.subject else None
        audit.record(action, obj, actor=request.user.pk, subject=subject, fields=list(fields))

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Django's own log is not written: the audit has pages of its own."""
        raise Http404
