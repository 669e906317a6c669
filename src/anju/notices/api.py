"""A person's messages, and the ticket that opens their live stream."""

from datetime import datetime
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema, Status

from anju.live import tickets
from anju.notices import actions
from anju.notices.models import Notice
from anju.people.models import person_of, subject_of

router = Router(tags=["notices"])


class NoticeOut(Schema):
    id: UUID
    kind: Notice.Kind
    title: str
    body: str
    at: datetime
    read: bool


class NoticeList(Schema):
    items: list[NoticeOut]
    unread: int


class Ticket(Schema):
    url: str
    expires: datetime


@router.get("/notices", response=NoticeList)
def notices(request: HttpRequest) -> NoticeList:
    mine = Notice.objects.filter(person=person_of(request.user))
    items = [
        NoticeOut(
            id=one.pk,
            kind=Notice.Kind(one.kind),
            title=one.title.open(),
            body=one.body.open(),
            at=one.at,
            read=one.read_at is not None,
        )
        for one in mine[:100]
    ]
    return NoticeList(items=items, unread=mine.filter(read_at__isnull=True).count())


@router.post("/notices/read-all", response={204: None})
def read_all(request: HttpRequest) -> Status[None]:
    actions.read(person_of(request.user))
    return Status(204, None)


@router.post("/notices/{notice}/read", response={204: None})
def read(request: HttpRequest, notice: UUID) -> Status[None]:
    actions.read(person_of(request.user), notice)
    return Status(204, None)


@router.post("/live-ticket", response=Ticket)
def live_ticket(request: HttpRequest) -> Ticket:
    ticket, expires = tickets.make([f"person.{subject_of(request.user)}"])
    return Ticket(url=f"/live?ticket={ticket}", expires=expires)
