"""A resident's fees: what is owed, paying it, and the receipts."""

from datetime import date, datetime
from uuid import UUID

from allauth.account.adapter import get_adapter
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import Field, Router, Schema, Status
from ninja.throttling import AnonRateThrottle

from anju.billing import dials, links, online, owing, prepaid, receipts, returning
from anju.billing.models import Bill, BillState, Method, Receipt
from anju.billing.returning import Back
from anju.partners.paying import Shown
from anju.payments import actions as payments
from anju.payments.api import PaymentOut, WayOut
from anju.payments.institutions import offered
from anju.payments.models import Through
from anju.people.models import person_of
from anju.privacy import scope
from anju.privacy.refusals import Refused

router = Router(tags=["fees"])
SHOWN = 200


class BillOut(Schema):
    """Fen. owed: what is still to be paid now, with the fee for paying late in it. detail: how the amount came about. dial: whether
    there is a picture of the meter's reading.
    """

    id: UUID
    item: str
    period: date
    ends: date
    due: date | None
    state: BillState
    amount: int
    paid: int
    late: int
    owed: int
    detail: dict[str, str]
    dial: bool

    @staticmethod
    def of(bill: Bill, *, dial: bool = False) -> "BillOut":
        wanted = owing.owed(bill)
        return BillOut(
            id=bill.pk, item=bill.item.name, period=bill.period, ends=bill.ends, due=bill.due, state=BillState(bill.state),
            amount=bill.amount, paid=bill.paid, late=wanted.late, owed=wanted.total, detail=bill.detail,
            dial=dial,
        )  # fmt: skip


class FeesOut(Schema):
    """owed: fen, of all open bills. ahead: fen that have been paid ahead."""

    home: str
    owed: int
    ahead: int
    bills: list[BillOut]


class FeeReceiptOut(Schema):
    """back: where its money is, once the receipt has been taken back."""

    id: UUID
    number: str
    method: Method
    amount: int
    at: datetime
    back: Back | None


class PayIn(Schema):
    """shown: `page` to go on in the institution's own app on this phone, `code` to scan with another."""

    bills: list[UUID]
    through: Through
    shown: Shown = Shown.CODE


@router.get("/homes/{home}/fees", response=FeesOut)
def fees(request: HttpRequest, home: UUID) -> FeesOut:
    """Open bills first, oldest first; then what has been paid, newest first."""
    member = owing.membership(person_of(request.user), home)
    with scope.community(member.community_id):
        rows = owing.bills_of(member)
        waiting = list(rows.filter(state=BillState.ISSUED).order_by("due", "period"))
        done = list(rows.filter(state=BillState.PAID).order_by("-period")[:SHOWN])
        seen = dials.seen(member.home_id)
        bills = [BillOut.of(one, dial=dials.of(one) in seen) for one in (*waiting, *done)]
        return FeesOut(
            home=member.home.label, owed=sum(one.owed for one in bills), ahead=prepaid.balance(member.home), bills=bills
        )


@router.get("/homes/{home}/bills/{bill}/dial", response={200: None})
def dial(request: HttpRequest, home: UUID, bill: UUID) -> HttpResponse:
    """A picture of what the meter showed at the end of the bill's period; for whoever may see the bill."""
    member = owing.membership(person_of(request.user), home)
    with scope.community(member.community_id):
        found = dials.picture(owing.bills_of(member).filter(pk=bill).first())
        content = found.image.open_bytes()
    return HttpResponse(content, content_type="image/jpeg", headers={"Cache-Control": "no-store"})


@router.post("/homes/{home}/fees/pay", response=PaymentOut)
def pay(request: HttpRequest, home: UUID, data: PayIn) -> PaymentOut:
    """An order for what these bills come to now; then ask `/payments/{id}` what became of it."""
    address = get_adapter().get_client_ip(request)
    made = online.begin(person_of(request.user), home, data.bills, data.through, shown=data.shown, address=address)
    return PaymentOut.of(made)


