"""Who was affected, computed from the proofs: who read what, what went to whom; or everybody of whom something is held."""

from collections.abc import Iterator
from uuid import UUID

from django.db import models
from django.utils.translation import gettext as _

from anju.homes.models import Application, Member, StaffRole
from anju.incidents.models import Incident
from anju.privacy import erasure, scope
from anju.privacy.declarations import Category, Personal
from anju.privacy.gateway import RECIPIENTS
from anju.privacy.models import AuditEntry, Sharing
from anju.privacy.registry import CATEGORIES
from anju.privacy.sealed import Sealed

SHARED = "shared:"
"""What stands in front of `recipient.field`, where something was shared rather than read."""


def sealed_places() -> dict[str, tuple[str, Category]]:
    """Every sealed field as model.field, with its model's and its own name, and its kind."""
    return {
        f"{model._meta.label}.{field.name}": (f"{model._meta.verbose_name} · {field.verbose_name}", field.category)
        for model, _declares in erasure.declared()
        for field in model._meta.fields
        if isinstance(field, Sealed) and field.category
    }


def kind(place: str) -> Category | None:
    """The kind of personal data at a place; None: a place of an earlier version."""
    if place.startswith(SHARED):
        recipient, _dot, name = place.removeprefix(SHARED).partition(".")
        known = RECIPIENTS.get(recipient)
        return known.fields.get(name) if known else None
    if place in (sealed := sealed_places()):
        return sealed[place][1]
    for model, declares in erasure.declared():
        label, _dot, name = place.rpartition(".")
        if model._meta.label == label and isinstance(its := declares.of(name), Personal):
            return its.category
    return None


def kinds(places: list[str]) -> str:
    """姓名、证件号码: the kinds of data at these places, in words."""
    found = dict.fromkeys(one for place in places if (one := kind(place)))
    return "、".join(str(CATEGORIES[one]) for one in found) or _("账号信息")


def _read(incident: Incident) -> Iterator[tuple[UUID, str]]:
    """What the actors touched in the window."""
    entries = AuditEntry.objects.filter(
        actor__in=incident.actors, at__gte=incident.began, at__lte=incident.ended, subject__isnull=False
    )
    for subject, target, fields in entries.values_list("subject", "target", "fields"):
        for name in fields:
            if subject and (not incident.places or f"{target}.{name}" in incident.places):
                yield subject, f"{target}.{name}"


def _shared(incident: Incident) -> Iterator[tuple[UUID, str]]:
    """What went to the recipients in the window."""
    wanted = {kind(place) for place in incident.places}
    rows = Sharing.objects.filter(
        recipient__in=incident.recipients,
        at__gte=incident.began,
        at__lte=incident.ended,
        result=Sharing.Result.SENT,
    )
    for subject, recipient, fields in rows.values_list("subject", "recipient", "fields"):
        for name in fields:
            place = f"{SHARED}{recipient}.{name}"
            if not wanted or kind(place) in wanted:
                yield subject, place


def _held(incident: Incident) -> Iterator[tuple[UUID, str]]:
    """Everybody of whom something is held at the places."""
    for model, declares in erasure.declared():
        for field in model._meta.fields:
            place = f"{model._meta.label}.{field.name}"
            if place in incident.places and declares.subject:
                rows = model._default_manager.filter(**{f"{field.name}__isnull": False})
                for subject in rows.values_list(declares.subject, flat=True).distinct().iterator():
                    yield subject, place


def _people(incident: Incident) -> set[UUID] | None:
    """Who belongs to the incident's community; None: it concerns all of them."""
    if incident.community_id is None:
        return None
    found: set[UUID] = set()
    sources: tuple[type[models.Model], ...] = (Member, Application, StaffRole)
    for model in sources:
        rows = model._default_manager.filter(community=incident.community_id)
        found |= set(rows.values_list("person_id", flat=True))
    return found


def affected(incident: Incident) -> dict[UUID, list[str]]:
    """Who was affected, and by what: the places, in order."""
    with scope.platform():  # what is held of a person is not all their community's to see: ids come of it, no more
        return _affected(incident, _people(incident))


def _affected(incident: Incident, people: set[UUID] | None) -> dict[UUID, list[str]]:
    found: dict[UUID, dict[str, None]] = {}
    sources = [_read(incident), _shared(incident)]
    if incident.whole:
        sources.append(_held(incident))
    for source in sources:
        for subject, place in source:
            if people is None or subject in people:
                found.setdefault(subject, {})[place] = None
    return {subject: sorted(places) for subject, places in found.items()}
