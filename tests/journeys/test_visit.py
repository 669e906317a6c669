"""A visit from the invitation to the open gate, and a gate opened by the phone that stands before it, in real browsers."""

import time

import cv2
import numpy as np
import pytest
import zxingcpp
from playwright.sync_api import Page

from anju.site.tour.browser import DESK, PHONE, App
from anju.site.tour.kiosk import Kiosk
from anju.site.tour.scratch import Place
from anju.site.tour.staff import Staff
from tests.journeys.conftest import Open

pytestmark = pytest.mark.journey


def code_on(page: Page, label: str) -> str:
    """What the QR code on a page says, read from the screen as a gate's camera does."""
    shot = page.get_by_role("img", name=label).screenshot()
    found = zxingcpp.read_barcodes(cv2.imdecode(np.frombuffer(shot, np.uint8), cv2.IMREAD_COLOR))
    return str(found[0].text)


def host(place: Place, open_page: Open) -> App:
    me = place.demo["resident"]
    app = App(open_page(PHONE), place.front)
    app.sign_in(me["phone"], me["password"])
    return app


def opened(place: Place, code: str, seconds: float = 10) -> bool:
    """Whether the gate lets this code in, once it has heard of the right."""
    until = time.monotonic() + seconds
    with Kiosk(place.gate) as kiosk:
        while time.monotonic() < until:
            if kiosk.scan(code).opened:
                return True
            time.sleep(0.5)
    return False


def test_a_visitor_is_invited_agrees_comes_in_and_deletes_everything(place: Place, open_page: Open) -> None:
    app = host(place, open_page)
    app.go("/visitors/invite")
    app.page.get_by_label("姓名").fill("王小明")
    app.page.get_by_label("手机号").fill("13900139000")
    app.press("生成邀请")
    app.sees("把链接发给访客")
    link = app.page.locator(".link").inner_text()

    visitor = open_page(PHONE)
    visitor.goto(link)
    visitor.get_by_text("访客姓名").first.wait_for()  # what is collected is read first
    visitor.get_by_role("button", name="同意并生成二维码").click()
    visitor.get_by_text("进门二维码").wait_for()
    assert opened(place, code_on(visitor, "开门二维码"))

    app.go("/visitors")
    app.sees("在小区内")
    app.go("/notices")
    app.sees("访客已到")

    visitor.get_by_role("button", name="删除我的全部信息").click()
    visitor.locator(".van-dialog__confirm").click()
    visitor.get_by_text("已全部删除").wait_for()
    app.go("/visitors")
    app.sees("还没有访客")


def test_somebody_unannounced_waits_for_the_resident_and_the_guards_page_hears_the_answer(
    place: Place, staff: Staff, open_page: Open
) -> None:
    app = host(place, open_page)
    app.go("/visitors")
    desk = open_page(DESK)
    desk.context.add_cookies(
        [{"name": one.name, "value": one.value or "", "url": place.front} for one in staff.http.cookies.jar]
    )
    desk.goto(f"{place.front}/console/visitors/walk-in/")
    for field, text in (("home", "1-1-101"), ("name", "李雷"), ("phone", "13900139001")):
        desk.fill(f"#id_{field}", text)
    desk.get_by_role("button", name="请住户确认").click()
    desk.get_by_text("正在等住户确认").wait_for()
    app.sees("门口有访客")  # without a reload
    app.press("同意进入")
    desk.get_by_text("可以放行").wait_for(timeout=15_000)
    desk.locator("form[action*='/open/'] button").first.click()
    desk.get_by_text("已打开").wait_for()


def test_the_phone_opens_the_gate_it_stands_before_by_itself(place: Place, open_page: Open) -> None:
    app = host(place, open_page)
    app.go("/access")
    app.press("开通")
    app.page.get_by_role("img", name="开门二维码").wait_for()
    app.go("/access/nearby")
    app.sees("就在附近", 20)
    app.page.get_by_role("button", name="打开东门").click()
    app.sees("门已打开")
    app.go("/access/entries")
    app.sees("靠近开门")

    app.page.route("**/api/v1/**", lambda call: call.abort())  # the platform does not answer; the gate does
    app.go("/access/nearby")
    app.sees("就在附近", 20)
    app.page.get_by_role("button", name="打开东门").click()
    app.sees("门已打开")
