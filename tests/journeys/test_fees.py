"""A resident pays the property fee on their phone: real browser, an institution that signs and notifies over a real socket."""

import re
import time
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Page

from anju.site.tour.browser import PHONE, App
from anju.site.tour.scratch import Place
from anju.site.tour.staff import Staff
from tests.journeys.conftest import Open, resident
from tests.peers.institution import Institution

pytestmark = pytest.mark.journey


@pytest.fixture
def app(place: Place, open_page: Open) -> App:
    return resident(place, open_page(PHONE))


def ordered(institution: Institution) -> str:
    """The number of the order that was made last."""
    return list(institution.orders)[-1]


def billed(place: Place, manager: Staff, name: str) -> None:
    """The manager asks every home for something more."""
    page = manager.page("/console/billing/feeitem/add/")
    community = place.demo["community"]
    facts = {"community": community, "name": name, "basis": "fixed", "months": "1", "due_days": "30"}
    late = {"late_rate": "0", "late_grace": "0", "late_cap": "0", "daily_most": "100"}
    assert name not in page
    assert manager.submit("/console/billing/feeitem/add/", **facts, **late).status_code == 200
    [item] = re.findall(rf'value="([0-9a-f-]{{36}})"[^>]*>{name}', manager.page("/console/fees/periods/"))
    tariff = {"item": item, "since": "2026-01-01", "price": "8", "steps": ""}
    assert manager.submit("/console/billing/tariff/add/", **tariff).status_code == 200
    made = manager.submit("/console/fees/periods/", item=item, period=f"{date.today():%Y-%m}", total="")  # noqa: DTZ011
    until = time.monotonic() + 20
    while "核对无误" not in manager.page(made.url.path):
        assert time.monotonic() < until
        time.sleep(0.3)
    manager.submit(f"{made.url.path}decide/", answer="issue")


def choose(page: Page, way: str) -> None:
    page.get_by_role("button", name="去支付").click()
    page.get_by_role("dialog").get_by_role("button", name=way).click()


def test_a_resident_pays_what_the_home_owes_and_keeps_the_receipt(
    place: Place, staff: Staff, institution: Institution, app: App
) -> None:
    app.go("/")
    app.page.get_by_role("link", name="缴费").click()
    app.sees("待缴合计")
    app.sees("279.30")  # 98 square metres at 2.85
    choose(app.page, "微信支付")
    app.press("同意")
    app.page.get_by_role("link", name="打开微信支付").wait_for()
    app.press("不付了")
    app.sees("待缴账单")
    assert institution.orders[ordered(institution)].state == "CLOSED"

    choose(app.page, "支付宝")
    app.page.get_by_role("link", name="打开支付宝").click()
    app.press("确认支付")
    app.sees("请返回商家")
    app.page.go_back()
    app.page.go_back()
    app.sees("支付成功")
    assert institution.answers[-1] == 200
    app.press("查看账单")
    app.sees("都缴清了")
    with app.page.expect_download() as file:
        app.page.get_by_text("00000001").click()
    assert Path(file.value.path()).read_bytes().startswith(b"%PDF")
    app.go("/notices")
    app.sees("缴费成功")
    assert "支付宝" in staff.page("/console/fees/owed/")


def test_a_resident_pays_by_unionpay_on_its_own_page(
    place: Place, staff: Staff, institution: Institution, app: App
) -> None:
    billed(place, staff, "绿化费")
    app.go("/fees")
    choose(app.page, "云闪付")
    app.page.get_by_role("link", name="打开云闪付").wait_for()
    app.press("不付了")
    app.page.get_by_text("会在").wait_for()  # it ends by itself, and says when
    app.page.get_by_role("link", name="打开云闪付").click()
    app.press("确认支付")
    app.sees("请返回商家")
    app.page.go_back()
    app.page.go_back()
    app.sees("支付成功")
    assert institution.orders[ordered(institution)].by == "unionpay" and institution.answers[-1] == 200


def test_what_is_unticked_stays_so_when_the_page_reads_anew(
    place: Place, staff: Staff, institution: Institution, app: App
) -> None:
    for title in ("电梯维护费", "公共照明费"):
        billed(place, staff, title)
    app.go("/fees")
    later = app.page.get_by_role("checkbox", name="公共照明费")
    later.click()
    choose(app.page, "微信支付")
    app.page.get_by_role("link", name="打开微信支付").wait_for()
    app.page.go_back()
    later.click()
    app.sees("已选 1 项")
    institution.pay(ordered(institution))  # of which a notice comes
    app.page.get_by_role("checkbox", name="电梯维护费").wait_for(state="detached")
    app.sees("已选 0 项")
    later.click()
    app.sees("已选 1 项")
    choose(app.page, "微信支付")
    app.page.get_by_role("link", name="打开微信支付").wait_for()
    institution.pay(ordered(institution))
    app.sees("支付成功")


def test_somebody_without_an_account_pays_by_a_link_and_the_payer_files_it(
    place: Place, staff: Staff, institution: Institution, app: App, open_page: Open
) -> None:
    billed(place, staff, "垃圾清运费")
    app.go("/fees")
    app.press("请别人代缴")
    link = app.page.get_by_text("/fees/for-others#").inner_text()
    guest = App(open_page(PHONE), place.front)
    guest.page.goto(link)
    guest.sees("1栋1单元101")
    guest.press("微信支付")
    guest.page.get_by_role("link", name="打开微信支付").wait_for()
    institution.pay(ordered(institution))
    guest.sees("支付成功")
    app.go("/mine/spending")
    app.page.get_by_text("微信支付").first.click()
    app.page.get_by_text("家人").click()
    app.page.get_by_label("标签").fill("爸妈家")
    app.press("保存")
    app.page.get_by_text("爸妈家", exact=True).wait_for()
    with app.page.expect_download() as file:
        app.page.get_by_text("下载 CSV").click()
    assert "爸妈家" in Path(file.value.path()).read_text("utf-8-sig")
