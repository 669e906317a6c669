"""Waking browsers whose page is closed: which ones, and for what. What is sent says that something is there, never what."""

import hashlib
import json
import time
from typing import Any
from uuid import UUID

from allauth.account.signals import password_changed, password_reset, password_set
from allauth.usersessions.models import UserSession
from django.contrib.auth.signals import user_logged_out
from django.db import transaction
from django.db.models.signals import post_delete
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils.translation import gettext as _

from anju.notices.models import PushSubscription
from anju.partners.push_services import PUSH, service_of
from anju.partners.web_push import SIZE, Keys
from anju.people.models import Person
from anju.privacy import consent, scope
from anju.privacy.refusals import Refused

MOST = 10
"""Browsers of one person; one more takes the place of the oldest."""


def mark_of(session: str) -> bytes:
    """What stands for a session beside a subscription."""
    return hashlib.sha256(session.encode()).digest()


@transaction.atomic
def subscribe(person: Person, session: str, *, endpoint: str, keys: Keys | None, label: str) -> PushSubscription:
    """Wake this browser from now on, for as long as its session is not ended. Raises Refused.

    keys: None for a device that is only woken, and is told nothing; session: then its name.
    """
    consent.require(person.pk, PUSH)
    Person.objects.select_for_update(no_key=True).get(pk=person.pk)
    if service_of(endpoint) is None:
        raise Refused(
            "unknown_push_service",
            _("这个浏览器的推送服务不在《第三方共享清单》里，不能开启推送通知。"),
            field="endpoint",
        )
    mine = list(PushSubscription.objects.filter(person=person))
    same = [one for one in mine if bytes(one.session) == mark_of(session) or one.endpoint.open() == endpoint]
    others = [one for one in mine if one not in same]
    for one in [*same, *others[: max(0, len(others) + 1 - MOST)]]:
        one.delete()
    return PushSubscription.objects.create(
        person=person, endpoint=endpoint, keys=keys.joined() if keys else None, session=mark_of(session), label=label
    )


def unsubscribe(person: Person, subscription: UUID) -> None:
    """Wake this browser no more. Raises Refused."""
    gone, _rows = PushSubscription.objects.filter(person=person, pk=subscription).delete()
    if not gone:
        raise Refused("unknown_subscription", _("这台设备的推送已经关闭，请刷新页面。"), status=404)


def wake(person_id: UUID, *, kind: str, title: str, body: str, tag: str, path: str, seconds: int, urgent: bool) -> int:
    """Wake this person's browsers, once this transaction holds. Returns how many; none without their consent.

    kind: `call` rings until it is dealt with, anything else is shown once. title, body: in their language (`language_of`), and
    never a name, a phone or a home. tag: a later message with the same one takes the place of this one. path: what a tap opens
    in the app. seconds: how long it may still be delivered. Raises ValueError for what a push message cannot be.
    """
    from anju.notices.tasks import deliver  # the task module imports Django's app registry

    message = {
        "kind": kind,
        "title": title,
        "body": body,
        "tag": tag,
        "path": path,
        "until": int(time.time()) + seconds,
    }
    text = json.dumps(message, ensure_ascii=False, separators=(",", ":"))
    if not path.startswith("/") or path.startswith("//") or len(text.encode()) > SIZE or seconds <= 0:
        raise ValueError("not a push message")
    # In which a call rings: telling the database another scope for each person would take longer than the question.
    with scope.platform():
        browsers = PushSubscription.objects.filter(person=person_id, keys__isnull=False)
        mine = list(browsers.values_list("pk", flat=True))
    if not mine or not consent.granted(person_id, PUSH):
        return 0
    ready = deliver.configure(queue=CALLS, priority=1) if urgent else deliver
    for one in mine:
        ready.defer(subscription=str(one), message=text, urgent=urgent)
    return len(mine)


def wake_device(name: str, *, tag: str, seconds: int) -> bool:
    """Wake a device that is no browser, at once. Returns whether it may be woken. tag, seconds: as for `wake`."""
    from anju.notices.tasks import deliver  # as above

    found = (
        PushSubscription.objects.filter(session=mark_of(name), keys__isnull=True).values_list("pk", flat=True).first()
    )
    if found is None:
        return False
    message = json.dumps({"tag": tag, "until": int(time.time()) + seconds})
    deliver.configure(queue=CALLS, priority=1).defer(subscription=str(found), message=message, urgent=True)
    return True


CALLS = "calls"
"""The queue for what cannot wait: a worker serves it and nothing else (site/worker.py)."""


def end(session: str | None) -> None:
    """Wake the browser of this session, or the device of this name, no more."""
    if session:
        with scope.platform():
            PushSubscription.objects.filter(session=mark_of(session)).delete()


@receiver(user_logged_out)
def _signed_out(request: HttpRequest | None, **_options: Any) -> None:  # Any: the signal's own arguments
    if request is not None:
        end(request.session.session_key)


@receiver(post_delete, sender=UserSession)
def _session_ended(instance: UserSession, **_options: Any) -> None:  # Any: as above
    end(instance.session_key)


@receiver([password_changed, password_reset, password_set])
def _signed_out_elsewhere(user: Person, **_options: Any) -> None:  # Any: as above
    """A new password ends every session; this one's app subscribes again by itself.

    What is no browser does not: it is woken until its own account ends.
    """
    with scope.platform():
        PushSubscription.objects.filter(person=user, keys__isnull=False).delete()
