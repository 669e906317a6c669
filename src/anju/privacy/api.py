"""Purposes and consents: what is asked, what was agreed, and taking it back."""

from datetime import datetime
from typing import cast
from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Router, Schema, Status

from anju.privacy import consent
from anju.privacy.models import Consent
from anju.privacy.purposes import PURPOSES, Audience, Basis, Purpose
from anju.privacy.refusals import Refused
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
    state: consent.ConsentState
    since: datetime | None


class Agreement(Schema):
    """version: the one that was on the screen."""

    purpose: str
    version: int


class Standing(Schema):
    purpose: str
    state: consent.ConsentState
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


def present(standing: consent.Standing) -> PurposeOut:
    """One purpose as it is shown before deciding."""
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


def standings(subject: UUID) -> list[PurposeOut]:
    """Every purpose this person, or a guardian for them, is asked about."""
    asked = {Audience.RESIDENTS, Audience.CHILDREN} if consent.is_guarded(subject) else {Audience.RESIDENTS}
    return [present(one) for one in consent.standings(subject) if one.purpose.asked_of in asked]


def history_of(subject: UUID) -> list[Act]:
    """Every act about this person, the newest first."""
    return [
        Act(
            purpose=act.purpose,
            title=str(consent.find(act.purpose).title),
            version=act.version,
            action=Consent.Action(act.action),
            at=act.at,
        )
        for act in Consent.objects.filter(subject=subject).order_by("-id")
    ]


def withdrawn(done: consent.Withdrawal) -> Withdrawn:
    """What was stopped and erased, by the names people know."""
    titles = {held.place: str(held.title) for purpose in PURPOSES.values() for held in held_for(purpose)}
    return Withdrawn(
        stopped=[str(one) for one in done.stopped], erased=list(dict.fromkeys(titles[name] for name in done.erased))
    )


@router.get("/purposes", response=list[PurposeOut], auth=None)
def purposes(request: HttpRequest) -> list[PurposeOut]:
    """Open to everybody: one must be able to read before signing up."""
    if request.user.is_authenticated:
        return standings(request.user.pk)
    return [
        present(consent.Standing(purpose, consent.ConsentState.NONE, None))
        for purpose in PURPOSES.values()
        if purpose.asked_of is Audience.RESIDENTS
    ]


@router.get("/consents", response=list[Act])
def history(request: HttpRequest) -> list[Act]:
    return history_of(_subject(request))


@router.post("/consents", response={201: Standing})
def agree(request: HttpRequest, agreement: Agreement) -> Status[Standing]:
    purpose = consent.find(agreement.purpose)
    act = consent.grant(_subject(request), purpose, version=agreement.version)
    return Status(201, Standing(purpose=purpose.code, state=consent.ConsentState.GRANTED, since=act.at))


@router.delete("/consents/{purpose}", response=Withdrawn)
def take_back(request: HttpRequest, purpose: str) -> Withdrawn:
    """The account's own purpose ends with the account: that asks for a proof and leaves time to think again."""
    subject, found = _subject(request), consent.find(purpose)
    consent.require_voice(subject, subject)
    if not found.optional:
        raise Refused("use_cancellation", _("要停止使用账号，请到“我的 → 设置 → 账号注销”办理。"), status=409)
    return withdrawn(consent.withdraw(subject, found))
