"""Finding and erasing what is held about a person, from the declarations alone."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import models

from anju.privacy.declarations import FOREIGN, Declares, Erase, Personal
from anju.privacy.purposes import Purpose
from anju.privacy.sealed import Sealed


def declared() -> Iterator[tuple[type[models.Model], Declares]]:
    """Every model that says what it holds."""
    for model in apps.get_models():
        declares = getattr(model, "privacy", None) or FOREIGN.get(model._meta.label)
        if isinstance(declares, Declares):
            yield model, declares


def purposes_of(model: type[models.Model], declares: Declares) -> dict[str, Purpose]:
    """The purposes of a model's personal fields, by field name."""
    found = {field.name: field.purpose for field in model._meta.fields if isinstance(field, Sealed) and field.purpose}
    for field in model._meta.fields:
        declaration = declares.of(field.name)
        if isinstance(declaration, Personal):
            found[field.name] = declaration.purpose
    return found


def erase_purpose(subject: UUID, purpose: Purpose) -> list[str]:
    """Erase what is held about this person for this purpose and no other. Returns the fields erased, as model.field."""
    erased: list[str] = []
    for model, declares in declared():
        if declares.subject is None or declares.erase in (Erase.KEEP, Erase.BY_LAW):
            continue
        held = purposes_of(model, declares)
        mine = [name for name, its in held.items() if its is purpose]
        if not mine:
            continue
        rows = model._default_manager.filter(**{declares.subject: subject})
        only = all(its is purpose for its in held.values())
        if only and declares.erase is Erase.ROW:
            gone, _ = rows.delete()
        else:
            mine = [
                name for name in mine if model._meta.get_field(name).null
            ]  # the room itself stops what must stay filled
            gone = rows.update(**dict.fromkeys(mine))
        if gone:
            erased += [f"{model._meta.label}.{name}" for name in mine]
    return erased


def rows_of(subject: UUID) -> Iterator[tuple[type[models.Model], Declares, models.QuerySet[Any]]]:
    """Where something is held about this person that is theirs to see: proofs of what we did are not among it. Needs a scope that sees it."""
    for model, declares in declared():
        if declares.subject is not None and declares.erase is not Erase.KEEP:
            yield model, declares, model._base_manager.filter(**{declares.subject: subject})


def left_of(subject: UUID) -> dict[str, int]:
    """Rows that still say something about this person, by model."""
    found: dict[str, int] = {}
    for model, declares, rows in rows_of(subject):
        if declares.erase is Erase.BY_LAW:
            continue
        if declares.erase is Erase.FIELDS:
            sealed = [field.name for field in model._meta.fields if isinstance(field, Sealed)]
            rows = rows.exclude(**dict.fromkeys((f"{name}__isnull" for name in sealed), True))
        if count := rows.count():
            found[model._meta.label] = count
    return found


def erase_person(subject: UUID) -> None:
    """Erase whatever is left of a person whose account is closed, whichever purpose it was for."""
    for model, declares, rows in rows_of(subject):
        if declares.erase is Erase.ROW:
            rows.delete()
        elif declares.erase is Erase.FIELDS:
            sealed = [field.name for field in model._meta.fields if isinstance(field, Sealed) and field.null]
            rows.update(**dict.fromkeys(sealed))
