"""Fees at the console: a period made, looked at and issued; the cashier's desk; two who adjust and give back."""

import re
from datetime import date

import pytest

from anju.billing import runs
from anju.billing.models import Adjustment, Bill, BillState, Receipt, Run, RunState
from anju.homes.models import Community, Duty, Home
from anju.privacy import scope
from tests import factories
from tests.billing.conftest import PERIOD, bill, issued, item, place
from tests.console.conftest import Desk


@pytest.fixture
def home(community: Community) -> Home:
    return place(community, "1201", "89.50")


@pytest.fixture
def cashier(community: Community) -> Desk:
    return Desk(factories.staff(community, Duty.CASHIER))


def opened(cashier: Desk, community: Community, float_: str = "500") -> None:
    assert cashier.post("cashier/begin/", {"community": str(community.pk), "float": float_}).status_code == 302


def take(cashier: Desk, home: Home, amount: str, **more: str) -> None:
    """As the page's form does, with the hidden wish that it was given."""
    page = cashier.text(f"cashier/?home={home.label}")
    [wish] = re.findall(r'name="wish" value="(\w+)"', page)
    facts = {"amount": amount, "method": "cash", "bill": re.findall(r'name="bill" value="([^"]+)"', page), "wish": wish}
    for _ in range(2):  # pressed twice
        assert cashier.post(f"cashier/homes/{home.pk}/take/", {**facts, **more}).status_code == 302


def test_a_period_is_made_looked_at_and_issued(manager: Desk, community: Community, home: Home) -> None:
    what = item(community)
    place(community, "1202", None)
    answer = manager.post("fees/periods/", {"item": str(what.pk), "period": "2026-10"})
    assert answer.status_code == 302
    with scope.platform():
        run = Run.objects.get()
    assert run.state == RunState.ASKED and "自动刷新" in manager.text(f"fees/periods/{run.pk}/")
    runs.count(run.pk)
    page = manager.text(f"fees/periods/{run.pk}/")
    assert "255.08" in page and "没有填写建筑面积" in page and "1 / 2" in page
    assert manager.post(f"fees/periods/{run.pk}/decide/", {"answer": "issue"}).status_code == 302
    assert bill(home).state == BillState.ISSUED
    assert "已出账" in manager.text("fees/periods/")


def test_a_mistake_in_the_form_is_said_and_nothing_typed_is_lost(
    manager: Desk, community: Community, home: Home
) -> None:
    what = item(community, "shared", name="公摊电费")  # type: ignore[arg-type]
    page = manager.post("fees/periods/", {"item": str(what.pk), "period": "2026-10", "total": ""}).content.decode()
    assert "请填写本期要分摊的总额" in page and 'value="2026-10"' in page


def test_the_cashier_takes_what_a_home_owes_once_and_counts_the_drawer(
    cashier: Desk, manager: Desk, community: Community, home: Home
) -> None:
    issued(manager.person, item(community))
    assert "开班后才能收款" in cashier.text("cashier/")
    opened(cashier, community)
    take(cashier, home, "255.08")
    page = cashier.text(f"cashier/?home={home.label}")
    assert "没有待缴账单" in page and "抽屉应有 ¥755.08" in page and "00000001" in page
    with scope.platform():
        [receipt] = Receipt.objects.all()
    answer = cashier.get(f"cashier/receipts/{receipt.pk}/")
    assert answer.content.startswith(b"%PDF")
    assert cashier.post("cashier/close/", {"counted": "755"}).status_code == 302
    assert "相差 -0.08 元" in cashier.text("cashier/")


def test_an_amount_that_is_none_is_refused(cashier: Desk, manager: Desk, community: Community, home: Home) -> None:
    opened(cashier, community)
    facts = {"method": "cash", "wish": "x"}
    for amount in ("abc", "1.005", "-5", "0"):
        answer = cashier.post(f"cashier/homes/{home.pk}/take/", {**facts, "amount": amount})
        assert answer.status_code == 422 and "金额不正确" in answer.content.decode()


