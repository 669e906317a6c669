"""What happens around a sign-in and its end: the browser is noted, the session's traces are made coarse."""

from typing import Any

from allauth.account.signals import user_logged_in, user_logged_out
from allauth.usersessions.models import UserSession
from django.contrib.sessions.backends.base import SessionBase
from django.db.models.signals import pre_save
from django.dispatch import Signal, receiver
from django.http import HttpRequest

from anju.people import devices
from anju.people.models import Person

new_device = Signal()
"""Sent with `person` and `label` when somebody signs in from a browser not seen before."""
signed_out = Signal()
"""Sent with `person` and `browser`, its mark, when somebody signs out there, or signs it out from elsewhere; not when a session runs out."""


@receiver(user_logged_in)
def _note_device(request: HttpRequest, user: Person, **_: Any) -> None:  # Any: the signal's own arguments
    if devices.recognise(request, user):
        new_device.send(sender=Person, person=user, label=devices.describe(request.headers.get("User-Agent", "")))


@receiver(pre_save, sender=UserSession)
def _coarsen(instance: UserSession, **_: Any) -> None:  # Any: the signal's own arguments
    instance.ip = devices.coarse(instance.ip)
    if "/" in instance.user_agent:  # as the browser sent it, not yet described
        instance.user_agent = devices.describe(instance.user_agent)


@receiver(user_logged_out)
def _left(request: HttpRequest | None, user: Person | None, **_: Any) -> None:  # Any: as above
    if request is not None and user is not None:
        left(user, request.session)


def left(person: Person, session: SessionBase) -> None:
    """This person's session is about to end by their own wish."""
    browser = devices.of_session(session)
    if browser is not None:
        signed_out.send(sender=Person, person=person, browser=browser)
