"""Paying a company's bill: the resident pays us, we have the provider pay the company, or give the money back.

The money lies as owed to the company in between. The provider is told outside transactions, and as often as it takes to know: our number
for a bill is the same each time, by which it pays once.
"""

from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.ledger import actions as ledger
from anju.ledger.models import Rule
from anju.notices import actions as notices
from anju.notices.models import NoticeKind
from anju.partners.paying import Outcome, Shown, State, yuan
from anju.partners.utility_bills import PROVIDER, Owed
from anju.payments import actions as payments
from anju.payments.goals import Goal
from anju.payments.models import Payment, Refund, Through
from anju.people.models import Person
from anju.privacy import scope
from anju.privacy.gateway import NotDelivered
from anju.privacy.models import new_id
from anju.privacy.refusals import Refused
from anju.privacy.vault import Erased
from anju.utilities import accounts
from anju.utilities.models import ServiceKind, UtilityAccount, UtilityBill, UtilityState

log = structlog.get_logger()
KIND = "utilities"
SLOTS = 8


def due(community: UUID) -> UUID:
    """The account of what residents have paid here for companies that have not got it yet."""
    return ledger.open_account("utilities_due", Rule.CREDIT, community=community, slots=SLOTS)


def advanced() -> UUID:
    """The account of what the provider has paid to companies out of our contract's own account there."""
    return ledger.open_account("utilities_advanced", Rule.CREDIT, slots=SLOTS)


def begin(
    person: Person, account: UUID, period: str, amount: int, through: Through, *, shown: Shown, address: str
) -> Payment:
    """Make an order for one bill, as it is now. Raises Refused."""
    kept = accounts.mine(person, account)
    if _bill(accounts.owed(kept), period, amount) is None:
        raise _changed()
    with scope.community(kept.community_id):
        if UtilityBill.objects.filter(account=kept, period=period, state=UtilityState.PAID).exists():
            raise Refused("being_paid", _("这张账单您已经付过，正在缴给该单位，请稍后看结果。"), status=409)
        made = UtilityBill.objects.create(
            id=new_id(), community_id=kept.community_id, payer=person.pk, account=kept, service=kept.service,
            company=kept.company, company_name=kept.company_name, period=period, amount=amount,
        )  # fmt: skip
    return payments.begin(
        person.pk, kept.community_id, through, amount,
        kind=KIND, thing=made.pk, title=str(ServiceKind(kept.service).label), shown=shown, address=address,
    )  # fmt: skip


def _changed() -> Refused:
    return Refused("bill_changed", _("账单金额有变化或已经缴清，请刷新后再付。"), status=409)


def _bill(owed: list[Owed], period: str, amount: int) -> Owed | None:
    return next((one for one in owed if (one.period, one.amount) == (period, amount)), None)


# what payments tell


def _account(payment: Payment) -> UUID:
    return due(payment.community_id)


def _hold(payment: Payment) -> None:
    """The bill, and whichever else is of the same account: two payments for one bill must see each other."""
    rows = UtilityBill.objects.select_for_update(of=("self",), no_key=True)
    bill = rows.get(pk=payment.thing)
    if bill.account_id:
        UtilityAccount.objects.select_for_update().filter(pk=bill.account_id).first()


def _paid(payment: Payment) -> None:
    """The company is to get it; a bill that was paid here meanwhile gives this money back."""
    bill = UtilityBill.objects.get(pk=payment.thing)
    again = UtilityBill.objects.filter(account=bill.account_id, company=bill.company, period=bill.period)
    elsewhere = Q(state=UtilityState.PAID) | Q(state=UtilityState.SETTLED, settled_at__gt=bill.at)
    twice = bill.account_id is not None and again.filter(elsewhere).exists()
    bill.state, bill.payment = UtilityState.PAID, payment.pk
    bill.save(update_fields=["state", "payment"])
    if twice:
        _give_back(bill, payment)


def _returned(refund: Refund) -> None:
    _back(refund, UtilityState.RETURNED)


def _declined(refund: Refund) -> None:
    for bill in _back(refund, UtilityState.DECLINED):
        _tell(bill)


