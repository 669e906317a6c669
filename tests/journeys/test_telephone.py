"""The operator sets a line up, a resident wants their telephone rung, a visitor calls at the gate's screen: real browsers, sipp as carrier."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from anju.site.tour.browser import PHONE, App
from anju.site.tour.scratch import Place
from anju.site.tour.staff import Staff
from tests.journeys.conftest import Open, resident
from tests.journeys.test_intercom import PEERS, dial, received
from tests.journeys.test_intercom import kiosk as kiosk
from tests.sip import carrier as does
from tests.sip.carrier import HUNG_UP, INVITED, RINGS, Carrier, challenges, pause
from tests.sip.conftest import until

pytestmark = pytest.mark.journey
SHOWN = "01088886666"


@pytest.fixture
def carrier(tmp_path: Path) -> Iterator[Carrier]:
    if shutil.which("sipp") is None:
        pytest.skip("not installed: apt-get install sip-tester")
    (tmp_path / "carrier").mkdir()
    made = Carrier(tmp_path / "carrier")
    yield made.does(INVITED, challenges(), RINGS, pause(0.5), made.answers(), HUNG_UP)
    made.close()


@pytest.fixture
def line(place: Place, sip: None, carrier: Carrier) -> None:
    """Set up by the operator at the console."""
    operator = Staff(place.front, place.demo["operator"])
    operator.enter()
    said = {
        "host": "127.0.0.1", "port": str(carrier.port), "transport": "udp", "user": does.USER, "new_password": does.PASSWORD,
        "number": SHOWN, "dialled": "national", "prefixes": "+8613", "at_once": "2", "home_day": "5", "community_day": "50",
        "seconds": "60",
    }  # fmt: skip
    page = operator.submit("/console/trunks/", **said).text
    assert SHOWN in page and "线路已保存" in page


@pytest.fixture
def app(place: Place, line: None, open_page: Open) -> App:
    """A resident of 1-1-101."""
    page = open_page(PHONE)
    page.add_init_script(PEERS)
    return resident(place, page)


def test_a_telephone_rings_for_a_call_from_the_gates_screen_talks_and_opens(
    app: App, kiosk: Page, carrier: Carrier
) -> None:
    app.go("/calls")
    app.page.get_by_text("呼叫转电话").click()
    app.sees("拨打您账号的手机号：****")
    app.page.get_by_role("switch", name="拨打我的手机").click()
    app.sees("电话运营商")  # what it is for and to whom the number goes, before anything is stored
    app.press("同意")
    app.sees("已开通")
    app.page.get_by_text("与应用同时响").click()
    app.page.get_by_role("radio", name="与应用同时响").or_(
        app.page.locator(".van-radio__icon--checked")
    ).first.wait_for()
    with app.page.expect_download() as card:
        app.page.get_by_text("保存到通讯录").click()
    assert f"VOICE:{SHOWN}" in card.value.path().read_text()
    app.go("/")

    dial(kiosk, "1-1-101")
    assert until(lambda: len(carrier.heard("ACK")) == 2, 15)
    kiosk.get_by_text("正在呼叫").wait_for()
    sound = carrier.sound()
    sound.speak(0.3)
    sound.press("#")
    kiosk.get_by_text("门已打开，请进").wait_for()
    sound.speak(1.0, b"\x10\x90")
    received(kiosk, "energy")
    carrier.media.settimeout(3)
    assert carrier.media.recv(2048)
    kiosk.get_by_role("button", name="挂断").click()
    assert until(lambda: bool(carrier.heard("BYE")))
