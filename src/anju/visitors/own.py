"""What visitors do themselves, by their link: agree, decline, show a code or their face, take it all back."""

from collections.abc import Sequence
from datetime import UTC, timedelta
from uuid import UUID

import icalendar
import numpy as np
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.access import enrolment
from anju.access.actions import refresh, refresh_everywhere
from anju.grants import phone_keys
from anju.notices import actions as notices
from anju.privacy import consent, scope
from anju.privacy.refusals import Refused
from anju.visitors.actions import digest, forget, set_state, tell_host
from anju.visitors.models import Pass, PassState, Visitor, VisitorFace, VisitorKey
from anju.visitors.purposes import VISIT, VISIT_FACE


def by_link(secret: str) -> Visitor | None:
    """Whoever this link leads to; None: it is no link, or an old one."""
    with scope.platform():
        rows = Visitor.objects.select_related("person", "community", "host")
        return rows.filter(digest=digest(secret)).first()


def _held(visitor: Visitor) -> Visitor:
    """The visitor as they are now, and nobody else's to change. Raises Refused when they are gone."""
    consent.hold(visitor.pk, change=True)
    found = Visitor.objects.select_related("host").filter(pk=visitor.pk).first()
    if found is None:
        raise Refused("link_over", _("这份邀请已失效，请联系邀请您的住户。"), status=404)
    return found


def passes(visitor: Visitor) -> list[Pass]:
    """This visitor's passes that are not over, the next one first."""
    rows = Pass.objects.filter(visitor=visitor, until__gt=timezone.now()).select_related("home__unit__building")
    return list(rows.order_by("since"))


@transaction.atomic
def accept(visitor: Visitor, *, version: int, public: bytes) -> None:
    """Agree to the visit as shown (`version`), with the key that this browser made (65-byte P-256 point). Raises Refused."""
    with scope.platform():
        visitor = _held(visitor)
        _require_key(public)
        asked = list(Pass.objects.open().filter(visitor=visitor, state=PassState.INVITED))
        if not asked and not consent.granted(visitor.pk, VISIT):
            raise Refused("pass_ended", _("这份邀请已撤销或已过期，请联系邀请您的住户。"), status=409)
        consent.grant(visitor.pk, VISIT, version=version)
        _keep_key(visitor, public)
        for visit in asked:
            set_state(visit, PassState.CONFIRMED)
            with notices.language_of(visitor.host):
                title = _("访客已确认")
                tell_host(visit, title, _("%(name)s 已确认到访，届时可凭二维码进门。") % {"name": visitor.name})
        refresh(visitor.pk, visitor.community_id)


def _require_key(public: bytes) -> None:
    if not phone_keys.is_public_key(public):
        raise Refused("bad_key", _("这部手机生成的密钥无效，请重新打开页面后再试。"), field="public")


def _keep_key(visitor: Visitor, public: bytes) -> None:
    """One phone at a time: with a new key the former opens nothing."""
    VisitorKey.objects.filter(visitor=visitor).delete()
    VisitorKey.objects.create(visitor=visitor, public=public)


@transaction.atomic
def move(visitor: Visitor, public: bytes) -> None:
    """Show the code on this phone from now on; the one before opens nothing any more. Raises Refused."""
    with scope.platform():
        visitor = _held(visitor)
        consent.require(visitor.pk, VISIT)
        _require_key(public)
        _keep_key(visitor, public)
        refresh(visitor.pk, visitor.community_id)


@transaction.atomic
def decline(visitor: Visitor) -> None:
    """Not come; what the host wrote down is deleted at once. Raises Refused."""
    with scope.platform():
        visitor = _held(visitor)
        for visit in Pass.objects.open().filter(visitor=visitor).select_related("host"):
            with notices.language_of(visitor.host):
                title = _("访客已谢绝")
                tell_host(visit, title, _("%(name)s 谢绝了邀请，相关信息已删除。") % {"name": visitor.name})
    forget(visitor.pk)


def leave(visitor: Visitor) -> None:
    """Have everything deleted that is held about this visitor."""
    forget(visitor.pk)


def show_face(visitor: Visitor, images: Sequence[bytes], *, version: int) -> None:
    """Agree to be recognised as shown (`version`), with two or three pictures, which are forgotten. Raises Refused."""
    consent.require_shown(version, VISIT_FACE)
    vectors = enrolment.read(images)
    if enrolment.gallery([visitor.community_id]).look_alikes(vectors, visitor.pk):
        raise Refused(
            "looks_alike", _("您与小区里的住户长得太像，为安全起见请用二维码进门。"), status=409, field="images"
        )
    with transaction.atomic(), scope.platform():
        visitor = _held(visitor)
        consent.grant(visitor.pk, VISIT_FACE, version=version)
        found = VisitorFace.objects.filter(visitor=visitor).first() or VisitorFace(visitor=visitor, rev=0)
        found.vectors = np.stack(vectors).astype("<f4").tobytes()
        found.rev += 1
        found.save()
        refresh(visitor.pk, visitor.community_id)


@transaction.atomic
def hide_face(visitor: Visitor) -> None:
    """Take the face back; the code goes on."""
    with scope.platform():
        consent.withdraw(visitor.pk, VISIT_FACE)


def calendar(visit: Pass, host: str) -> bytes:
    """The visit as an iCalendar file (RFC 5545) with a reminder an hour before. host: as the visitor knows them."""
    community, home = visit.community, visit.home.label
    event = icalendar.Event()
    event.add("uid", f"{visit.pk}@anju")
    event.add("dtstamp", timezone.now().astimezone(UTC))
    event.add("dtstart", visit.since.astimezone(UTC))
    event.add("dtend", visit.until.astimezone(UTC))
    event.add("summary", _("拜访 %(host)s（%(community)s）") % {"host": host, "community": community.name})
    event.add("location", f"{community.city}{community.address} {community.name} {home}")
    event.add("description", _("进门时打开邀请链接，出示二维码。"))
    reminder = icalendar.Alarm()
    reminder.add("action", "DISPLAY")
    reminder.add("description", event["summary"])
    reminder.add("trigger", -timedelta(hours=1))
    event.add_component(reminder)
    book = icalendar.Calendar()
    book.add("prodid", "-//Anju//visitors//ZH")
    book.add("version", "2.0")
    book.add_component(event)
    return bytes(book.to_ical())


def host_name(visitor: Visitor) -> str:
    """How a visitor's page calls the host: the nickname they chose, or else nothing that they did not choose."""
    nickname = visitor.host.nickname
    return str(nickname) if nickname else _("小区住户")


@consent.on_withdrawal(VISIT_FACE)
@consent.on_restriction(VISIT_FACE)
@consent.on_withdrawal(VISIT)
@consent.on_restriction(VISIT)
def _follow(subject: UUID) -> None:
    refresh_everywhere(subject)
