"""A resident's electricity, water and gas: kept, looked up, paid for them, told."""

from typing import Any
from uuid import UUID

import pytest

from anju.homes.models import Community, Home
from anju.ledger import queries as ledger
from anju.notices.models import Notice
from anju.partners.purposes import PAYING, UTILITIES
from anju.payments import declined
from anju.payments import tasks as payments
from anju.payments.models import Payment, Refund
from anju.people.models import Person
from anju.privacy import consent, scope
from anju.privacy.models import Sharing
from anju.utilities import accounts, paying, tasks
from anju.utilities.models import UtilityAccount, UtilityBill, UtilityState
from tests import factories
from tests.doors import Answer, Door
from tests.payments.test_paying import tell
from tests.peers.institution import Institution
from tests.peers.utilities import Due, Provider
from tests.utilities.conftest import NUMBER


def keep(door: Door, home: Home, number: str = NUMBER, **more: str) -> Answer:
    facts = {"home": str(home.pk), "service": "electric", "company": "SHDL", "number": number, **more}
    return door.post("/utilities/accounts", facts)


def order(door: Door, account: str, period: str = "202610", amount: int = 10_230) -> Answer:
    facts = {"period": period, "amount": amount, "through": "alipay"}
    return door.post(f"/utilities/accounts/{account}/pay", facts)


def pay(institution: Institution, began: Answer) -> str:
    """Pay on the institution's side, and let it tell us. Returns the payment's id."""
    assert began.status == 200, began.body
    number = began.body["opens"].rpartition("/")[2]
    assert tell(institution, institution.pay_unheard(number)) == 200
    return str(began.body["id"])


def pursue() -> None:
    with scope.platform():
        UtilityBill.objects.update(asked_at=None)
    tasks.pursue(0)


def the_bill() -> UtilityBill:
    with scope.platform():
        return UtilityBill.objects.latest("at")


def back(institution: Institution) -> int:
    """Fen that went back to payers."""
    return sum(sum(one.back.values()) for one in institution.orders.values())


def titles(person: Person) -> list[str]:
    with scope.platform():
        return [one.title.open() for one in Notice.objects.filter(person=person)]


def given_back() -> None:
    with scope.platform():
        refunds = list(Refund.objects.select_related("payment"))
    for one in refunds:
        payments.actions.pursue(one)


@pytest.fixture
def door(resident: Person, provider: Provider, institution: Institution) -> Door:
    return Door.of(resident)


@pytest.fixture
def account(door: Door, home: Home) -> str:
    made = keep(door, home)
    assert made.status == 201, made.body
    return str(made.body["id"])


def test_a_bill_is_looked_up_paid_and_has_a_receipt(
    door: Door, account: str, community: Community, provider: Provider, institution: Institution, resident: Person
) -> None:
    assert door.get("/utilities/companies/electric").body == [
        {"code": "SHDL", "name": "国网上海电力", "city": "上海市"}
    ]
    owed = door.get(f"/utilities/accounts/{account}/owed").body
    assert owed == [
        {"period": "202609", "amount": 8_850, "fine": 0},
        {"period": "202610", "amount": 10_230, "fine": 130},
    ]
    pay(institution, order(door, account))
    assert the_bill().state == UtilityState.PAID
    assert ledger.balance(paying.due(community.pk)).posted == 10_230
    pursue()
    [told] = provider.orders.values()
    assert (told.account, told.due.amount, told.company) == (NUMBER, 10_230, "SHDL")
    shown = door.get("/utilities").body
    [line] = shown["paid"]
    assert (line["state"], line["number"], line["amount"], line["service"]) == (
        "settled",
        told.theirs,
        10_230,
        "electric",
    )
    assert shown["accounts"][0]["number"].endswith("5678") and NUMBER not in str(shown)
    assert ledger.balance(paying.due(community.pk)).posted == 0
    assert ledger.balance(paying.advanced()).posted == 10_230
    assert [one["period"] for one in door.get(f"/utilities/accounts/{account}/owed").body] == ["202609"]
    assert titles(resident) == ["生活缴费成功"]
    pursue()
    assert len(provider.orders) == 1 and ledger.problems() == []


def test_a_lost_answer_pays_once(door: Door, account: str, provider: Provider, institution: Institution) -> None:
    pay(institution, order(door, account))
    provider.faults.lose = 1
    pursue()
    assert the_bill().state == UtilityState.PAID and len(provider.orders) == 1
    pursue()
    assert the_bill().state == UtilityState.SETTLED
    assert len(provider.orders) == 1 and provider.asked.count("bill.create") == 1