def _back(refund: Refund, state: UtilityState) -> list[UtilityBill]:
    """What becomes of the money of a bill that its company did not take."""
    waiting = (UtilityState.REFUSED, UtilityState.DECLINED)
    found = list(UtilityBill.objects.filter(payment=refund.payment_id, state__in=waiting))
    for bill in found:
        bill.state = state
        bill.save(update_fields=["state"])
    return found


Goal(KIND, _account, _paid, _returned, _hold, _declined)


# what the provider is told


def pursue(bill: UUID) -> UtilityBill:
    """Have the company paid, or learn what became of it. What nobody answered is asked again later. Must stand outside a transaction."""
    with scope.platform():
        UtilityBill.objects.filter(pk=bill).update(asked_at=timezone.now())
        found = UtilityBill.objects.select_related("account").get(pk=bill)
    if found.state != UtilityState.PAID:
        return found
    try:
        outcome = _told(found)
    except (NotDelivered, Refused) as error:  # nothing is known: it may have been paid
        log.info("utility_bill_not_answered", error=type(error).__name__)
        return found
    return _settle(bill, outcome)


def _told(bill: UtilityBill) -> Outcome:
    """Raises NotDelivered, and Refused while it cannot be known."""
    try:
        outcome = PROVIDER.query(bill.payer, bill.pk.hex)
    except Refused:  # telling it again does no harm
        outcome = Outcome(bill.pk.hex, State.UNKNOWN)
    if outcome.state is not State.UNKNOWN:
        return outcome
    try:
        account = bill.account
        if account is None or account.number is None:
            raise accounts.unknown()
        company, number = accounts.company_of(account), account.number.open()
        owed = _bill(PROVIDER.look_up(bill.payer, company, number), bill.period, bill.amount)
        if owed is None:
            raise _changed()
        return PROVIDER.pay(bill.payer, bill.pk.hex, company, number, owed)
    except (Refused, Erased) as error:
        log.warning("utility_bill_declined", error=type(error).__name__)
        asked = PROVIDER.query(bill.payer, bill.pk.hex)  # what was carried out once is declined when it is said again
        return asked if asked.state is not State.UNKNOWN else Outcome(bill.pk.hex, State.CLOSED)


@transaction.atomic
def _settle(bill: UUID, outcome: Outcome) -> UtilityBill:
    """Book what became of it, once."""
    with scope.platform():
        found = UtilityBill.objects.select_for_update(of=("self",), no_key=True).get(pk=bill)
        if found.state != UtilityState.PAID:
            return found
        if outcome.state is State.DONE:
            found.state, found.theirs, found.settled_at = UtilityState.SETTLED, outcome.theirs, timezone.now()
            found.save(update_fields=["state", "theirs", "settled_at"])
            ledger.move(
                f"utility:{found.pk.hex}", due(found.community_id), advanced(), found.amount, KIND, thing=found.pk
            )
            _tell(found)
        elif outcome.state is State.CLOSED:
            _give_back(found, Payment.objects.get(kind=KIND, thing=found.pk))
    return found


def _give_back(bill: UtilityBill, payment: Payment) -> None:
    bill.state = UtilityState.REFUSED
    bill.save(update_fields=["state"])
    payments.promise(payment, payment.amount, KIND)
    _tell(bill)


def _tell(bill: UtilityBill) -> None:
    person = Person.objects.filter(pk=bill.payer).first()
    if person is None:
        return
    with notices.language_of(person):
        facts = {"company": bill.company_name, "amount": yuan(bill.amount), "number": bill.theirs}
        if bill.state == UtilityState.SETTLED:
            body = _("%(company)s已收到 %(amount)s 元，凭证号 %(number)s。") % facts
            notices.tell(person, NoticeKind.FEES, _("生活缴费成功"), body)
        elif bill.state == UtilityState.DECLINED:
            body = (
                _("%(company)s没有收下的 %(amount)s 元，支付机构没有退成，物业会与您联系，改用其他方式退还。") % facts
            )
            notices.tell(person, NoticeKind.FEES, _("生活缴费退款未成"), body)
        else:
            body = _("%(company)s没有收下 %(amount)s 元，钱会原路退回，请稍后再试或到营业厅缴纳。") % facts
            notices.tell(person, NoticeKind.FEES, _("生活缴费没有缴成"), body)
