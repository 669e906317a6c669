"""The same read, and nothing else."""

from datetime import datetime
from uuid import UUID

from django.http import HttpRequest
from django.urls import path
from ninja import NinjaAPI, Schema
from ninja.security import django_auth

from benchmarks.bare.models import Notice

api = NinjaAPI(auth=django_auth)


class NoticeOut(Schema):
    """One message."""

    id: UUID
    kind: str
    title: str
    body: str
    at: datetime
    read: bool


class NoticeList(Schema):
    """A person's messages."""

    items: list[NoticeOut]
    unread: int


@api.get("/notices", response=NoticeList)
def notices(request: HttpRequest) -> NoticeList:
    """What anju.notices.api.notices does."""
    mine = Notice.objects.filter(person=request.user.pk)
    items = [
        NoticeOut(id=one.pk, kind=one.kind, title=one.title, body=one.body, at=one.at, read=one.read_at is not None)
        for one in mine[:100]
    ]
    return NoticeList(items=items, unread=mine.filter(read_at__isnull=True).count())


urlpatterns = [path("api/v1/", api.urls)]
