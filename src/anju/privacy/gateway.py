"""The only way out: nothing about a person reaches a third party but through `share`.

A recipient is declared with its purpose and the fields it may have; the person must agree; what goes is written down before
it goes (names of fields, never values); and the process can connect to a recipient's address only inside `share`
(egress.py refuses everything else).
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlsplit
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from anju.privacy import consent, egress
from anju.privacy.declarations import Category
from anju.privacy.egress import Place
from anju.privacy.models import Sharing
from anju.privacy.purposes import Basis, Purpose
from anju.privacy.refusals import Refused, Text

T = TypeVar("T")


@dataclass(frozen=True)
class Recipient:
    """A third party that may get something about a person.

    fields: what it may have, by name, and each one's kind. address: its URL as this installation has it, None while it is not
    set up, or where each person has an address of their own there. hosts: the only ones such an address may be at, or where it
    is reached beside its address: a host, or host:port; `*.` stands for any name below. link: where its own privacy statement is. keeps: whether it still has anything
    once it has done what it was asked.
    """

    code: str
    title: Text
    company: Text
    purpose: Purpose
    fields: Mapping[str, Category]
    why: Text
    link: str
    address: Callable[[], str | None]
    hosts: Callable[[], Collection[str]] = tuple
    keeps: bool = True

    def __post_init__(self) -> None:
        if self.code in RECIPIENTS:
            raise ValueError(f"two recipients are called {self.code}")
        RECIPIENTS[self.code] = self

    def places(self) -> list[Place]:
        """Where it is reached, and nowhere else; nowhere while it is not set up."""
        single = [] if (address := self.address()) is None else [_place(address)]
        hosts = (one.partition(":") for one in self.hosts())
        return single + [(host, int(port or 443)) for host, _colon, port in hosts]

    def owns(self, address: str) -> bool:
        """Whether this is an address at one of its hosts: https, and plain http on this machine itself."""
        if not address.isascii() or not address.isprintable() or "\\" in address:
            return False
        try:
            parts = urlsplit(address)
            host, port = _place(address)
        except ValueError:
            return False
        safe = parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK)
        return safe and "@" not in parts.netloc and any(_is_at(host, port, one) for one in self.places())


_LOOPBACK = ("127.0.0.1", "localhost")


def _place(address: str) -> Place:
    """Raises ValueError."""
    parts = urlsplit(address)
    return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


def _is_at(host: str, port: int, place: Place) -> bool:
    name = place[0]
    return port == place[1] and (host.endswith(name[1:]) if name.startswith("*.") else host == name)


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
    recipient: Recipient,
    subject: UUID,
    values: Mapping[str, str],
    send: Callable[[str, Mapping[str, str]], T],
    *,
    at: str | None = None,
    ends: bool = False,
) -> T:
    """Send `values` of this person to the recipient by `send(address, values)`, and return its answer.

    at: this person's own address there, where the recipient has no single one. ends: it finishes what this person agreed to when
    it began, such as giving back what they have paid, and goes whatever they have taken back since.
    Must stand outside a transaction: what is written down before sending must not be rolled back.
    Raises Refused when it may not go, NotDelivered when `send` raises OSError (httpx's errors are wrapped by the partner).
    """
    if (problem := _problem(recipient, subject, values, at, ends=ends)) is not None:
        _record(recipient, subject, values, Sharing.Result.REFUSED)
        raise problem
    address = at or recipient.address()
    if address is None:
        raise _not_set_up(recipient)
    _record(recipient, subject, values, Sharing.Result.SENT)
    try:
        with egress.allowing(*_place(address)):
            return send(address, values)
    except OSError as error:
        _record(recipient, subject, values, Sharing.Result.FAILED)
        raise NotDelivered(recipient.code) from error


def fetch(recipient: Recipient, get: Callable[[str], T]) -> T:
    """Ask a recipient for something that is about nobody in particular, such as the day's statement. Nothing about a person may go along.

    Raises Refused when it is not set up, NotDelivered when `get` raises OSError.
    """
    if (address := recipient.address()) is None:
        raise _not_set_up(recipient)
    try:
        with egress.allowing(*_place(address)):
            return get(address)
    except OSError as error:
        raise NotDelivered(recipient.code) from error


def _not_set_up(recipient: Recipient) -> Refused:
    text = _("%(recipient)s还没有配置，请联系管理员。") % {"recipient": recipient.title}
    return Refused("not_set_up", text, status=503)


def _problem(
    recipient: Recipient, subject: UUID, values: Mapping[str, str], at: str | None, *, ends: bool
) -> Refused | None:
    """Why this may not go; None: it may."""
    if RECIPIENTS.get(recipient.code) is not recipient:
        return Refused("undeclared_recipient", _("接收方没有在第三方共享清单中声明，已拦截。"), status=403)
    if at is not None and not recipient.owns(at):
        return Refused("undeclared_address", _("要连接的地址不属于已声明的接收方，已拦截。"), status=403)
    if not values.keys() <= recipient.fields.keys():
        return Refused("undeclared_field", _("要提供的信息超出了已声明的范围，已拦截。"), status=403)
    if not ends and recipient.purpose.basis is not Basis.LAW and not consent.granted(subject, recipient.purpose):
        text = _("当事人没有同意“%(purpose)s”，已拦截。") % {"purpose": recipient.purpose.title}
        return Refused("consent_required", text, status=403, more={"purpose": recipient.purpose.code})
    return None


def _record(recipient: Recipient, subject: UUID, values: Mapping[str, str], result: Sharing.Result) -> None:
    Sharing.objects.create(
        subject=subject, recipient=recipient.code, purpose=recipient.purpose.code, fields=sorted(values), result=result
    )