class FeeLinkIn(Schema):
    bills: list[UUID] = Field(max_length=100)


class FeeLinkOut(Schema):
    """key: the secret of the link, told once."""

    key: str
    until: datetime


class FeeKeyIn(Schema):
    key: str = Field(max_length=64)


class ForOthersOut(Schema):
    """What a link is for."""

    community: str
    home: str
    owed: int
    bills: list[BillOut]
    ways: list[WayOut]


class ForOthersPayIn(FeeKeyIn):
    through: Through
    shown: Shown = Shown.CODE


class ForOthersPaymentIn(FeeKeyIn):
    payment: UUID


@router.post("/homes/{home}/fees/link", response={201: FeeLinkOut})
def make_link(request: HttpRequest, home: UUID, data: FeeLinkIn) -> Status[FeeLinkOut]:
    """A link by which somebody else pays these bills within a week; they see the home and what it owes."""
    made = links.make(person_of(request.user), home, data.bills)
    return Status(201, FeeLinkOut(key=made.key, until=made.until))


@router.post("/fees/for-others", response=ForOthersOut, auth=None, throttle=[AnonRateThrottle("60/m")])
def for_others(request: HttpRequest, data: FeeKeyIn) -> ForOthersOut:
    """What a link is for. Its secret travels in the body: addresses stand in logs."""
    del request
    with scope.platform():
        link = links.find(data.key)
        shown = [BillOut.of(one) for one in links.bills(link)]
        return ForOthersOut(
            community=link.community.name, home=link.home.label, owed=sum(one.owed for one in shown), bills=shown,
            ways=[WayOut.of(one) for one in offered()],
        )  # fmt: skip


@router.post("/fees/for-others/pay", response=PaymentOut, auth=None, throttle=[AnonRateThrottle("20/m")])
def pay_for_others(request: HttpRequest, data: ForOthersPayIn) -> PaymentOut:
    """An order for what the link's bills still come to."""
    address = get_adapter().get_client_ip(request)
    return PaymentOut.of(links.pay(data.key, data.through, shown=data.shown, address=address))


@router.post("/fees/for-others/payment", response=PaymentOut, auth=None, throttle=[AnonRateThrottle("60/m")])
def payment_for_others(request: HttpRequest, data: ForOthersPaymentIn) -> PaymentOut:
    """What became of it."""
    del request
    with scope.platform():
        found = links.payment(data.key, data.payment)
    return PaymentOut.of(payments.look(found))


@router.get("/homes/{home}/receipts", response=list[FeeReceiptOut])
def of_home(request: HttpRequest, home: UUID) -> list[FeeReceiptOut]:
    """One's own; and those of the desk for this home, which are nobody's in particular."""
    found = _receipts(request, home)
    backs = returning.backs(found)
    return [
        FeeReceiptOut(
            id=one.pk, number=str(one), method=Method(one.method), amount=one.amount, at=one.at, back=backs.get(one.pk)
        )
        for one in found
    ]  # fmt: skip


def _receipts(request: HttpRequest, home: UUID) -> list[Receipt]:
    person = person_of(request.user)
    member = owing.membership(person, home)
    with scope.community(member.community_id):
        rows = Receipt.objects.filter(home=home, at__gte=member.since).select_related(
            "home__unit__building", "community"
        )
        return [one for one in rows[:SHOWN] if one.payer in (None, person.pk)]


@router.get("/homes/{home}/receipts/{receipt}.pdf", response={200: None})
def as_pdf(request: HttpRequest, home: UUID, receipt: UUID) -> HttpResponse:
    found = next((one for one in _receipts(request, home) if one.pk == receipt), None)
    if found is None:
        raise Refused("unknown_receipt", _("没有找到这张收据，请刷新页面。"), status=404)
    with scope.community(found.community_id), scope.platform():
        content = receipts.write(found)
    answer = HttpResponse(content, content_type="application/pdf")
    answer["Content-Disposition"] = f'attachment; filename="receipt-{found}.pdf"'
    return answer
