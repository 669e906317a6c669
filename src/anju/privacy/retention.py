"""Deleting what is past its time, from the declarations alone."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import models
from django.utils import timezone

from anju.privacy import scope
from anju.privacy.declarations import LASTS, Declares, Personal, Retention
from anju.privacy.erasure import declared
from anju.privacy.sealed import Sealed


def retentions(model: type[models.Model], declares: Declares) -> set[Retention]:
    """How long a model's personal fields are kept."""
    sealed = {field.retention for field in model._meta.local_fields if isinstance(field, Sealed)}
    named = {its.retention for its in (*declares.fields.values(), declares.rest) if isinstance(its, Personal)}
    return sealed | named


def expire() -> dict[str, int]:
    """Delete every row past its time. Returns how many went, by model."""
    gone: dict[str, int] = {}
    with scope.platform():
        for model, declares in declared():
            if declares.age:
                past = {f"{declares.age}__lt": timezone.now() - _lasts(model, declares)}
                gone[model._meta.label], _ = model._base_manager.filter(**past).delete()
    return gone


@dataclass(frozen=True)
class Kept:
    """How one kind of row stands against its rule. overdue: rows that should be gone by now; more than none is an alarm."""

    model: type[models.Model]
    rule: Retention
    rows: int
    oldest: datetime | None
    overdue: int


GRACE = timedelta(hours=2)
"""The deletion runs every hour: so long after its time a row is overdue."""


def standing() -> list[Kept]:
    """Every kind of row that a clock ends, in the order of the rooms."""
    found = []
    with scope.platform():
        for model, declares in declared():
            if not declares.age:
                continue
            rows = model._base_manager.all()
            overdue = rows.filter(**{f"{declares.age}__lt": timezone.now() - _lasts(model, declares) - GRACE}).count()
            oldest = rows.aggregate(oldest=models.Min(declares.age))["oldest"]
            (rule,) = retentions(model, declares)
            found.append(Kept(model, rule, rows.count(), oldest, overdue))
    return found


def _lasts(model: type[models.Model], declares: Declares) -> timedelta:
    (only,) = retentions(model, declares)  # checks.py has seen to it
    return LASTS[only]
