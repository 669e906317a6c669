"""Somebody else pays a home's bills, by a link and without an account."""

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.billing import online, owing
from anju.billing.models import Bill, Checkout, PayLink
from anju.partners.paying import Shown
from anju.partners.purposes import PAYING
from anju.payments.institutions import offered
from anju.payments.models import Payment, Through
from anju.people.models import Person
from anju.privacy import consent, scope
from anju.privacy.refusals import Refused

LASTS = timedelta(days=7)
MOST_OPEN = 20


@dataclass(frozen=True)
class Made:
    """A link's secret, told once."""

    key: str
    until: datetime


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()


@transaction.atomic
def make(person: Person, home: UUID, bills: Collection[UUID]) -> Made:
    """A link for these bills of one's home. Whoever has it sees them and their home. Raises Refused."""
    consent.require(person.pk, PAYING)
    member = owing.membership(person, home)
    with scope.community(member.community_id):
        owing.chosen(member, bills)
        if PayLink.objects.filter(maker=person, until__gt=timezone.now()).count() >= MOST_OPEN:
            raise Refused("too_many_links", _("您已有多个代缴链接，请先用已有的。"), status=409)
        key, until = secrets.token_urlsafe(24), timezone.now() + LASTS
        PayLink.objects.create(
            community_id=member.community_id, maker=person, home_id=home, digest=_digest(key), until=until,
            bills=[str(one) for one in bills],
        )  # fmt: skip
    return Made(key, until)


def find(key: str) -> PayLink:
    """Raises Refused. The caller has widened the scope."""
    rows = PayLink.objects.select_related("home__unit__building", "community", "maker")
    found = rows.filter(digest=_digest(key), until__gt=timezone.now()).first()
    if found is None:
        raise _unknown()
    return found


def _unknown() -> Refused:
    return Refused("unknown_link", _("这个代缴链接已失效，请向住户要一个新的。"), status=404)


def bills(link: PayLink) -> list[Bill]:
    """What it is for, as far as whoever made it still lives there and may see it. Raises Refused."""
    try:
        member = owing.membership(link.maker, link.home_id)
    except Refused as error:
        raise _unknown() from error
    return list(owing.bills_of(member).filter(pk__in=link.bills).order_by("due", "period"))


def pay(key: str, through: Through, *, shown: Shown, address: str) -> Payment:
    """An order for what the link's bills still come to, in the name of whoever made it. Raises Refused."""
    if through not in offered():
        raise Refused("not_offered", _("暂不支持这种支付方式，请换一种。"), status=409, field="through")
    with scope.platform():
        link = find(key)
        wanted = [one.pk for one in bills(link) if owing.owed(one).total]
    with scope.person(link.maker_id):
        return online.begin(link.maker, link.home_id, wanted, through, shown=shown, address=address, link=link)


def payment(key: str, name: UUID) -> Payment:
    """One that was begun by this link. Raises Refused. The caller has widened the scope."""
    link = find(key)
    mine = Checkout.objects.filter(link=link).values("pk")
    found = Payment.objects.filter(pk=name, payer=link.maker_id, kind=online.KIND, thing__in=mine).first()
    if found is None:
        raise Refused("unknown_payment", _("没有找到这笔付款，请刷新页面。"), status=404)
    return found
