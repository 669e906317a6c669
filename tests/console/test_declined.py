"""A refund that the institution declines: owed still, seen by all whom it concerns, and given back another way by two."""

import re
from datetime import date

import pytest

from anju.billing import books, cashier, receipts
from anju.billing.models import Receipt, Repayment
from anju.homes.models import Community, Duty, Home
from anju.ledger import queries as ledger
from anju.payments import actions as payments
from anju.payments.models import Refund, RefundState
from anju.people.models import Person
from anju.privacy import scope
from anju.privacy.blocks import Block, Paragraph
from tests import factories
from tests.billing.conftest import as_, issued, item, place
from tests.billing.conftest import home as home
from tests.billing.conftest import owner as owner
from tests.billing.test_taking import fees, pay
from tests.console.conftest import Desk
from tests.doors import Door
from tests.payments.conftest import institution as institution
from tests.payments.conftest import running as running
from tests.peers.institution import Institution, Order

OWED = 255_08
both = pytest.mark.parametrize("through", ["wechat_pay", "alipay"])


@pytest.fixture
def colleague(community: Community) -> Desk:
    return Desk(factories.staff(community, Duty.CASHIER))


def declined(manager: Desk, community: Community, home: Home, owner: Person, institution: Institution, through: str = "alipay") -> Order:  # fmt: skip
    """Fees are paid and their receipt taken back, and the institution will not give the money back. Returns its order."""
    issued(manager.person, item(community))
    door = Door.of(owner)
    pay(door, home, institution, fees(door, home)["bills"][0]["id"], through=through)
    [order] = institution.orders.values()
    order.amount = 1
    with scope.platform():
        [receipt] = Receipt.objects.all()
    assert manager.post(f"fees/receipts/{receipt.pk}/give-back/").status_code == 302
    return order


def on(account: str) -> int:
    """What lies on all accounts of a kind."""
    return sum(one.posted for one in ledger.trial_balance() if one.kind == account)


def ask(desk: Desk, way: str, note: str = "收据存根 0017") -> int:
    with scope.platform():
        refund = Refund.objects.latest("at")
    return desk.post(f"fees/refunds/{refund.pk}/repay/", {"way": way, "note": note}).status_code


def answer(desk: Desk, said: str = "approve") -> int:
    with scope.platform():
        asked = Repayment.objects.latest("at")
    return desk.post(f"fees/repayments/{asked.pk}/", {"answer": said}).status_code


def back(owner: Person, home: Home) -> str:
    return str(Door.of(owner).get(f"/homes/{home.pk}/receipts").body[0]["back"])


def told(owner: Person) -> str:
    return str(Door.of(owner).get("/notices").body["items"][0]["body"])


def spent(owner: Person) -> dict:  # type: ignore[type-arg]
    today = date.today()  # noqa: DTZ011
    return Door.of(owner).get(f"/payments/months/{today.year}-{today.month}").body["lines"][0]


@both
def test_it_is_owed_and_no_income_and_the_resident_and_staff_see_it(
    manager: Desk, community: Community, home: Home, owner: Person, institution: Institution, through: str
) -> None:
    declined(manager, community, home, owner, institution, through)
    assert (on("fees"), on("refunds_due")) == (0, OWED) and ledger.problems() == []
    assert back(owner, home) == "declined"
    assert (spent(owner)["returned"], spent(owner)["declined"]) == (0, OWED)
    assert "没有退成" in told(owner) and "联系" in told(owner)
    page = manager.text("fees/owed/")
    assert "没有退成的款" in page and home.label in page and "255.08" in page
    assert "退款未成" in page


@both
def test_it_is_sent_again_the_way_it_came(
    manager: Desk, colleague: Desk, community: Community, home: Home, owner: Person, institution: Institution, through: str
) -> None:  # fmt: skip
    order = declined(manager, community, home, owner, institution, through)
    assert ask(colleague, "again") == 302
    assert answer(manager) == 302  # and is declined again
    assert back(owner, home) == "declined" and on("refunds_due") == OWED
    order.amount = OWED
    assert ask(colleague, "again") == 302
    assert "收据存根 0017" in manager.text("fees/owed/")
    assert answer(manager) == 302
    assert list(order.back.values()) == [OWED]
    assert (back(owner, home), on("refunds_due"), on("fees")) == ("done", 0, 0)
    assert (spent(owner)["returned"], spent(owner)["declined"]) == (OWED, 0)
    assert "原路退回" in told(owner) and ledger.problems() == []
    assert "没有退成的款" not in manager.text("fees/owed/")


