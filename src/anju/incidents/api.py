"""Announcements of incidents, for people who could not be told one by one. Open to everybody."""

from datetime import datetime
from uuid import UUID

from django.http import HttpRequest
from django.utils import translation
from ninja import Router, Schema

from anju.incidents.drafts import LANGUAGES
from anju.incidents.models import Incident
from anju.privacy import scope

router = Router(tags=["incidents"])


class Announcement(Schema):
    id: UUID
    text: str
    at: datetime


@router.get("/announcements", response=list[Announcement], auth=None)
def announcements(request: HttpRequest) -> list[Announcement]:
    """The newest first, in the reader's language."""
    del request
    language = translation.get_language() or LANGUAGES[0]
    with scope.platform():
        found = list(Incident.objects.filter(announced_at__isnull=False, drill=False).order_by("-announced_at")[:20])
    return [
        Announcement(
            id=one.pk,
            text=one.announcement.get(language) or one.announcement[LANGUAGES[0]],
            at=one.announced_at or one.found_at,
        )
        for one in found
    ]
