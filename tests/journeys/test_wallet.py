"""A resident opens a wallet, tops it up, pays from it and sends a red packet that a neighbour takes; the bank is on loopback."""

import time
from contextlib import suppress

import httpx
import pytest
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page

from anju.site.tour.browser import PHONE, App
from anju.site.tour.scratch import Place
from anju.site.tour.staff import Staff
from tests import factories
from tests.journeys.conftest import Open, resident
from tests.journeys.test_fees import billed
from tests.journeys.test_newcomer import NAME, phone
from tests.peers.lianlian import BankCard, LianLian
from tests.wallet.conftest import FIRST, PASSWORD, SECOND

pytestmark = pytest.mark.journey


def type_password(page: Page) -> None:
    page.get_by_role("dialog", name="支付密码").get_by_label("支付密码").fill(PASSWORD)


def agree_until(app: App, text: str) -> None:
    """Agree to whatever is asked for: other journeys may have agreed to some of it before."""
    seen = app.page.get_by_text(text).first
    agrees = app.page.get_by_role("dialog").get_by_role("button", name="同意", exact=True)
    until = time.monotonic() + 20
    while not seen.is_visible():
        assert time.monotonic() < until, text
        with suppress(PlaywrightError):  # one sheet goes while the next comes
            if agrees.is_enabled(timeout=300):
                agrees.click(timeout=300)
        app.page.wait_for_timeout(100)


def open_wallet(app: App, its: LianLian, card: str, name: str, id_number: str) -> None:
    """By the four elements, the bank's code and a payment password."""
    its.bank[card] = BankCard(card, name, id_number, "13800138001")
    app.go("/wallet")
    app.page.get_by_role("button", name="开通钱包").click()
    app.page.get_by_label("姓名").fill(name)
    app.page.get_by_label("身份证号").fill(id_number)
    app.page.get_by_label("卡号").fill(card)
    app.page.get_by_label("手机号").fill("13800138001")
    app.press("获取验证码")
    agree_until(app, "再输一次")
    app.page.get_by_label("验证码").fill("000000")
    for field in ("支付密码", "再输一次"):
        app.page.get_by_label(field).fill(PASSWORD)
    app.press("确认")
    app.sees("验证码不对或已失效")
    app.page.get_by_label("验证码").fill(its.code)
    app.press("确认")
    app.sees("可用余额")


def test_a_resident_opens_a_wallet_and_pays_from_it_and_by_card(
    place: Place, staff: Staff, custodian: LianLian, open_page: Open
) -> None:
    app = resident(place, open_page(PHONE))
    open_wallet(app, custodian, FIRST, "王小安", factories.citizen())
    app.page.get_by_role("link", name="充值").click()
    app.page.get_by_label("金额").fill("150")
    app.page.get_by_role("button", name="充值").click()
    type_password(app.page)
    app.sees("银行已向预留手机号发送验证码")
    app.page.get_by_label("验证码").fill("000000")
    app.sees("验证码不对或已失效")
    app.page.get_by_label("验证码").fill(custodian.code)
    app.sees("充值 · 已完成")
    app.press("回到钱包")
    app.sees("¥150.00")

    billed(place, staff, "门禁卡工本费")
    app.go("/fees")
    app.sees("门禁卡工本费")
    for box in app.page.get_by_role("checkbox").all():
        if "门禁卡工本费" not in (box.get_attribute("aria-label") or ""):
            box.click()
    app.page.get_by_role("button", name="去支付").click()
    app.page.get_by_role("dialog").get_by_role("button", name="我的钱包").click()
    app.press("立即付款")
    type_password(app.page)
    app.sees("支付成功")
    app.go("/wallet")
    app.sees("¥142.00")
    app.go("/wallet/cards")
    app.sees("招商银行")


def test_a_neighbour_takes_a_share_of_a_red_packet(
    place: Place, staff: Staff, custodian: LianLian, open_page: Open
) -> None:
    sender = resident(place, open_page(PHONE))
    sender.go("/packets/new")
    sender.page.get_by_label("个数").fill("2")
    sender.page.get_by_label("总金额").fill("20")
    sender.press("塞钱进红包")
    type_password(sender.page)
    sender.sees("分享给邻居")
    link = sender.page.url

    app = App(open_page(PHONE), place.front)
    number = phone()
    app.ask_to_sign_up(number)
    app.enter_code(staff.code_for(f"+86{number}"))
    app.sees("选择您需要的服务")
    app.page.get_by_role("checkbox", name="同意“房屋认证”").first.click()
    app.press("同意所选的 1 项并继续")
    citizen = factories.citizen()
    app.apply(NAME, citizen, "安居示范小区", "1栋", "1单元", "701")
    app.sees("审核中")
    staff.decide(app.page.url.rsplit("/", 1)[1], approve=True)
    app.sees("已通过")
    app.page.goto(link)
    app.press("开")
    agree_until(app, "您还没有开通钱包")
    open_wallet(app, custodian, SECOND, NAME, citizen)
    app.page.goto(link)
    app.press("开")
    app.sees("已存入钱包")
    sender.page.reload()
    sender.sees("已领 1/2")
    assert httpx.get(f"{place.front}/api/v1{link.removeprefix(place.front)}").status_code in (401, 404)


def test_a_passkey_proves_it_where_money_goes_out(place: Place, open_page: Open) -> None:
    app = resident(place, open_page(PHONE))
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    device = app.page.context.new_cdp_session(app.page)
    device.send("WebAuthn.enable")
    key = device.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    app.go("/mine/security/passkeys")
    app.press("添加通行密钥")
    again = app.page.get_by_role("dialog", name="请确认是您本人")
    again.get_by_label("密码").fill(place.demo["resident"]["password"])
    again.get_by_role("button", name="确认").click()
    app.sees("通行密钥 1")

    app.go("/wallet/withdraw")
    app.page.get_by_label("金额").fill("100")
    app.page.get_by_role("button", name="提现", exact=True).click()
    type_password(app.page)
    sheet = app.page.get_by_role("dialog", name="确认是您本人", exact=True)
    sheet.get_by_role("button", name="使用通行密钥验证").wait_for()
    device.send("WebAuthn.setUserVerified", {**key, "isUserVerified": False})
    sheet.get_by_role("button", name="使用通行密钥验证").click()
    app.sees("没有完成。您可以再试一次，或换一种方式。")
    sheet.get_by_role("button", name="改用短信验证码").click()
    sheet.get_by_label("验证码").wait_for()
    device.send("WebAuthn.setUserVerified", {**key, "isUserVerified": True})
    sheet.get_by_role("button", name="使用通行密钥验证").click()  # back from the code
    sheet.get_by_text("无需等待短信").wait_for()
    sheet.get_by_role("button", name="使用通行密钥验证").click()
    app.sees("提现 · 已完成")
    app.go("/mine/security/passkeys")
    app.press("删除")  # another journey signs in by the password alone
    app.page.get_by_role("dialog").get_by_role("button", name="确认").click()
    app.sees("还没有通行密钥")
