"""What a holder looks at."""

from datetime import datetime
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _

from anju.ledger.models import Balance
from anju.people.models import Person, RealName
from anju.privacy import scope
from anju.privacy.refusals import Refused
from anju.wallet.models import Movement, MovementKind, MovementState, Wallet, WalletState

PAGE = 50
OWN_NUMBER = (MovementKind.SHARE, MovementKind.UNTAKEN)
"""What the institution knows by its own number, not by the order it belongs to."""


def has_real_name(person: Person) -> bool:
    return RealName.objects.filter(pk=person.pk).exists()


def own(person: Person, movement: UUID) -> Movement:
    """One of the person's own. Raises Refused."""
    found = Movement.objects.filter(pk=movement, person=person.pk).first()
    if found is None:
        raise Refused("unknown_movement", _("没有找到这笔记录，请刷新页面。"), status=404)
    return found


def wished(person: Person, wish: UUID | None) -> Movement | None:
    """What a wish that was said before has come to."""
    return Movement.objects.filter(person=person.pk, wish=wish).first() if wish else None


def movements(person: Person, before: datetime | None) -> list[Movement]:
    """What went out, and what came in from others. Newest first."""
    with scope.platform():
        mine = Q(person=person.pk) & ~Q(kind=MovementKind.SHARE)
        rows = Movement.objects.filter(mine | Q(payee=person.pk, state=MovementState.DONE))
        return list((rows.filter(at__lt=before) if before else rows).order_by("-at")[:PAGE])


def holds_money(person: UUID) -> bool:
    """Whether anything of this person's lies in a wallet or a red packet, or is on its way."""
    with scope.platform():
        lies = Balance.objects.filter(account__holder=person, account__kind__in=["wallet", "packet"])
        busy = Movement.objects.filter(person=person, state__in=Movement.OPEN).exists()
        return busy or lies.exclude(posted=0, held=0).exists()


def is_open(person: UUID) -> bool:
    """Whether there is a wallet that is not closed."""
    with scope.platform():
        return Wallet.objects.filter(pk=person).exclude(state=WalletState.CLOSED).exists()
