"""Whether this session was opened with more than a password."""

from allauth.account.authentication import get_authentication_records
from django.http import HttpRequest


def proven(request: HttpRequest) -> bool:
    """True when the sign-in of this session included a TOTP code, a recovery code or a passkey."""
    return any(record.get("method") == "mfa" for record in get_authentication_records(request))
