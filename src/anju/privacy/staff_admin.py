"""The base of every model's page in the console: closed but for the duties it names, and on the record."""

from collections.abc import Collection, Iterable
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

    community: the field with a row's community; a duty counts where it is held. None: there is no such field.
    once: fields that are set when a row is added and stand from then on, because other rows rely on them.
    """

    viewers: ClassVar[tuple[str, ...]] = ()
    adders: ClassVar[tuple[str, ...]] = ()
    changers: ClassVar[tuple[str, ...]] = ()
    deleters: ClassVar[tuple[str, ...]] = ()
    community: ClassVar[str | None] = "community_id"
    once: ClassVar[tuple[str, ...]] = ()

    list_per_page = 50
    show_full_result_count = False
    list_filter_submit = False

    # --- who may ----------------------------------------------------------------------------------------

    def has_module_permission(self, request: HttpRequest) -> bool:
        return holds(request, self.viewers)

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return self._may(request, self.viewers, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self._grows() and self._may(request, self.adders)

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return self._grows() and self._may(request, self.changers, obj)

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return self._grows() and self._may(request, self.deleters, obj)

    def _may(self, request: HttpRequest, allowed: Collection[str], row: models.Model | None = None) -> bool:
        """Whether one of these duties is held; with a row: in its community."""
        if row is None or self.community is None or OPERATOR in duties(request):
            return holds(request, allowed)
        return getattr(row, self.community) in communities(request, allowed)

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

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **options: Any) -> Any:
        """Fixed fields are disabled rather than left out: constraints that name them are still checked."""
        form = super().get_form(request, obj, change, **options)
        for name in form.base_fields.keys() & (set() if obj is None else set(self.once)):
            form.base_fields[name].disabled = True
        return form

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        """Rows are put only where the person asking may write; a choice of one is made already."""
        other = self.admin_site._registry.get(db_field.remote_field.model)
        if isinstance(other, StaffAdmin):
            choices = other.get_queryset(request)
            if other.community and OPERATOR not in duties(request):
                places = communities(request, {*self.adders, *self.changers})
                choices = choices.filter(**{f"{other.community}__in": places})
            options["queryset"] = choices
            if len(only := list(choices.values_list("pk", flat=True)[:2])) == 1:
                options.setdefault("initial", only[0])
        return super().formfield_for_foreignkey(db_field, request, **options)

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        """Rows of the communities where the person asking may look."""
        other = self.admin_site._registry.get(db_field.remote_field.model)
        if isinstance(other, StaffAdmin):
            options["queryset"] = other.get_queryset(request)
        return super().formfield_for_manytomany(db_field, request, **options)

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
