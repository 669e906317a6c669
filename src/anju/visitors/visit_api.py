"""A visitor's own page: whoever holds the link speaks for the visitor, and for nobody else."""

from datetime import datetime
from typing import Any, cast
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import File, Router, Schema, Status
from ninja.files import UploadedFile
from ninja.security import APIKeyHeader
from pydantic import Field

from anju.access import enrolment
from anju.grants import encoding
from anju.people.limits import Each
from anju.privacy import consent, scope
from anju.privacy.api import PurposeOut, present
from anju.privacy.refusals import Refused
from anju.visitors import own, queries
from anju.visitors.models import Pass, PassState, Visitor, VisitorFace, VisitorKey
from anju.visitors.purposes import VISIT, VISIT_FACE


class ByLink(APIKeyHeader):
    """The secret of the link, which the page takes from behind the #."""

    param_name = "X-Visit"

    def authenticate(self, request: HttpRequest, key: str | None) -> Visitor | None:
        visitor = own.by_link(key) if key and len(key) < 100 else None
        if visitor is not None:
            scope.enter(visitor.pk)
        return visitor


def _visitor(request: HttpRequest) -> Visitor:
    """Whose link it is; the router's door has seen to it that there is one."""
    return cast(Visitor, cast(Any, request).auth)  # Any: ninja puts it there


def _whose(request: HttpRequest) -> UUID:
    return _visitor(request).pk


router = Router(tags=["visit"], auth=ByLink(), throttle=[Each("visit", 120, _whose)])


class VisitPass(Schema):
    """gates: names; none means all. good: it lets its holder in now."""

    id: UUID
    since: datetime
    until: datetime
    home: str
    gates: list[str]
    uses: int | None
    number: str
    state: PassState
    good: bool


class VisitOut(Schema):
    """What the link leads to. key: the id of the key that this visitor's code is signed with. now: the platform's time."""

    name: str
    phone: str
    host: str
    community: str
    address: str
    passes: list[VisitPass]
    purposes: list[PurposeOut]
    key: UUID | None
    face: bool
    now: datetime


class AcceptIn(Schema):
    version: int
    public: str = Field(max_length=100)


class VisitKeyIn(Schema):
    public: str = Field(max_length=100)


class CheckOut(Schema):
    ok: bool
    code: str
    text: str
    box: tuple[int, int, int, int] | None


def _point(text: str) -> bytes:
    try:
        return encoding.decode(text)
    except ValueError as error:
        raise Refused("bad_key", _("这部手机生成的密钥无效，请重新打开页面后再试。"), field="public") from error


def _pass(visit: Pass) -> VisitPass:
    return VisitPass(
        id=visit.pk,
        since=visit.since,
        until=visit.until,
        home=visit.home.label,
        gates=[gate.name for gate in queries.gates_of(visit)],
        uses=visit.uses,
        number=visit.number,
        state=PassState(visit.state),
        good=visit.state == PassState.CONFIRMED and visit.since <= timezone.now() < visit.until,
    )


def _present(visitor: Visitor) -> VisitOut:
    with scope.community(visitor.community_id):
        community = visitor.community
        return VisitOut(
            name=visitor.name.open(),
            phone=str(visitor.phone),
            host=own.host_name(visitor),
            community=community.name,
            address=f"{community.city}{community.address}",
            passes=[_pass(one) for one in own.passes(visitor)],
            purposes=[present(one) for one in consent.standings(visitor.pk) if one.purpose in (VISIT, VISIT_FACE)],
            key=VisitorKey.objects.filter(visitor=visitor).values_list("id", flat=True).first(),
            face=VisitorFace.objects.filter(visitor=visitor).exists(),
            now=timezone.now(),
        )


@router.get("/visit", response=VisitOut)
def visit(request: HttpRequest) -> VisitOut:
    return _present(_visitor(request))


@router.post("/visit/accept", response=VisitOut)
def accept(request: HttpRequest, asked: AcceptIn) -> VisitOut:
    visitor = _visitor(request)
    own.accept(visitor, version=asked.version, public=_point(asked.public))
    return _present(visitor)


@router.post("/visit/key", response=VisitOut)
def move(request: HttpRequest, asked: VisitKeyIn) -> VisitOut:
    """Show the code on this phone from now on."""
    visitor = _visitor(request)
    own.move(visitor, _point(asked.public))
    return _present(visitor)


@router.post("/visit/decline", response={204: None})
def decline(request: HttpRequest) -> Status[None]:
    own.decline(_visitor(request))
    return Status(204, None)


@router.delete("/visit", response={204: None})
def leave(request: HttpRequest) -> Status[None]:
    """Delete everything that is held about this visitor."""
    own.leave(_visitor(request))
    return Status(204, None)


@router.post("/visit/face/check", response=CheckOut, throttle=[Each("visit-check", 240, _whose)])
def check(request: HttpRequest, image: File[UploadedFile]) -> CheckOut:
    """Guidance for one camera frame; nothing is kept."""
    consent.require(_visitor(request).pk, VISIT)
    verdict = enrolment.judge(image.read())
    code, text = verdict.issues[0] if verdict.issues else ("", "")
    return CheckOut(ok=not verdict.issues, code=code, text=text, box=verdict.box)


@router.post("/visit/face", response={201: VisitOut}, throttle=[Each("visit-face", 10, _whose)])
def show_face(request: HttpRequest, version: int, images: File[list[UploadedFile]]) -> Status[VisitOut]:
    visitor = _visitor(request)
    own.show_face(visitor, [image.read() for image in images], version=version)
    return Status(201, _present(visitor))


@router.delete("/visit/face", response=VisitOut)
def hide_face(request: HttpRequest) -> VisitOut:
    visitor = _visitor(request)
    own.hide_face(visitor)
    return _present(visitor)


@router.get("/visit/{visit}/calendar.ics", response={200: None})
def calendar(request: HttpRequest, visit: UUID) -> HttpResponse:
    """The visit for the phone's calendar, with a reminder an hour before."""
    visitor = _visitor(request)
    with scope.community(visitor.community_id):
        found = next((one for one in own.passes(visitor) if one.pk == visit), None)
        if found is None:
            raise Refused("unknown_pass", _("这次到访已结束或已撤销。"), status=404)
        return HttpResponse(own.calendar(found, own.host_name(visitor)), content_type="text/calendar; charset=utf-8")
