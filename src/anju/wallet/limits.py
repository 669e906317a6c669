"""How much may leave a wallet's balance: the central bank's rules for payment accounts (2015 No. 43, Art. 11 and 24)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.partners.paying import CHINA, yuan
from anju.privacy import scope
from anju.privacy.refusals import Refused
from anju.wallet.models import Level, Movement, MovementKind, MovementState, Wallet

BY_PASSWORD = 1_000_00
"""Fen a day that the payment password alone may move."""
BY_PROOF = 5_000_00
"""Fen a day with a second proof beside it."""
ONCE = 1_000_00
"""Fen that a wallet of the first class may ever pay from its balance."""
A_YEAR = {Level.TWO: 100_000_00, Level.THREE: 200_000_00}
SPENDING = (MovementKind.TRANSFER, MovementKind.PAY, MovementKind.PACKET)
"""What counts: money back to one's own bank card does not."""


@dataclass(frozen=True)
class Room:
    """What may still be paid from the balance, fen. unproven: of today's, without a second proof."""

    today: int
    unproven: int
    year: int


def _spent(person: UUID, since: datetime | None) -> int:
    rows = Movement.objects.filter(person=person, kind__in=SPENDING, by_card=False)
    rows = rows.exclude(state=MovementState.FAILED)
    if since is not None:
        rows = rows.filter(at__gte=since)
    return rows.aggregate(sum=Sum("amount"))["sum"] or 0


def room(wallet: Wallet) -> Room:
    now = timezone.now().astimezone(CHINA)
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    level = Level(wallet.level)
    with scope.person(wallet.person):
        today = _spent(wallet.person, day)
        before = _spent(wallet.person, None if level is Level.ONE else day.replace(month=1, day=1))
    year = max(0, (ONCE if level is Level.ONE else A_YEAR[level]) - before)
    return Room(min(year, max(0, BY_PROOF - today)), min(year, max(0, BY_PASSWORD - today)), year)


def require(wallet: Wallet, amount: int) -> bool:
    """Whether a second proof is needed beside the password. Raises Refused above what may be paid at all."""
    left = room(wallet)
    if amount > left.year:
        text = _("超过了钱包的付款限额，还可以付 %(left)s 元。请改用银行卡付款。")
        raise Refused("limit_year", text % {"left": yuan(left.year)}, status=409, field="amount")
    if amount > left.today:
        text = _("超过了今天的余额付款限额，今天还可以付 %(left)s 元。请改用银行卡付款，或明天再试。")
        raise Refused("limit_day", text % {"left": yuan(left.today)}, status=409, field="amount")
    return amount > left.unproven