def test_what_the_company_has_not_booked_yet_is_asked_after(
    door: Door, account: str, provider: Provider, institution: Institution
) -> None:
    provider.faults.becomes = "P"
    pay(institution, order(door, account))
    pursue()
    assert the_bill().state == UtilityState.PAID
    provider.settle(the_bill().pk.hex, "S")
    pursue()
    assert the_bill().state == UtilityState.SETTLED


@pytest.mark.parametrize("how", ["declines", "F", "paid elsewhere", "the account is gone"])
def test_what_the_company_does_not_take_goes_back(
    door: Door,
    account: str,
    provider: Provider,
    institution: Institution,
    community: Community,
    how: str,
    resident: Person,
) -> None:
    pay(institution, order(door, account))
    if how == "declines":
        provider.faults.declines = True
    elif how == "F":
        provider.faults.becomes = "F"
    elif how == "paid elsewhere":
        provider.owed["SHDL", NUMBER].pop()
    else:
        with scope.platform():
            UtilityAccount.objects.all().delete()
    pursue()
    assert the_bill().state == UtilityState.REFUSED
    given_back()
    assert the_bill().state == UtilityState.RETURNED and back(institution) == 10_230
    assert ledger.balance(paying.due(community.pk)).posted == 0 and ledger.problems() == []
    assert titles(resident) == ["生活缴费没有缴成"]


def test_nothing_goes_back_while_nobody_knows(
    door: Door, account: str, provider: Provider, institution: Institution
) -> None:
    pay(institution, order(door, account))
    for fault in ("out", "wrong_key"):
        setattr(provider.faults, fault, True)
        pursue()
        setattr(provider.faults, fault, False)
        assert the_bill().state == UtilityState.PAID
    with scope.platform():
        assert not Refund.objects.exists()
    pursue()
    assert the_bill().state == UtilityState.SETTLED


def test_a_question_that_is_declined_loses_nothing(
    door: Door, account: str, provider: Provider, institution: Institution, monkeypatch: pytest.MonkeyPatch
) -> None:
    pay(institution, order(door, account))
    provider.faults.lose = 1
    pursue()  # carried out, unheard
    whole = provider.carry_out

    def declined(method: str, facts: dict[str, Any]) -> dict[str, Any]:
        return {"code": "40004", "sub_code": "SYSTEM_BUSY"} if method == "merchantbill.query" else whole(method, facts)

    with monkeypatch.context() as patched:
        patched.setattr(provider, "carry_out", declined)
        pursue()  # it is not owed any more, and whether we paid it cannot be asked
        assert the_bill().state == UtilityState.PAID
    pursue()
    assert the_bill().state == UtilityState.SETTLED and len(provider.orders) == 1


def test_a_bill_that_is_paid_twice_is_paid_once_and_the_rest_goes_back(
    door: Door, account: str, provider: Provider, institution: Institution, community: Community
) -> None:
    first, second = order(door, account), order(door, account)
    pay(institution, first)
    assert order(door, account).code == "being_paid"
    pay(institution, second)
    pursue()
    given_back()
    with scope.platform():
        states = sorted(UtilityBill.objects.values_list("state", flat=True))
    assert states == [UtilityState.RETURNED, UtilityState.SETTLED]
    assert back(institution) == 10_230 and len(provider.orders) == 1
    assert ledger.balance(paying.due(community.pk)).posted == 0


def test_what_was_shown_is_what_is_paid(door: Door, account: str, provider: Provider, institution: Institution) -> None:
    assert order(door, account, amount=1).code == "bill_changed"
    provider.owed["SHDL", NUMBER] = [Due("202610", 10_530, 430)]
    assert order(door, account).code == "bill_changed"
    assert institution.orders == {}


def test_numbers_are_checked_and_kept_once(door: Door, home: Home, account: str) -> None:
    assert keep(door, home, f" {NUMBER[:4]} {NUMBER[4:]}").code == "known_account"
    assert keep(door, home, "12").code == "bad_account"
    assert keep(door, home, company="NOBODY").code == "unknown_company"
    assert keep(door, factories.home(home.community, "999")).code == "unknown_home"


