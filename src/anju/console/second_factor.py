"""What setting up or taking off an authenticator does to the session it is done in."""

from typing import Any

from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY, get_authentication_records
from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added, authenticator_removed
from django.dispatch import receiver
from django.http import HttpRequest

from anju.people.models import Person


@receiver(authenticator_added)
def _just_proven(
    request: HttpRequest, user: Person, authenticator: Authenticator, **_: Any
) -> None:  # Any: the signal's own
    """Whoever has just set an authenticator up has typed a code from it: another would prove no more."""
    if authenticator.type == Authenticator.Type.TOTP:
        record_authentication(request, user, method="mfa", type=authenticator.type)


@receiver(authenticator_removed)
def _proven_no_more(
    request: HttpRequest, user: Person, authenticator: Authenticator, **_: Any
) -> None:  # Any: as above
    """Whoever takes their authenticator off the account sets another up before they go on."""
    if authenticator.type == Authenticator.Type.TOTP:
        kept = [one for one in get_authentication_records(request, user) if one.get("method") != "mfa"]
        request.session[AUTHENTICATION_METHODS_SESSION_KEY] = kept
