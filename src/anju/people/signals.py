"""What happens around a sign-in: the browser is noted, the session's traces are made coarse."""

from typing import Any

from allauth.account.signals import user_logged_in
from allauth.usersessions.models import UserSession
from django.db.models.signals import pre_save
from django.dispatch import Signal, receiver
from django.http import HttpRequest

from anju.people import devices
from anju.people.models import Person

new_device = Signal()
"""Sent with `person` and `label` when somebody signs in from a browser not seen before."""


@receiver(user_logged_in)
def _note_device(request: HttpRequest, user: Person, **_: Any) -> None:  # Any: the signal's own arguments
    if devices.recognise(request, user):
        new_device.send(sender=Person, person=user, label=devices.describe(request.headers.get("User-Agent", "")))


@receiver(pre_save, sender=UserSession)
def _coarsen(instance: UserSession, **_: Any) -> None:  # Any: the signal's own arguments
    instance.ip = devices.coarse(instance.ip)
    if "/" in instance.user_agent:  # as the browser sent it, not yet described
        instance.user_agent = devices.describe(instance.user_agent)