def test_it_is_given_back_in_cash_out_of_the_drawer_of_whoever_asked(
    manager: Desk, colleague: Desk, community: Community, home: Home, owner: Person, institution: Institution
) -> None:
    declined(manager, community, home, owner, institution)
    assert ask(colleague, "cash") == 409  # no shift
    shift = as_(colleague.person, cashier.open_shift, community.pk, 500_00)
    assert ask(colleague, "cash") == 302
    assert answer(manager) == 409  # no more than was taken in
    take(colleague, place(community, "1202", "80"), "300")
    assert answer(manager) == 302
    assert cashier.expected(shift) == 500_00 + 300_00 - OWED
    assert (back(owner, home), on("refunds_due")) == ("done", 0)
    assert "另行退还" in told(owner) and spent(owner)["returned"] == OWED
    assert ledger.problems() == []
    with scope.platform():
        refund = Refund.objects.get()
    assert payments.pursue(refund).state == RefundState.OTHER  # a late look at it sends nothing any more
    assert all(order.back == {} for order in institution.orders.values())


def take(desk: Desk, home: Home, amount: str) -> None:
    [wish] = re.findall(r'name="wish" value="(\w+)"', desk.text(f"cashier/?home={home.label}"))
    facts = {"amount": amount, "method": "cash", "wish": wish}
    assert desk.post(f"cashier/homes/{home.pk}/take/", facts).status_code == 302


def test_it_is_given_back_by_transfer_by_two_and_once(
    manager: Desk, colleague: Desk, community: Community, home: Home, owner: Person, institution: Institution
) -> None:
    declined(manager, community, home, owner, institution)
    assert ask(colleague, "cheque") == 422 and ask(colleague, "transfer", "？") == 422
    assert ask(manager, "transfer") == 302
    assert ask(colleague, "transfer") == 409  # somebody has asked
    assert answer(colleague) == 403 and answer(manager) == 403  # no duty; one's own
    other = Desk(factories.staff(community, Duty.MANAGER))
    assert answer(other, "refuse") == 302 and on("refunds_due") == OWED
    assert ask(colleague, "transfer") == 302
    assert answer(other) == 302 and answer(other) == 409
    assert ledger.balance(books.bank(community.pk)).posted == OWED
    assert (back(owner, home), on("refunds_due")) == ("done", 0)
    assert ask(colleague, "transfer") == 404
    assert ledger.problems() == []


def test_a_drawer_that_was_counted_gives_nothing_out_any_more(
    manager: Desk, colleague: Desk, community: Community, home: Home, owner: Person, institution: Institution
) -> None:
    declined(manager, community, home, owner, institution)
    as_(colleague.person, cashier.open_shift, community.pk, 0)
    assert ask(colleague, "cash") == 302
    as_(colleague.person, cashier.close_shift, 0)
    assert answer(manager) == 409 and on("refunds_due") == OWED


def test_the_receipt_says_where_its_money_is(
    manager: Desk,
    colleague: Desk,
    community: Community,
    home: Home,
    owner: Person,
    institution: Institution,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said: list[str] = []
    write = receipts.pdf.write

    def noted(content: list[Block], foot: str) -> bytes:
        said.append(" ".join(one.text for one in content if isinstance(one, Paragraph)))
        return write(content, foot)

    monkeypatch.setattr(receipts.pdf, "write", noted)
    order = declined(manager, community, home, owner, institution)
    door = Door.of(owner)
    [receipt] = door.get(f"/homes/{home.pk}/receipts").body
    file = f"/api/v1/homes/{home.pk}/receipts/{receipt['id']}.pdf"
    assert door.client.get(file).content.startswith(b"%PDF") and "支付机构没有退成" in said[-1]
    order.amount = OWED
    assert ask(colleague, "again") == 302 and answer(manager) == 302
    assert door.client.get(file).content.startswith(b"%PDF") and "此收据已退款作废" in said[-1]


def test_staff_of_another_community_neither_see_nor_touch_it(
    manager: Desk, elsewhere: Community, community: Community, home: Home, owner: Person, institution: Institution
) -> None:
    declined(manager, community, home, owner, institution)
    stranger = Desk(factories.staff(elsewhere, Duty.MANAGER))
    assert "没有退成的款" not in stranger.text("fees/owed/")
    assert ask(stranger, "transfer") == 404
    assert ask(manager, "transfer") == 302
    assert answer(stranger) == 403
