"""The build fails on a field nobody answered for."""

from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Error, register
from django.db import models

from anju.privacy.declarations import FOREIGN, LASTS, Declares, Personal
from anju.privacy.isolation import Isolation
from anju.privacy.retention import retentions
from anju.privacy.sealed import Sealed

_SELF_EXPLAINING = (models.ForeignKey, models.OneToOneField, models.ManyToManyField)


@register("privacy")
def every_field_is_declared(app_configs: Any, **options: Any) -> list[CheckMessage]:  # Any: Django's hook
    """Every model declares what it holds, every field is covered, and community rows are isolated."""
    del app_configs, options
    problems: list[CheckMessage] = []
    for model in apps.get_models():
        label = model._meta.label
        if model._meta.proxy:
            continue
        declares = getattr(model, "privacy", None) or FOREIGN.get(label)
        if not isinstance(declares, Declares):
            problems.append(
                Error(
                    f"{label} does not declare what it holds about people.",
                    hint="Add `privacy = Declares(…)`.",
                    id="privacy.E001",
                )
            )
            continue
        problems += _fields(model, declares)
        if (kept := retentions(model, declares)) & LASTS.keys() and (len(kept) > 1 or declares.age is None):
            problems.append(
                Error(
                    f"{label} is kept for a time that nothing ends.",
                    hint="Give all its personal fields one retention and say from which field it counts: age=…",
                    id="privacy.E006",
                )
            )
        names = {field.attname for field in model._meta.concrete_fields}
        if "community_id" in names and not isinstance(getattr(model, "isolation", None), Isolation):
            problems.append(
                Error(
                    f"{label} belongs to a community but is not isolated.",
                    hint="Add `isolation = Isolation(…)`.",
                    id="privacy.E003",
                )
            )
    return problems


def _fields(model: type[models.Model], declares: Declares) -> list[CheckMessage]:
    problems: list[CheckMessage] = []
    personal = False
    for field in model._meta.local_fields:
        place = f"{model._meta.label}.{field.name}"
        if isinstance(field, Sealed):
            personal = True
            if field.category is None or field.purpose is None:
                problems.append(Error(f"{place} is sealed but says neither category nor purpose.", id="privacy.E004"))
        elif field.primary_key or isinstance(field, _SELF_EXPLAINING):
            continue
        else:
            declaration = declares.of(field.name)
            personal = personal or isinstance(declaration, Personal)
            if declaration is None:
                problems.append(
                    Error(
                        f"{place} is not declared.",
                        hint="Personal(…), NotPersonal('why') or a Sealed field.",
                        id="privacy.E002",
                    )
                )
    if personal and declares.subject is None:
        problems.append(Error(f"{model._meta.label} holds personal fields but names no subject.", id="privacy.E005"))
    return problems
