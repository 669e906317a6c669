"""A newcomer, from a phone number to an open gate, in real browsers with a camera."""

import secrets

import pytest

from anju.site.tour.browser import DESK, KIOSK, PHONE, App
from anju.site.tour.photos import Sitter
from anju.site.tour.scratch import Place
from anju.site.tour.staff import Staff
from tests import factories
from tests.journeys.conftest import Open

pytestmark = pytest.mark.journey
NAME = "欧阳安居"


def phone() -> str:
    return f"139{secrets.randbelow(10**8):08}"


def test_a_newcomer_signs_up_is_certified_enrols_and_walks_in(
    place: Place, staff: Staff, sitters: list[Sitter], open_page: Open
) -> None:
    person = sitters[3]
    app = App(open_page(PHONE, sees=person.photos[1]), place.front)
    number = phone()
    app.ask_to_sign_up(number)
    app.enter_code("000000")
    app.sees("验证码")  # wrong: said so, and the page stays
    app.enter_code(staff.code_for(f"+86{number}"))
    app.sees("选择您需要的服务")
    app.page.get_by_role("checkbox", name="同意“房屋认证”").first.click()
    app.press("同意所选的 1 项并继续")

    app.apply(NAME, factories.citizen(), "安居示范小区", "1栋", "1单元", "602")
    app.sees("审核中")
    assert NAME not in app.page.content()

    application = app.page.url.rsplit("/", 1)[1]
    staff.decide(application, approve=True)
    app.sees("已通过")  # without a reload: the page heard of it
    app.sees("去设置开门方式")

    app.go("/face")
    app.sees("使用二维码开门")  # the other way is offered first
    app.press("录入人脸")
    app.press("同意")
    app.sees("录入成功", 40)
    app.press("查看门禁")
    app.sees("已更新", 20)

    kiosk = open_page(KIOSK, sees=person.photos[0])
    kiosk.goto(place.gate.replace("ws:", "http:"))
    kiosk.get_by_text("欢迎回家").wait_for(timeout=20_000)
    app.go("/access/entries")
    app.sees("人脸识别通过")

    app.go("/mine/privacy/face_opening")
    app.press("撤回同意")
    app.page.locator(".van-dialog__confirm").click()
    app.sees("人脸特征")
    kiosk.get_by_text("没有认出您").wait_for(timeout=20_000)
    kiosk.get_by_text("出示二维码").first.wait_for()


def test_a_stranger_is_refused_kindly_and_shown_the_other_ways(
    place: Place, sitters: list[Sitter], open_page: Open
) -> None:
    kiosk = open_page(KIOSK, sees=sitters[0].photos[0])
    kiosk.goto(place.gate.replace("ws:", "http:"))
    kiosk.get_by_text("没有认出您").wait_for(timeout=20_000)
    for way in ("出示二维码", "联系物业"):
        kiosk.get_by_text(way).first.wait_for()


def test_the_demo_resident_opens_the_gate_with_one_tap_and_shows_a_code(place: Place, open_page: Open) -> None:
    me = place.demo["resident"]
    app = App(open_page(PHONE), place.front)
    app.sign_in(me["phone"], me["password"])
    app.go("/access")
    app.press("打开东门")
    app.sees("门已打开")
    app.press("开通")
    app.page.get_by_role("img", name="开门二维码").wait_for()


def test_the_app_speaks_chinese_first_and_english_at_a_tap(place: Place, open_page: Open) -> None:
    page = open_page(PHONE, language="en-US")
    page.goto(place.front)
    page.get_by_role("button", name="English").click()
    page.get_by_text("Find your community").wait_for()
    page.reload()
    page.get_by_text("Find your community").wait_for()  # it is remembered


def test_the_app_can_be_installed(place: Place, open_page: Open) -> None:
    page = open_page(PHONE)
    page.goto(place.front)
    manifest = page.locator("link[rel=manifest]").get_attribute("href")
    assert manifest
    said = page.request.get(place.front + manifest).json()
    assert said["display"] == "standalone"
    assert {icon["sizes"] for icon in said["icons"]} >= {"192x192", "512x512"}
    page.wait_for_function("navigator.serviceWorker.ready.then(() => true)")


def test_staff_find_and_decide_an_application_at_their_desk(place: Place, staff: Staff, open_page: Open) -> None:
    page = open_page(DESK)
    page.context.add_cookies(
        [{"name": cookie.name, "value": cookie.value or "", "url": place.front} for cookie in staff.http.cookies.jar]
    )
    page.goto(f"{place.front}/console/")
    page.get_by_text("待审核").first.wait_for()
    page.goto(f"{place.front}/console/reviews/")
    page.get_by_text("认证审核").first.wait_for()
