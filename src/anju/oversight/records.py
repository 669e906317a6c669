"""What is held of a person in one community, as an authority gets it: the fields that may be chosen, and their values."""

from collections.abc import Sequence
from uuid import UUID

from django.apps import apps
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.oversight.models import Disclosure
from anju.partners.models import OutboxMessage
from anju.privacy import erasure, scope
from anju.privacy.declarations import Category, Declares
from anju.privacy.purposes import PURPOSES
from anju.privacy.registry import Held, held_for
from anju.privacy.sealed import SealedValue
from anju.privacy.vault import Erased

OFFERED = (Category.NAME, Category.PHONE, Category.ID_NUMBER, Category.HOME, Category.ENTRY)


def offered() -> list[Held]:
    """Every field that an authority may be given, from the registry; once each."""
    found = {one.place: one for purpose in PURPOSES.values() for one in held_for(purpose) if one.category in OFFERED}
    return [one for one in found.values() if _model(one) is not OutboxMessage and not _inner(one)]


def _model(held: Held) -> type[models.Model]:
    return apps.get_model(held.place.rpartition(".")[0])


def _inner(held: Held) -> bool:
    """Whether it is the program's own wording, which tells an authority nothing."""
    return isinstance(_model(held)._meta.get_field(held.place.rpartition(".")[2]), models.JSONField)


def title(held: Held) -> str:
    """住户 · 姓名: a field's name with its model's."""
    return f"{_model(held)._meta.verbose_name} · {held.title}"


def rows(disclosure: Disclosure, people: Sequence[UUID]) -> list[list[str]]:
    """Person by person, each chosen field of each row in the community."""
    titles = {one.place: str(one.title) for one in offered()}
    lines = [[_("当事人"), _("记录"), _("房屋"), _("信息"), _("内容")]]
    for number, subject in enumerate(people, 1):
        with scope.person(subject, [disclosure.community_id]):
            for model, declares in erasure.declared():
                names = [name for name in _fields(model) if f"{model._meta.label}.{name}" in disclosure.places]
                for row in _records(disclosure, model, declares, subject) if names else ():
                    home = str(getattr(row, "home", "") or getattr(row, "gate", "") or "")
                    for name in names:
                        called = titles[f"{model._meta.label}.{name}"]
                        lines.append([str(number), str(model._meta.verbose_name), home, called, _text(row, name)])
    return lines


def _fields(model: type[models.Model]) -> list[str]:
    return [field.name for field in model._meta.fields]


def _records(
    disclosure: Disclosure, model: type[models.Model], declares: Declares, subject: UUID
) -> models.QuerySet[models.Model]:
    found = model._default_manager.filter(**{declares.subject or "pk": subject}).order_by("pk")
    if "community" in (names := _fields(model)):
        found = found.filter(community=disclosure.community_id)
    if disclosure.first_day and "gate" in names and "at" in names:
        found = found.filter(at__date__gte=disclosure.first_day, at__date__lte=disclosure.last_day)
    return found


def _text(row: models.Model, name: str) -> str:
    value = getattr(row, name)
    if isinstance(value, SealedValue):
        try:
            return value.open()
        except Erased:
            return _("（已删除）")
    shown = getattr(row, f"get_{name}_display", None)
    if shown is not None:
        return str(shown())
    return f"{timezone.localtime(value):%Y-%m-%d %H:%M:%S}" if hasattr(value, "astimezone") else str(value or "")
