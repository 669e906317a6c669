"""A person's rights over their data, and closing the account."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import Router, Schema, Status
from pydantic import Field

from anju.people import recheck
from anju.people.limits import Each
from anju.people.models import person_of, subject_of
from anju.privacy import consent, scope
from anju.rights import actions, cancellation, export, queries
from anju.rights.models import Request, RightKind, RightState, TargetKind, TargetState

router = Router(tags=["rights"])


class Code(Schema):
    code: str = Field(max_length=12)


class PasskeyChallenge(Schema):
    """public_key: a PublicKeyCredentialRequestOptionsJSON (Web Authentication, level 3)."""

    public_key: dict[str, Any]  # Any: WebAuthn's JSON


class PasskeyAnswer(Schema):
    """credential: an AuthenticationResponseJSON (Web Authentication, level 3)."""

    credential: dict[str, Any]  # Any: WebAuthn's JSON


class Ask(Schema):
    kind: RightKind
    text: str = Field(default="", max_length=2000)
    place: str = Field(default="", max_length=80)
    purpose: str = Field(default="", max_length=40)


class StepOut(Schema):
    state: RightState
    at: datetime


class RequestOut(Schema):
    id: UUID
    kind: RightKind
    state: RightState
    purpose: str | None
    place: str | None
    text: str | None
    answer: str | None
    received_at: datetime
    due_at: datetime
    carry_out_at: datetime | None
    closed_at: datetime | None
    overdue: bool
    steps: list[StepOut]


class Choice(Schema):
    place: str
    title: str


class Kept(Schema):
    what: str
    why: str
    how_long: str


class CancellationOut(Schema):
    """stops: what ends. kept: what stays, as the law asks. gates: doors that must confirm. request: the open one."""

    stops: list[str]
    kept: list[Kept]
    gates: int
    undo_hours: int
    request: RequestOut | None


class TargetOut(Schema):
    kind: TargetKind
    place: str
    state: TargetState
    confirmed_at: datetime | None


class Receipt(Schema):
    """How far an erasure has come. Names nobody."""

    id: UUID
    state: RightState
    closed_at: datetime | None
    targets: list[TargetOut]


def _present(request: Request) -> RequestOut:
    return RequestOut(
        id=request.pk,
        kind=RightKind(request.kind),
        state=RightState(request.state),
        purpose=str(consent.find(request.purpose).title) if request.purpose else None,
        place=queries.title_of(request.place) if request.place else None,
        text=request.text.open() if request.text else None,
        answer=request.answer.open() if request.answer else None,
        received_at=request.received_at,
        due_at=request.due_at,
        carry_out_at=request.carry_out_at,
        closed_at=request.closed_at,
        overdue=request.overdue,
        steps=[StepOut(state=RightState(one.state), at=one.at) for one in request.steps.all()],
    )


# --- that it is the person ------------------------------------------------------------------------------------------------


@router.post("/rights/proof/code", response={204: None}, throttle=[Each("proof", 5)])
def send_code(request: HttpRequest) -> Status[None]:
    """A code to the account's phone."""
    recheck.ask(request)
    return Status(204, None)


@router.post("/rights/proof", response={204: None}, throttle=[Each("proof_answer", 10)])
def prove(request: HttpRequest, said: Code) -> Status[None]:
    recheck.prove(request, said.code)
    return Status(204, None)


@router.post("/rights/proof/passkey/challenge", response=PasskeyChallenge, throttle=[Each("proof_passkey", 20)])
def challenge(request: HttpRequest) -> PasskeyChallenge:
    """What one of the person's passkeys is to sign."""
    return PasskeyChallenge(public_key=recheck.challenge(request))


@router.post("/rights/proof/passkey", response={204: None}, throttle=[Each("proof_answer", 10)])
def prove_by_passkey(request: HttpRequest, said: PasskeyAnswer) -> Status[None]:
    recheck.prove_by_passkey(request, said.credential)
    return Status(204, None)


# --- requests ---------------------------------------------------------------------------------------------------------------


