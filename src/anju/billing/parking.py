"""Monthly parking where it has a price: asking for it makes a bill, and the bill paid makes it hold."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import OperationalError
from django.dispatch import receiver
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.billing import amounts, runs, taking
from anju.billing.models import Bill, BillState, FeeItem, Tariff
from anju.billing.signals import bill_paid, bill_reopened
from anju.notices import actions as notices
from anju.notices.models import NoticeKind
from anju.partners.paying import yuan
from anju.privacy import scope
from anju.privacy.refusals import Refused
from anju.vehicles import desk
from anju.vehicles.models import ParkingRequest
from anju.vehicles.signals import parking_asked, parking_closed

STANDS = timedelta(days=7)


@receiver(parking_asked)
def _bill(request: ParkingRequest, **_options: Any) -> None:  # Any: the signal's own arguments
    item = FeeItem.objects.filter(community=request.community_id, parking=True, ended=False).first()
    if item is None:
        return  # it is settled at the desk
    today = timezone.localdate()
    day = today
    while Bill.objects.filter(home=request.home_id, item=item, period=day).exclude(state=BillState.CANCELLED).exists():
        day += timedelta(days=1)  # asked for again on the same day
    tariff = Tariff.objects.filter(item=item, since__lte=today).order_by("-since").first()
    if tariff is None or tariff.price <= 0:
        return
    Bill.objects.create(
        community_id=request.community_id,
        home_id=request.home_id,
        item=item,
        period=day,
        ends=runs.months_after(today, request.months) - timedelta(days=1),
        amount=amounts.plain(Decimal(request.months), tariff.price),
        due=today + STANDS,
        state=BillState.ISSUED,
        detail={"quantity": str(request.months), "price": str(tariff.price), "parking": str(request.pk)},
    )


@receiver(parking_closed)
def _cancel(request: ParkingRequest, **_options: Any) -> None:  # Any: as above
    """It is owed no more; what has been paid of it is kept for the home's other bills."""
    with scope.community(request.community_id):
        bills = Bill.objects.filter(detail__parking=str(request.pk), state=BillState.ISSUED)
        try:  # whoever pays holds the community and the bill, and waits for the request, which we hold
            found = list(bills.select_for_update(of=("self",), nowait=True))
            if any(one.paid or one.late_paid for one in found):
                taking.hold(request.community_id, wait=False)
        except OperationalError as error:
            raise Refused("being_paid", _("住户正在缴这笔费用，请稍候再试。"), status=409) from error
        for bill in found:
            kept = taking.set_aside(bill)
            bill.state = BillState.CANCELLED
            bill.save(update_fields=["state", "paid", "late_paid"])
            if kept:
                _tell_kept(request, kept)


def _tell_kept(request: ParkingRequest, amount: int) -> None:
    with notices.language_of(request.person):
        body = _("月租停车没有办理，已缴的 %(amount)s 元转为预存款，可抵扣以后的账单；要退还请到物业收费处。")
        notices.tell(request.person, NoticeKind.FEES, _("停车费转为预存"), body % {"amount": yuan(amount)})


@receiver(bill_paid)
def _settle(bill: Bill, **_options: Any) -> None:  # Any: as above
    """What the payment made hold stands in the bill: that ends when the money goes back."""
    if request := bill.detail.get("parking"):
        with scope.platform():
            let = desk.settle(UUID(request))
        if let is not None:
            bill.detail["let"] = str(let.pk)
            bill.save(update_fields=["detail"])


@receiver(bill_reopened)
def _unsettle(bill: Bill, **_options: Any) -> None:  # Any: as above
    if let := bill.detail.pop("let", None):
        bill.save(update_fields=["detail"])
        with scope.platform():
            desk.unsettle(UUID(bill.detail["parking"]), UUID(let), int(bill.detail["quantity"]))
