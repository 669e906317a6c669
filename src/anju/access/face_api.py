"""One's own face: check a picture, enrol, see which gates have it, remove it."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import File, Router, Schema, Status
from ninja.files import UploadedFile

from anju.access import at_gate, enrolment, queries
from anju.access.models import Face, GateFace
from anju.access.purposes import FACE_AT_GATE, FACE_OPENING
from anju.people import guardians
from anju.people.limits import Each
from anju.people.models import Person, person_of
from anju.privacy import consent

router = Router(tags=["face"])


class FaceGate(Schema):
    id: UUID
    name: str
    has_it: bool


class FaceOut(Schema):
    """at_gate: enrolled at gates, where the templates stay. at_gate_consent: whether that was agreed to."""

    state: Literal["none", "enrolled", "at_gate"]
    since: datetime | None
    look_alike: bool
    consent: bool
    at_gate_consent: bool
    gates: list[FaceGate]


class IssueOut(Schema):
    code: str
    text: str


class VerdictOut(Schema):
    ok: bool
    issues: list[IssueOut]
    box: tuple[int, int, int, int] | None
    eyes: float | None


def _present(person: Person) -> FaceOut:
    face = Face.objects.filter(person=person).first()
    at_gates = GateFace.objects.filter(person=person).first()
    return FaceOut(
        state="enrolled" if face else "at_gate" if at_gates else "none",
        since=face.enrolled_at if face else at_gates.since if at_gates else None,
        look_alike=bool(face and face.strict),
        consent=consent.granted(person.pk, FACE_OPENING),
        at_gate_consent=consent.granted(person.pk, FACE_AT_GATE),
        gates=[
            FaceGate(id=one.gate.pk, name=one.gate.name, has_it=one.face and one.told) for one in queries.gates(person)
        ],
    )


@router.get("/face", response=FaceOut)
def face(request: HttpRequest) -> FaceOut:
    return _present(person_of(request.user))


@router.post("/face/check", response=VerdictOut, throttle=[Each("face-check", 240)])
def check(request: HttpRequest, image: File[UploadedFile]) -> VerdictOut:
    verdict = enrolment.check(person_of(request.user), image.read())
    issues = [IssueOut(code=code, text=text) for code, text in verdict.issues]
    return VerdictOut(ok=not issues, issues=issues, box=verdict.box, eyes=verdict.eyes)


@router.post("/face", response={201: FaceOut}, throttle=[Each("face", 10)])
def enrol(request: HttpRequest, images: File[list[UploadedFile]]) -> Status[FaceOut]:
    person = person_of(request.user)
    enrolment.enrol(person, [image.read() for image in images])
    return Status(201, _present(person))


class Anew(Schema):
    """anew: what was enrolled before no longer counts, at any gate."""

    anew: bool = False


class CodeOut(Schema):
    text: str
    until: datetime


@router.post("/face/at-gate", response={201: CodeOut}, throttle=[Each("face-at-gate", 10)])
def enrol_at_gate(request: HttpRequest, asked: Anew) -> Status[CodeOut]:
    """A one-time code: shown to a gate, it lets this person enrol there."""
    code = at_gate.invite(person_of(request.user), anew=asked.anew)
    return Status(201, CodeOut(text=code.text, until=code.until))


@router.post("/children/{child}/face/at-gate", response={201: CodeOut}, throttle=[Each("face-at-gate", 10)])
def enrol_child_at_gate(request: HttpRequest, child: UUID, asked: Anew) -> Status[CodeOut]:
    """A one-time code with which a guardian has their child enrolled at the gate; the template stays there."""
    guardian = person_of(request.user)
    code = at_gate.invite(Person.objects.get(pk=guardians.speaking(guardian, child)), anew=asked.anew)
    return Status(201, CodeOut(text=code.text, until=code.until))


@router.delete("/face", response=FaceOut)
def remove(request: HttpRequest) -> FaceOut:
    person = person_of(request.user)
    enrolment.remove(person)
    at_gate.remove(person)
    return _present(person)