@router.get("/rights/requests", response=list[RequestOut])
def requests(request: HttpRequest) -> list[RequestOut]:
    return [_present(one) for one in queries.of(subject_of(request.user))]


@router.get("/rights/correctable", response=list[Choice])
def correctable(request: HttpRequest) -> list[Choice]:
    """What may be asked to be corrected."""
    with scope.person(subject_of(request.user)):
        return [Choice(place=one, title=title) for one, title in actions.correctable(subject_of(request.user)).items()]


@router.post("/rights/requests", response={201: RequestOut})
def ask(request: HttpRequest, asked: Ask) -> Status[RequestOut]:
    """Deleting and restricting by purpose are done at once; the rest is answered by staff."""
    recheck.require(request)
    person = person_of(request.user)
    if asked.kind == RightKind.DELETE and asked.purpose:
        made = actions.delete(person, asked.purpose)
    elif asked.kind == RightKind.RESTRICT:
        made = actions.restrict(person, asked.purpose)
    else:
        made = actions.ask(person, asked.kind, text=asked.text, place=asked.place)
    return Status(201, _present(made))


@router.delete("/rights/requests/{request_id}", response={204: None})
def take_back(request: HttpRequest, request_id: UUID) -> Status[None]:
    actions.take_back(person_of(request.user), request_id)
    return Status(204, None)


@router.delete("/rights/restrictions/{purpose}", response={204: None})
def lift(request: HttpRequest, purpose: str) -> Status[None]:
    """End a restriction: what was agreed to goes on."""
    consent.lift(subject_of(request.user), consent.find(purpose))
    return Status(204, None)


@router.get("/rights/export.json", response={200: None})
def export_json(request: HttpRequest) -> HttpResponse:
    return _download(request, export.as_json, "application/json", "json")


@router.get("/rights/export.pdf", response={200: None})
def export_pdf(request: HttpRequest) -> HttpResponse:
    return _download(request, export.as_pdf, "application/pdf", "pdf")


def _download(request: HttpRequest, make: Callable[[UUID], bytes], kind: str, ending: str) -> HttpResponse:
    recheck.require(request)
    content = make(subject_of(request.user))
    actions.done_at_once(person_of(request.user), RightKind.EXPORT)
    response = HttpResponse(content, content_type=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="anju-export.{ending}"'
    response.headers["Cache-Control"] = "no-store"
    return response


# --- closing the account ------------------------------------------------------------------------------------------------


@router.get("/rights/cancellation", response=CancellationOut)
def cancellation_page(request: HttpRequest) -> CancellationOut:
    """What closing the account stops, what stays by law and for how long, before it is asked for."""
    subject = subject_of(request.user)
    waiting = cancellation.waiting(subject)
    return CancellationOut(
        stops=[str(one) for one in queries.stops(subject)],
        kept=[Kept(what=what, why=why, how_long=how_long) for what, why, how_long in queries.kept()],
        gates=queries.gates_of(subject),
        undo_hours=int(cancellation.undo_window().total_seconds() // 3600),
        request=_present(waiting) if waiting else None,
    )


@router.post("/rights/cancellation", response={201: RequestOut})
def cancel(request: HttpRequest) -> Status[RequestOut]:
    recheck.require(request)
    return Status(201, _present(cancellation.ask(person_of(request.user))))


@router.delete("/rights/cancellation", response={204: None})
def undo(request: HttpRequest) -> Status[None]:
    cancellation.take_back(person_of(request.user))
    return Status(204, None)


@router.get("/rights/receipts/{request_id}", response=Receipt, auth=None)
def receipt(request: HttpRequest, request_id: UUID) -> Receipt:
    """Open to whoever holds the number: the account that asked for it is gone."""
    found = queries.receipt(request_id)
    return Receipt(
        id=found.pk,
        state=RightState(found.state),
        closed_at=found.closed_at,
        targets=[
            TargetOut(
                kind=TargetKind(one.kind),
                place=_("门禁") if one.kind == TargetKind.GATE else queries.title_of(one.place),
                state=TargetState(one.state),
                confirmed_at=one.confirmed_at,
            )
            for one in found.targets.all()
        ],
    )