def test_a_cashier_asks_for_an_adjustment_and_a_manager_decides(
    cashier: Desk, manager: Desk, community: Community, home: Home
) -> None:
    issued(manager.person, item(community))
    opened(cashier, community)
    facts = {"delta": "-55.08", "reason": "service"}
    assert cashier.post(f"fees/bills/{bill(home).pk}/adjust/", facts).status_code == 302
    with scope.platform():
        [asked] = Adjustment.objects.all()
    assert cashier.post(f"fees/adjustments/{asked.pk}/", {"answer": "approve"}).status_code == 403
    assert "-55.08" in manager.text("fees/owed/")
    assert manager.post(f"fees/adjustments/{asked.pk}/", {"answer": "approve"}).status_code == 302
    assert bill(home).amount == 20_000


def test_arrears_are_listed_and_a_receipt_is_given_back(
    cashier: Desk, manager: Desk, community: Community, home: Home
) -> None:
    issued(manager.person, item(community))
    with scope.platform():
        Bill.objects.update(due=date(2026, 11, 1))
    assert home.label in manager.text("fees/owed/")
    opened(cashier, community)
    take(cashier, home, "255.08")
    assert "没有到期未缴的账单" in manager.text("fees/owed/")
    with scope.platform():
        [receipt] = Receipt.objects.all()
    assert manager.post(f"fees/receipts/{receipt.pk}/give-back/").status_code == 302
    assert home.label in manager.text("fees/owed/") and bill(home, PERIOD).paid == 0


def test_a_price_is_not_changed_under_bills_that_were_issued(manager: Desk, community: Community, home: Home) -> None:
    what = item(community)
    issued(manager.person, what)
    facts = {"item": str(what.pk), "since": "2026-10-01", "price": "3.00", "steps": ""}
    assert "已经出账" in manager.post("billing/tariff/add/", facts).content.decode()
    assert manager.post("billing/tariff/add/", {**facts, "since": "2026-11-01"}).status_code == 302


def test_steps_are_typed_and_wrong_ones_named(manager: Desk, community: Community) -> None:
    what = item(community, "tiered", name="水费")  # type: ignore[arg-type]
    facts = {"item": str(what.pk), "since": "2026-01-01", "price": "0"}
    for wrong in ("", "2.07", "180:2.07 100:4 6", "180:2.07", "a:b c", "180:nan 2"):
        assert "最后一档不写上限" in manager.post("billing/tariff/add/", {**facts, "steps": wrong}).content.decode()
    assert manager.post("billing/tariff/add/", {**facts, "steps": "180:2.07 260:4.07 6.07"}).status_code == 302


def test_what_was_asked_for_and_collected_is_drawn_by_month_beside_its_table(
    cashier: Desk, manager: Desk, community: Community, home: Home
) -> None:
    what = item(community)
    for month in (7, 8, 10):
        issued(manager.person, what, PERIOD.replace(month=month))
    opened(cashier, community)
    take(cashier, home, "382.62")  # one and a half of the three
    page = manager.text("fees/owed/")
    drawn = re.findall(r'<rect class="(\w+)"[^>]* y="(\d+)"[^>]* height="(\d+)"><title>([^<]+)</title>', page)
    assert [(kind, title) for kind, _y, _height, title in drawn] == [
        ("asked", "2026-07 应收 255.08 元"),
        ("paid", "2026-07 已收 255.08 元"),
        ("asked", "2026-08 应收 255.08 元"),
        ("paid", "2026-08 已收 127.54 元"),
        ("asked", "2026-09 应收 0.00 元"),
        ("paid", "2026-09 已收 0.00 元"),
        ("asked", "2026-10 应收 255.08 元"),
        ("paid", "2026-10 已收 0.00 元"),
    ]
    heights = [int(height) for _kind, _y, height, _title in drawn]
    assert heights[0] == heights[1] == heights[2] > 100 and heights[4] == heights[5] == heights[7] == 0
    assert abs(heights[3] * 2 - heights[2]) <= 1
    assert {int(y) + int(height) for _kind, y, height, _title in drawn} == {230}  # they stand on one line
    assert "共应收 765.24 元，已收 382.62 元" in page and "收缴率是 0%" in page
    assert page.count("127.54") == 2  # drawn, and in the table
    english = manager.client.get("/console/fees/owed/", headers={"Accept-Language": "en"}).content.decode()
    assert "Asked for and collected, by month" in english


def test_nothing_is_drawn_where_nothing_was_asked_for(manager: Desk) -> None:
    page = manager.text("fees/owed/")
    assert "<rect" not in page and "还没有出过账" in page
