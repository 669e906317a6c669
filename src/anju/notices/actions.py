"""Telling people things, now and in their list."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction
from django.dispatch import receiver
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from anju.bus import client, subjects
from anju.notices import push
from anju.notices.models import Notice
from anju.people.guardians import guardian_invited
from anju.people.models import Person
from anju.people.signals import new_device
from anju.privacy import scope

_WAKES_FOR = 24 * 3600
"""Seconds for which a browser that cannot be reached is still to be woken for a message."""


@contextmanager
def language_of(person: Person) -> Iterator[None]:
    """Write in the language this person reads."""
    with translation.override(person.language):
        yield


def announce(channel: str, event: str, facts: Mapping[str, Any]) -> None:
    """Let whoever looks at `channel` (`person.<id>`, `community.<id>`) know, once this transaction holds. Ids and states only."""

    transaction.on_commit(lambda: client.publish(subjects.live(channel, event), facts))


class News(NamedTuple):
    """What `announce` says, to be said together with others."""

    channel: str
    event: str
    facts: Mapping[str, Any]


def announce_all(news: Iterable[News]) -> None:
    """`announce` for many at once."""
    said = [(subjects.live(one.channel, one.event), one.facts) for one in news]
    if said:
        transaction.on_commit(lambda: client.publish_all(said))


def tell(person: Person, kind: Notice.Kind, title: str, body: str) -> Notice:
    """Put a message in this person's list, show it at once where they are signed in, and wake their browsers: without a word of it."""
    with scope.person(person.pk):
        notice = Notice.objects.create(person=person, kind=kind, title=title, body=body)
    announce(f"person.{person.pk}", "notice", {"id": str(notice.pk), "kind": kind})
    with language_of(person):
        push.wake(
            person.pk,
            kind="notice",
            title=_("安居"),
            body=_("您有一条新通知"),
            tag="notice",
            path="/notices",
            seconds=_WAKES_FOR,
            urgent=False,
        )
    return notice


def forget(person: UUID, kind: Notice.Kind) -> None:
    """Delete a person's messages of one kind: what they speak of is erased."""
    Notice.objects.filter(person=person, kind=kind).delete()


def read(person: Person, notice: UUID | None = None) -> None:
    """Mark one message, or all, as read."""
    unread = Notice.objects.filter(person=person, read_at__isnull=True)
    (unread.filter(pk=notice) if notice else unread).update(read_at=timezone.now())


@receiver(new_device)
def _warn(person: Person, label: str, **_options: Any) -> None:  # Any: the signal's own arguments
    with language_of(person):
        tell(
            person,
            Notice.Kind.SECURITY,
            _("新设备登录"),
            _("您的账号刚在一台新设备（%(device)s）上登录。如果不是您本人，请到“我的 - 安全”退出该设备并修改密码。")
            % {"device": label},
        )


@receiver(guardian_invited)
def _ask_guardian(person: Person, **_options: Any) -> None:  # Any: as above
    with language_of(person):
        tell(
            person,
            Notice.Kind.SECURITY,
            _("监护人邀请"),
            _("有人邀请您共同担任孩子的监护人。请打开“我的 → 孩子”核对并确认；如果您不认识对方，请拒绝。"),
        )
