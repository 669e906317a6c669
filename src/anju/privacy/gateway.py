"""The only way out: nothing about a person reaches a third party but through `share`.

A recipient is declared with its purpose and the fields it may have; the person must agree; what goes is written down before
it goes (names of fields, never values); and the process can connect to a recipient's address only inside `share`
(egress.py refuses everything else).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlsplit
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from anju.privacy import consent, egress
from anju.privacy.declarations import Category
from anju.privacy.models import Sharing
from anju.privacy.purposes import Basis, Purpose
from anju.privacy.refusals import Refused, Text

T = TypeVar("T")


@dataclass(frozen=True)
class Recipient:
    """A third party that may get something about a person.

    fields: what it may have, by name, and each one's kind. address: its URL as this installation has it, None while it is not
    set up. link: where its own privacy statement is.
    """

    code: str
    title: Text
    company: Text
    purpose: Purpose
    fields: Mapping[str, Category]
    why: Text
    link: str
    address: Callable[[], str | None]

    def __post_init__(self) -> None:
        if self.code in RECIPIENTS:
            raise ValueError(f"two recipients are called {self.code}")
        RECIPIENTS[self.code] = self

    def host(self) -> tuple[str, int] | None:
        """Where it is reached; None while it is not set up."""
        if (address := self.address()) is None:
            return None
        parts = urlsplit(address)
        return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


RECIPIENTS: dict[str, Recipient] = {}
"""Every recipient by code, in the order they are declared."""


BY_LAW: dict[str, Text] = {"authority": gettext_lazy("有关机关")}
"""Who is no recipient of ours: it asked by law, and keeps what it got by law."""


def title_of(code: str) -> Text:
    """How people call whoever got something."""
    return RECIPIENTS[code].title if code in RECIPIENTS else BY_LAW.get(code, code)


class NotDelivered(RuntimeError):
    """The recipient did not take it; what was sent is on the record all the same."""


def share(
    recipient: Recipient, subject: UUID, values: Mapping[str, str], send: Callable[[str, Mapping[str, str]], T]
) -> T:
    """Send `values` of this person to the recipient by `send(address, values)`, and return its answer.

    Must stand outside a transaction: what is written down before sending must not be rolled back.
    Raises Refused when it may not go, NotDelivered when `send` raises OSError (httpx's errors are wrapped by the partner).
    """
    if (problem := _problem(recipient, subject, values)) is not None:
        _record(recipient, subject, values, Sharing.Result.REFUSED)
        raise problem
    address, host = recipient.address(), recipient.host()
    if address is None or host is None:
        raise Refused(
            "not_set_up", _("%(recipient)s还没有配置，请联系管理员。") % {"recipient": recipient.title}, status=503
        )
    _record(recipient, subject, values, Sharing.Result.SENT)
    try:
        with egress.allowing(*host):
            return send(address, values)
    except OSError as error:
        _record(recipient, subject, values, Sharing.Result.FAILED)
        raise NotDelivered(recipient.code) from error


def _problem(recipient: Recipient, subject: UUID, values: Mapping[str, str]) -> Refused | None:
    """Why this may not go; None: it may."""
    if RECIPIENTS.get(recipient.code) is not recipient:
        return Refused("undeclared_recipient", _("接收方没有在第三方共享清单中声明，已拦截。"), status=403)
    if not values.keys() <= recipient.fields.keys():
        return Refused("undeclared_field", _("要提供的信息超出了已声明的范围，已拦截。"), status=403)
    if recipient.purpose.basis is not Basis.LAW and not consent.granted(subject, recipient.purpose):
        text = _("当事人没有同意“%(purpose)s”，已拦截。") % {"purpose": recipient.purpose.title}
        return Refused("consent_required", text, status=403, more={"purpose": recipient.purpose.code})
    return None


def _record(recipient: Recipient, subject: UUID, values: Mapping[str, str], result: Sharing.Result) -> None:
    Sharing.objects.create(
        subject=subject, recipient=recipient.code, purpose=recipient.purpose.code, fields=sorted(values), result=result
    )