def test_an_account_number_that_the_company_does_not_know_is_said_to_be_wrong(door: Door, home: Home) -> None:
    wrong = keep(door, home, "99999999").body["id"]
    answer = door.get(f"/utilities/accounts/{wrong}/owed")
    assert (answer.status, answer.code) == (409, "bill_declined") and "户号" in answer.body["detail"]


def test_numbers_are_not_tried_one_after_another(
    door: Door, account: str, monkeypatch: pytest.MonkeyPatch, provider: Provider
) -> None:
    monkeypatch.setattr(accounts, "MOST_A_DAY", 3)
    answers = [door.get(f"/utilities/accounts/{account}/owed").status for _ in range(5)]
    assert answers == [200, 200, 200, 429, 429] and provider.asked.count("instbill.query") == 3


def test_nothing_owed_is_an_empty_list(door: Door, home: Home) -> None:
    water = keep(door, home, "778899", service="water", company="SHCTWATER").body["id"]
    assert door.get(f"/utilities/accounts/{water}/owed").body == []


def test_nobody_else_sees_or_pays_it(door: Door, account: str, home: Home, community: Community) -> None:
    other = factories.person((PAYING, UTILITIES))
    factories.member(other, home)
    stranger = Door.of(other)
    assert stranger.get("/utilities").body["accounts"] == []
    assert stranger.get(f"/utilities/accounts/{account}/owed").status == 404
    assert order(stranger, account).status == 404
    assert stranger.delete(f"/utilities/accounts/{account}").status == 404
    with scope.person(None, [community.pk]):  # staff have nothing to do with it
        assert not UtilityAccount.objects.exists()


def test_an_account_is_forgotten_unless_money_is_on_its_way(door: Door, account: str, institution: Institution) -> None:
    pay(institution, order(door, account))
    assert door.delete(f"/utilities/accounts/{account}").code == "being_paid"
    pursue()
    assert door.delete(f"/utilities/accounts/{account}").status == 204
    assert door.get("/utilities").body["accounts"] == []
    assert door.get("/utilities").body["paid"][0]["state"] == "settled"


def test_without_consent_nothing_is_kept_and_taken_back_it_goes(
    door: Door, account: str, home: Home, resident: Person, provider: Provider, institution: Institution
) -> None:
    pay(institution, order(door, account))
    consent.withdraw(resident.pk, UTILITIES)
    with scope.platform():
        assert not UtilityAccount.objects.exists() and Payment.objects.exists()
    pursue()
    given_back()
    assert back(institution) == 10_230 and provider.orders == {}
    assert keep(door, home).code == "consent_required"


def test_what_went_to_the_provider_is_on_the_record(
    door: Door, account: str, resident: Person, institution: Institution
) -> None:
    pay(institution, order(door, account))
    pursue()
    with scope.platform():
        rows = Sharing.objects.filter(subject=resident.pk, recipient="alipay_bills").values_list("fields", flat=True)
    assert ["account", "amount", "company", "order"] in [sorted(one) for one in rows]


def test_a_provider_that_is_out_is_said_to_be(door: Door, account: str, provider: Provider) -> None:
    provider.faults.out = True
    assert door.get(f"/utilities/accounts/{account}/owed").code == "provider_unreachable"
    assert order(door, account).code == "provider_unreachable"


def test_without_a_contract_nothing_is_offered(resident: Person, home: Home) -> None:
    door = Door.of(resident)
    assert door.get("/utilities").body["offered"] is False
    assert door.get("/utilities/companies/gas").code == "not_offered"
    assert keep(door, home).code == "not_offered"


def test_money_that_the_institution_does_not_give_back_either_is_owed_until_the_office_does(
    door: Door, account: str, provider: Provider, institution: Institution, resident: Person, community: Community
) -> None:
    payment = pay(institution, order(door, account))
    provider.faults.declines = True
    pursue()
    with scope.platform():
        found = Payment.objects.get(pk=UUID(payment))
    institution.orders[found.number].amount = 1  # so that it declines
    given_back()
    assert the_bill().state == UtilityState.DECLINED
    assert set(titles(resident)) == {"生活缴费没有缴成", "生活缴费退款未成"}
    assert ledger.balance(payments.actions.refunds_due(community.pk)).posted == 10_230
    with scope.platform():
        refund = Refund.objects.get()
    declined.otherwise(refund.pk, paying.advanced())
    assert the_bill().state == UtilityState.RETURNED and ledger.problems() == []
