"""Purposes and consents: what is asked, what was agreed, and taking it back."""

from datetime import datetime
from typing import cast
from uuid import UUID

from django.apps import apps
from django.http import HttpRequest
from ninja import Router, Schema, Status

from anju.privacy import consent
from anju.privacy.models import Consent
from anju.privacy.purposes import PURPOSES, Basis, Purpose
from anju.privacy.registry import held_for

router = Router(tags=["privacy"])


class Datum(Schema):
    field: str
    title: str
    required: bool
    retention: str


class PurposeOut(Schema):
    code: str
    title: str
    text: str
    data: list[Datum]
    version: int
    optional: bool
    separate: bool
    needs: list[str]
    stops: list[str]
    state: consent.State
    since: datetime | None


class Agreement(Schema):
    purpose: str
    version: int


class Standing(Schema):
    purpose: str
    state: consent.State
    since: datetime | None


class Act(Schema):
    purpose: str
    title: str
    version: int
    action: Consent.Action
    at: datetime


class Withdrawn(Schema):
    stopped: list[str]
    erased: list[str]


def _subject(request: HttpRequest) -> UUID:
    """Who asks; the API's door has seen to it that somebody does."""
    return cast(UUID, request.user.pk)


def _data(purpose: Purpose) -> list[Datum]:
    return [
        Datum(field=one.place, title=str(one.title), required=one.required, retention=one.retention)
        for one in held_for(purpose)
    ]


def _present(standing: consent.Standing) -> PurposeOut:
    purpose = standing.purpose
    return PurposeOut(
        code=purpose.code,
        title=str(purpose.title),
        text=str(purpose.text),
        data=_data(purpose),
        version=purpose.version,
        optional=purpose.optional,
        separate=purpose.basis is Basis.SEPARATE_CONSENT,
        needs=[needed.code for needed in purpose.needs],
        stops=[str(one) for one in purpose.stops],
        state=standing.state,
        since=standing.since,
    )


@router.get("/purposes", response=list[PurposeOut], auth=None)
def purposes(request: HttpRequest) -> list[PurposeOut]:
    """Open to everybody: one must be able to read before signing up."""
    if request.user.is_authenticated:
        return [_present(standing) for standing in consent.standings(request.user.pk)]
    return [_present(consent.Standing(purpose, consent.State.NONE, None)) for purpose in PURPOSES.values()]


@router.get("/consents", response=list[Act])
def history(request: HttpRequest) -> list[Act]:
    acts = Consent.objects.filter(subject=_subject(request)).order_by("-id")
    return [
        Act(
            purpose=act.purpose,
            title=str(consent.find(act.purpose).title),
            version=act.version,
            action=Consent.Action(act.action),
            at=act.at,
        )
        for act in acts
    ]


@router.post("/consents", response={201: Standing})
def agree(request: HttpRequest, agreement: Agreement) -> Status[Standing]:
    purpose = consent.find(agreement.purpose)
    act = consent.grant(_subject(request), purpose, version=agreement.version)
    return Status(201, Standing(purpose=purpose.code, state=consent.State.GRANTED, since=act.at))


@router.delete("/consents/{purpose}", response=Withdrawn)
def take_back(request: HttpRequest, purpose: str) -> Withdrawn:
    done = consent.withdraw(_subject(request), consent.find(purpose))
    titles = {
        f"{model._meta.label}.{field.name}": str(getattr(field, "verbose_name", ""))
        for model in apps.get_models()
        for field in model._meta.fields
    }
    return Withdrawn(
        stopped=[str(one) for one in done.stopped], erased=list(dict.fromkeys(titles[name] for name in done.erased))
    )
