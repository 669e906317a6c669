"""A family, in a real browser: the rules read first, a child added, decided for, looked after, and a proof to keep."""

from pathlib import Path

import pytest

from anju.site.tour.browser import PHONE, App
from anju.site.tour.scratch import Place
from tests.journeys.conftest import Open

pytestmark = pytest.mark.journey


def test_the_policy_is_read_before_signing_up(place: Place, open_page: Open) -> None:
    app = App(open_page(PHONE), place.front)
    app.go("/sign-up")
    app.page.get_by_text("隐私政策与清单").click()
    app.page.get_by_text("儿童个人信息保护规则").click()
    app.sees("谁来决定")
    english = App(open_page(PHONE, language="en-GB"), place.front)
    english.go("/policy/policy")
    english.page.evaluate("localStorage.setItem('anju.language', 'en')")
    english.go("/policy/policy")
    english.sees("Who we are")


def test_a_guardian_adds_a_child_decides_and_takes_back(place: Place, open_page: Open) -> None:
    me = place.demo["resident"]
    app = App(open_page(PHONE), place.front)
    app.sign_in(me["phone"], me["password"])
    app.go("/mine/children/add")
    app.sees("孩子资料")
    for box in app.page.get_by_role("checkbox").all():
        box.click()
    app.page.get_by_label("孩子姓名").fill("王小安")
    app.page.get_by_placeholder("请选择").click()
    app.page.locator(".van-picker__confirm").click()
    app.press("同意并添加")
    app.sees("代孩子决定")
    app.page.get_by_text("房屋认证").click()
    app.press("我代孩子同意“房屋认证”")
    app.press("撤回同意")
    app.sees("没有需要删除的信息")  # said before it happens
    app.page.locator(".van-dialog__confirm").click()
    app.sees("已撤回")
    app.page.go_back()
    app.page.get_by_text("孩子的信息去向").click()
    app.sees("王**")
    app.go("/mine/children")
    app.page.get_by_text("王小安").click()
    app.press("结束监护")
    app.sees("您是唯一的监护人")
    app.page.locator(".van-dialog__confirm").click()
    app.sees("添加孩子")
    app.page.get_by_text("王小安").wait_for(state="detached")


def test_a_proof_is_downloaded_and_found_genuine_and_a_changed_one_is_not(
    place: Place, open_page: Open, tmp_path: Path
) -> None:
    me = place.demo["resident"]
    app = App(open_page(PHONE), place.front)
    app.sign_in(me["phone"], me["password"])
    app.go("/mine/privacy/history")
    with app.page.expect_download() as download:
        app.page.get_by_text("下载同意凭证").click()
    good, changed = tmp_path / "proof.json", tmp_path / "changed.json"
    download.value.save_as(good)
    changed.write_bytes(good.read_bytes().replace(b"granted", b"grantes", 1))
    app.go("/policy")
    app.page.locator("input[type=file]").set_input_files(good)
    app.sees("凭证真实有效")
    app.page.locator("input[type=file]").set_input_files(changed)
    app.sees("内容已被改动")
