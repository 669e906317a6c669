"""The consent centre: what is held about oneself or one's child, who saw it, who received it, and a proof to keep."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import Router, Schema

from anju.people import guardians
from anju.people.limits import Each
from anju.people.models import person_of
from anju.policies import centre, proofs
from anju.privacy import consent, pdf
from anju.privacy.models import Sharing
from anju.privacy.purposes import PURPOSES
from anju.privacy.registry import CATEGORIES, RETENTIONS, Holding, holdings, leaving

router = Router(tags=["privacy"])


class HoldingOut(Schema):
    """values: the newest, masked. until: when a clock has ended the last of it."""

    title: str
    category: str
    count: int
    values: list[str]
    sealed: bool
    retention: str
    until: datetime | None


class HeldOut(Schema):
    purpose: str
    title: str
    text: str
    state: consent.ConsentState
    fields: list[HoldingOut]


class LookOut(Schema):
    at: datetime
    who: str
    action: str
    what: str
    fields: list[str]
    why: str


class ReceiptOut(Schema):
    at: datetime
    recipient: str
    company: str
    link: str
    purpose: str
    fields: list[str]
    result: Sharing.Result
    result_text: str


class Leaving(Schema):
    """title: the field's. count: how many values a withdrawal erases."""

    title: str
    count: int


class Preview(Schema):
    """ends: the titles of purposes that end as well."""

    stops: list[str]
    ends: list[str]
    erases: list[Leaving]


class Verified(Schema):
    """What a genuine proof says."""

    subject: UUID
    issued_at: datetime
    acts: int
    public_key: str


def _subject(request: HttpRequest, child: UUID | None) -> UUID:
    """Oneself, or a child whose guardian one is. Raises Refused."""
    person = person_of(request.user)
    return person.pk if child is None else guardians.speaking(person, child)


def _holding(one: Holding) -> HoldingOut:
    return HoldingOut(
        title=str(one.held.title),
        category=str(CATEGORIES[one.held.category]),
        count=one.count,
        values=one.values,
        sealed=one.held.sealed,
        retention=str(RETENTIONS[one.held.retention]),
        until=one.until,
    )


@router.get("/privacy/held", response=list[HeldOut])
def held(request: HttpRequest, child: UUID | None = None) -> list[HeldOut]:
    """Purposes for which something is held or which were agreed to. Oneself, or a guardian for a child."""
    subject = _subject(request, child)
    states = {one.purpose.code: one.state for one in consent.standings(subject)}
    found = [(purpose, holdings(subject, purpose)) for purpose in PURPOSES.values()]
    return [
        HeldOut(
            purpose=purpose.code,
            title=str(purpose.title),
            text=str(purpose.text),
            state=states[purpose.code],
            fields=[_holding(one) for one in fields],
        )
        for purpose, fields in found
        if fields or states[purpose.code] is not consent.ConsentState.NONE
    ]


@router.get("/privacy/seen", response=list[LookOut])
def seen(request: HttpRequest, child: UUID | None = None) -> list[LookOut]:
    """Oneself, or a guardian for a child."""
    return [LookOut.from_orm(one) for one in centre.looks(_subject(request, child))]


@router.get("/privacy/received", response=list[ReceiptOut])
def received(request: HttpRequest, child: UUID | None = None) -> list[ReceiptOut]:
    """Oneself, or a guardian for a child."""
    return [
        ReceiptOut(**vars(one), result_text=str(one.result.label)) for one in centre.receipts(_subject(request, child))
    ]


@router.get("/privacy/withdrawal/{purpose}", response=Preview)
def preview(request: HttpRequest, purpose: str, child: UUID | None = None) -> Preview:
    """What taking this consent back will stop and erase. Oneself, or a guardian for a child."""
    subject, asked = _subject(request, child), consent.find(purpose)
    agreed = {
        one.purpose.code for one in consent.standings(subject)
        if one.state not in (consent.ConsentState.NONE, consent.ConsentState.WITHDRAWN)
    }  # fmt: skip
    ending = [one for one in reversed(consent.dependents(asked)) if one is asked or one.code in agreed]
    return Preview(
        stops=[str(text) for one in ending for text in one.stops],
        ends=[str(one.title) for one in ending if one is not asked],
        erases=[Leaving(title=title, count=count) for title, count in leaving(subject, asked).items()],
    )


def _proof(content: bytes, kind: str, ending: str) -> HttpResponse:
    headers = {
        "Content-Disposition": f'attachment; filename="anju-consent-proof.{ending}"',
        "Cache-Control": "no-store",
    }
    return HttpResponse(content, content_type=kind, headers=headers)


@router.get("/privacy/proof", throttle=[Each("proof", 10)])
def proof(request: HttpRequest, child: UUID | None = None) -> HttpResponse:
    """A signed proof of every act, as JSON. Oneself, or a guardian for a child."""
    return _proof(proofs.issue(_subject(request, child)), "application/json", "json")


@router.get("/privacy/proof.pdf", throttle=[Each("proof", 10)])
def proof_pdf(request: HttpRequest, child: UUID | None = None) -> HttpResponse:
    """The same to read and print. Oneself, or a guardian for a child."""
    content = proofs.as_blocks(proofs.verify(proofs.issue(_subject(request, child))))
    return _proof(pdf.write(content, _("同意凭证")), "application/pdf", "pdf")


@router.post(
    "/policies/proofs/verify",
    response=Verified,
    auth=None,
    openapi_extra={"requestBody": {"content": {"application/json": {"schema": {"type": "object"}}}}},
)
def verify(request: HttpRequest) -> dict[str, Any]:
    """Whether a file is a proof that this platform signed, byte for byte. Open to everybody."""
    genuine = proofs.verify(request.body)
    return {**genuine, "acts": len(genuine["acts"])}
