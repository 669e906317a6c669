"""Deleting what is past its time, from the declarations alone."""

from datetime import timedelta

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


def _lasts(model: type[models.Model], declares: Declares) -> timedelta:
    (only,) = retentions(model, declares)  # checks.py has seen to it
    return LASTS[only]
