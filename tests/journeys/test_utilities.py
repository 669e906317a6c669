"""A resident pays the electricity bill: real browser, an institution that is paid and a provider that pays the company."""

import time

import pytest

from anju.site.tour.browser import PHONE, App
from anju.site.tour.scratch import Place
from tests.journeys.conftest import Open, resident
from tests.journeys.test_fees import choose
from tests.peers.institution import Institution
from tests.peers.utilities import Due, Provider

pytestmark = pytest.mark.journey

NUMBER = "3102045678"


@pytest.fixture
def app(place: Place, open_page: Open) -> App:
    return resident(place, open_page(PHONE))


def test_an_account_is_kept_looked_up_and_paid(
    place: Place, institution: Institution, utilities: Provider, app: App
) -> None:
    utilities.owed["SHDL", NUMBER] = [Due("202610", 10_230, 130)]
    app.go("/")
    app.page.get_by_role("link", name="水电燃气").click()
    app.press("添加户号")
    app.page.get_by_label("户号").fill(NUMBER)
    app.press("保存并查询")
    app.press("同意")
    app.sees("国网上海电力")
    app.sees("102.30")
    app.sees("含滞纳金 ¥1.30")
    choose(app.page, "支付宝")
    opens = app.page.get_by_role("link", name="打开支付宝")
    asked = app.page.get_by_role("button", name="同意", exact=True)
    opens.or_(asked).first.wait_for()
    if asked.is_visible():  # whoever has paid online before has agreed to that
        asked.click()
    opens.click()
    app.press("确认支付")
    app.sees("请返回商家")
    app.page.go_back()
    app.page.go_back()
    app.sees("支付成功")
    app.press("查看账单")
    until = time.monotonic() + 90  # the worker looks after it each minute
    while not utilities.orders:
        assert time.monotonic() < until
        time.sleep(0.5)
    [order] = utilities.orders.values()
    app.sees(order.theirs)
    app.sees("已缴费")
    assert (order.account, order.due.amount) == (NUMBER, 10_230)
    assert NUMBER not in app.page.content()
    app.page.get_by_text("5678").click()
    app.sees("没有欠费")
    app.press("删除户号")
    app.page.get_by_role("dialog").get_by_role("button", name="确认").click()
    app.sees("已删除")
    app.sees("已缴费")
