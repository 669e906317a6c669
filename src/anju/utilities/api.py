"""A resident's electricity, water and gas bills: whose, what is owed, paying, and what became of it."""

from datetime import datetime
from uuid import UUID

from allauth.account.adapter import get_adapter
from django.http import HttpRequest
from ninja import Field, Router, Schema, Status

from anju.partners.paying import Shown
from anju.partners.utility_bills import Company, Owed, Service
from anju.payments.api import PaymentOut
from anju.payments.models import Through
from anju.people.limits import Each
from anju.people.models import person_of
from anju.utilities import accounts, paying
from anju.utilities.models import ServiceKind, UtilityAccount, UtilityBill, UtilityState

router = Router(tags=["utilities"])
SHOWN = 50


class UtilityAccountOut(Schema):
    """number: masked."""

    id: UUID
    service: ServiceKind
    company: str
    number: str

    @staticmethod
    def of(account: UtilityAccount) -> "UtilityAccountOut":
        number = account.number.masked() if account.number else ""
        return UtilityAccountOut(
            id=account.pk, service=ServiceKind(account.service), company=account.company_name, number=number
        )


class UtilityPaidOut(Schema):
    """amount: fen. number: the receipt's; empty until the company has been paid."""

    id: UUID
    service: ServiceKind
    company: str
    period: str
    amount: int
    state: UtilityState
    number: str
    at: datetime

    @staticmethod
    def of(bill: UtilityBill) -> "UtilityPaidOut":
        return UtilityPaidOut(
            id=bill.pk, service=ServiceKind(bill.service), company=bill.company_name, period=bill.period,
            amount=bill.amount, state=UtilityState(bill.state), number=bill.theirs, at=bill.settled_at or bill.at,
        )  # fmt: skip


class UtilitiesOut(Schema):
    offered: bool
    accounts: list[UtilityAccountOut]
    paid: list[UtilityPaidOut]


class UtilityCompanyOut(Schema):
    code: str
    name: str
    city: str

    @staticmethod
    def of(company: Company) -> "UtilityCompanyOut":
        return UtilityCompanyOut(code=company.code, name=company.name, city=company.city)


class UtilityAccountIn(Schema):
    home: UUID
    service: Service
    company: str = Field(max_length=40)
    number: str = Field(max_length=64)


class UtilityOwedOut(Schema):
    """Fen. fine: of the amount, what is for paying late."""

    period: str
    amount: int
    fine: int

    @staticmethod
    def of(owed: Owed) -> "UtilityOwedOut":
        return UtilityOwedOut(period=owed.period, amount=owed.amount, fine=owed.fine)


class UtilityPayIn(Schema):
    period: str = Field(max_length=20)
    amount: int = Field(gt=0)
    through: Through
    shown: Shown = Shown.CODE


@router.get("/utilities", response=UtilitiesOut)
def utilities(request: HttpRequest) -> UtilitiesOut:
    """Whether it is offered, the account numbers that are kept, and what was paid."""
    person = person_of(request.user)
    paid = UtilityBill.objects.filter(payer=person.pk).exclude(state=UtilityState.ASKED)[:SHOWN]
    return UtilitiesOut(
        offered=accounts.offered(),
        accounts=[UtilityAccountOut.of(one) for one in accounts.of(person)],
        paid=[UtilityPaidOut.of(one) for one in paid],
    )


@router.get("/utilities/companies/{service}", response=list[UtilityCompanyOut])
def companies(request: HttpRequest, service: Service) -> list[UtilityCompanyOut]:
    """Whose bills can be paid."""
    del request
    return [UtilityCompanyOut.of(one) for one in accounts.companies(service)]


@router.post("/utilities/accounts", response={201: UtilityAccountOut}, throttle=[Each("utility_accounts", 6)])
def add(request: HttpRequest, data: UtilityAccountIn) -> Status[UtilityAccountOut]:
    made = accounts.add(person_of(request.user), data.home, data.service, data.company, data.number)
    return Status(201, UtilityAccountOut.of(made))


@router.delete("/utilities/accounts/{account}", response={204: None})
def remove(request: HttpRequest, account: UUID) -> Status[None]:
    accounts.remove(person_of(request.user), account)
    return Status(204, None)


@router.get("/utilities/accounts/{account}/owed", response=list[UtilityOwedOut])
def owed(request: HttpRequest, account: UUID) -> list[UtilityOwedOut]:
    """What it owes now, as the company says."""
    return [UtilityOwedOut.of(one) for one in accounts.owed(accounts.mine(person_of(request.user), account))]


@router.post("/utilities/accounts/{account}/pay", response=PaymentOut)
def pay(request: HttpRequest, account: UUID, data: UtilityPayIn) -> PaymentOut:
    """Make an order for one of its bills. amount: as it was shown; refused when it is another by now."""
    payment = paying.begin(
        person_of(request.user), account, data.period, data.amount, data.through,
        shown=data.shown, address=get_adapter().get_client_ip(request),
    )  # fmt: skip
    return PaymentOut.of(payment)
