"""Sending money to a neighbour: found by telephone number, shown without their name."""

from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import gettext as _

from anju.homes.queries import communities_of
from anju.notices import actions as notices
from anju.notices.models import NoticeKind
from anju.partners.paying import yuan
from anju.partners.purposes import WALLET
from anju.people import phone as phones
from anju.people.models import PHONE, Person, RealName
from anju.privacy import consent, scope
from anju.privacy.refusals import Refused
from anju.privacy.vault import vault
from anju.wallet import moving
from anju.wallet.models import Movement, MovementKind, MovementState, Wallet, WalletState


@dataclass(frozen=True)
class Payee:
    """name: as much of it as the payer needs to see that it is the right one."""

    person: UUID
    name: str


def find(payer: Person, phone: str) -> Payee:
    """Somebody with a wallet who lives in one of the payer's communities. Raises Refused, the same for all who are not."""
    unknown = Refused(
        "unknown_payee", _("没有找到可以收款的住户：对方须住在同一小区，并已开通钱包。"), status=404, field="phone"
    )
    subject = vault().find(PHONE, phones.parse(phone))
    if subject is None or subject == payer.pk:
        raise unknown
    with scope.platform():
        shares = set(communities_of(subject)) & set(communities_of(payer.pk))
        wallet = Wallet.objects.filter(pk=subject, state=WalletState.OPEN).exists()
        known = RealName.objects.filter(pk=subject).first()
    if not shares or not wallet or known is None or not consent.granted(subject, WALLET):
        raise unknown
    name = known.name.open()
    return Payee(subject, "*" * (len(name) - 1) + name[-1:])


def _told(moved: Movement) -> None:
    person = None
    if moved.payee and moved.state == MovementState.DONE:
        person = Person.objects.filter(pk=moved.payee).first()
    if person is not None:
        with notices.language_of(person):
            text = _("您的钱包收到转账 %(amount)s 元。") % {"amount": yuan(moved.amount)}
            notices.tell(person, NoticeKind.WALLET, _("收到转账"), text)


moving.TOLD[MovementKind.TRANSFER] = _told
