"""Somebody at the gate calls a home, and whoever lives there sees them, talks with them and lets them in: two real browsers."""

import time
from typing import Any

import pytest
from playwright.sync_api import Page, Route

from anju.site.tour.browser import DESK, KIOSK, PHONE, App
from anju.site.tour.scratch import Place
from anju.site.tour.staff import Staff
from tests.journeys.conftest import Open, resident

pytestmark = pytest.mark.journey

PEERS = """
window.peers = []
const Plain = RTCPeerConnection
window.RTCPeerConnection = class extends Plain {
  constructor(...options) { super(...options); window.peers.push(this) }
}
"""
RECEIVED = """
async () => {
  const found = { frames: 0, energy: 0 }
  for (const peer of window.peers) for (const one of (await peer.getStats()).values()) {
    if (one.type !== 'inbound-rtp') continue
    if (one.kind === 'video') found.frames += one.framesDecoded ?? 0
    else found.energy += one.totalAudioEnergy ?? 0
  }
  return found
}
"""


MICROPHONE = """
() => {
  const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices)
  window.streams = []
  window.allow = null
  const allowed = new Promise((resolve) => (window.allow = resolve))
  navigator.mediaDevices.getUserMedia = async (asked) => {
    const number = window.streams.push(null)
    await allowed
    return (window.streams[number - 1] = await open(asked))
  }
}
"""
"""It takes until allow() to be opened."""
LIVE = "() => streams.filter((one) => !one || one.getTracks().some((track) => track.readyState === 'live')).length"
REFUSED = """
() => { navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('', 'NotAllowedError') } }
"""


def received(page: Page, what: str, more_than: float = 0, seconds: float = 30) -> dict[str, Any]:
    """What this page has decoded of the other side, once there is more of `what` than that."""
    until = time.monotonic() + seconds
    while True:
        found = dict(page.evaluate(RECEIVED))
        if found[what] > more_than:
            return found
        assert time.monotonic() < until, f"no {what}: {found}"
        page.wait_for_timeout(50)


@pytest.fixture
def kiosk(place: Place, open_page: Open) -> Page:
    """The gate's screen."""
    page = open_page(KIOSK)
    page.add_init_script(PEERS)
    at_gate(place, page)
    return page


def at_gate(place: Place, page: Page) -> None:
    """Show what the gate shows."""
    page.goto(place.gate.replace("ws://", "http://"))
    page.get_by_text("在线", exact=True).wait_for()


@pytest.fixture
def app(place: Place, open_page: Open) -> App:
    """A resident of 1-1-101 who wants to be rung."""
    page = open_page(PHONE)
    page.add_init_script(PEERS)
    app = resident(place, page)
    app.go("/calls")
    app.page.get_by_text("不再响铃").wait_for()
    return app


def dial(kiosk: Page, number: str) -> None:
    kiosk.get_by_role("button", name="呼叫住户或物业").click()
    for key in number:
        kiosk.get_by_role("button", name=key, exact=True).click()
    kiosk.get_by_role("button", name="呼叫", exact=True).click()


def test_a_visitor_calls_is_seen_talks_and_is_let_in_once(kiosk: Page, app: App) -> None:
    dial(kiosk, "1-1-101")
    kiosk.get_by_text("正在呼叫").wait_for()
    app.sees("正在呼叫 1栋1单元101")
    shown = app.page.get_by_role("img", name="门口的照片")
    shown.wait_for()
    app.page.wait_for_function("() => document.querySelector('.view img')?.naturalWidth > 0")
    assert received(kiosk, "frames", -1) == {"frames": 0, "energy": 0}  # nothing of the resident before they answer

    app.press("接听")
    kiosk.get_by_text("已接通，请讲话").wait_for()
    assert received(app.page, "frames", 10)["frames"] > 10
    received(app.page, "energy")
    assert received(kiosk, "energy")["frames"] == 0  # the resident is heard and not seen
    app.press("让对方看到我")
    received(kiosk, "frames", 10)

    app.press("开门")
    app.sees("门已打开")
    kiosk.get_by_text("门已打开，请进").wait_for()
    assert app.page.get_by_role("button", name="门已打开").is_disabled()
    app.press("挂断")
    kiosk.get_by_text("通话已结束").wait_for()
    app.go("/calls")
    app.sees("已接听")
    app.sees("已开门")


@pytest.mark.parametrize(
    ("offer", "says"),
    [
        ("", "这台门口机没有接入手机通话，您可以直接开门。"),
        ("nothing to talk by", "暂时没有声音和画面，您仍可开门或挂断"),
    ],
)
def test_a_gate_that_nobody_can_talk_with_is_opened_and_hung_up_all_the_same(
    kiosk: Page, app: App, offer: str, says: str
) -> None:
    def accept(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json={**answer.json(), "offer": offer})

    app.page.route("**/accept", accept)
    dial(kiosk, "1-1-101")
    app.press("接听")
    app.sees(says)
    app.press("开门")
    kiosk.get_by_text("门已打开，请进").wait_for()
    app.press("挂断")
    kiosk.get_by_text("通话已结束").wait_for()


def test_who_hangs_up_before_the_call_is_theirs_ends_it_too(kiosk: Page, app: App) -> None:
    held: list[Route] = []
    app.page.route("**/accept", lambda route: held.append(route))
    dial(kiosk, "1-1-101")
    app.press("接听")
    app.press("挂断")
    held[0].continue_()
    kiosk.get_by_text("通话已结束").wait_for()


def test_one_phone_answers_and_the_other_stops_ringing(place: Place, open_page: Open, kiosk: Page, app: App) -> None:
    other = resident(place, open_page(PHONE))
    dial(kiosk, "1-1-101")
    app.sees("正在呼叫 1栋1单元101")
    other.sees("正在呼叫 1栋1单元101")
    other.press("接听")
    app.page.get_by_text("正在呼叫 1栋1单元101").wait_for(state="detached")
    received(kiosk, "energy")
    kiosk.get_by_role("button", name="挂断").click()
    other.page.get_by_role("dialog", name="正在通话").wait_for(state="detached")


def test_the_desk_answers_sees_who_is_there_and_opens(place: Place, staff: Staff, open_page: Open, kiosk: Page) -> None:
    desk = open_page(DESK)
    desk.add_init_script(PEERS)
    desk.context.add_cookies(
        [{"name": one.name, "value": one.value or "", "url": place.front} for one in staff.http.cookies.jar]
    )
    desk.goto(f"{place.front}/console/calls/")
    desk.locator(".live-dot.on").wait_for()
    kiosk.get_by_role("button", name="呼叫住户或物业").click()
    kiosk.get_by_role("button", name="呼叫物业").click()
    desk.get_by_role("button", name="接听").click()
    received(desk, "frames", 10)
    received(desk, "energy")
    received(kiosk, "energy")
    desk.get_by_role("button", name="开门", exact=True).click()
    kiosk.get_by_text("门已打开，请进").wait_for()
    desk.get_by_role("button", name="挂断").click()
    desk.get_by_text("已接听").wait_for()


def test_a_visitor_who_is_declined_leaves_a_message_that_is_heard(kiosk: Page, app: App) -> None:
    dial(kiosk, "1-1-101")
    app.press("拒接")
    kiosk.get_by_text("对方现在不方便接听").wait_for()
    kiosk.get_by_role("button", name="给住户留言").click()
    kiosk.get_by_role("button", name="开始录音").click()
    kiosk.wait_for_timeout(2_500)
    kiosk.get_by_role("button", name="说完了").click()
    kiosk.get_by_text("留言已发送").wait_for()
    app.press("听留言")
    app.page.locator("audio").wait_for()
    assert app.page.wait_for_function("() => document.querySelector('audio').currentTime > 0.3")


def decline(kiosk: Page, app: App) -> None:
    """The home does not take the call; the visitor would leave a message."""
    dial(kiosk, "1-1-101")
    app.press("拒接")
    kiosk.get_by_role("button", name="给住户留言").click()


def test_a_visitor_who_has_gone_back_is_not_recorded(kiosk: Page, app: App) -> None:
    kiosk.evaluate(MICROPHONE)
    decline(kiosk, app)
    kiosk.get_by_role("button", name="开始录音").evaluate("(button) => { button.click(); button.click() }")
    assert kiosk.evaluate("streams.length") == 1
    kiosk.get_by_role("button", name="返回").click()
    kiosk.evaluate("allow()")
    kiosk.wait_for_function("() => streams[0]")
    assert kiosk.wait_for_function(f"() => ({LIVE})() === 0")


def test_a_gate_without_a_microphone_says_so_and_is_the_next_visitors_soon(kiosk: Page, app: App) -> None:
    kiosk.clock.install()
    kiosk.evaluate(REFUSED)
    decline(kiosk, app)
    kiosk.get_by_role("button", name="开始录音").click()
    kiosk.get_by_text("现在不能录音，请重新呼叫或联系物业").wait_for()
    kiosk.clock.fast_forward(20_000)
    kiosk.get_by_role("button", name="呼叫住户或物业").wait_for()


def test_a_call_by_the_list_that_nobody_takes_is_found_later(kiosk: Page, app: App) -> None:
    kiosk.get_by_role("button", name="呼叫住户或物业").click()
    kiosk.get_by_role("button", name="按楼栋选择").click()
    kiosk.get_by_role("button", name="1栋1单元").click()
    kiosk.get_by_role("button", name="101", exact=True).click()
    app.sees("正在呼叫 1栋1单元101")
    kiosk.get_by_role("button", name="挂断").click()
    app.page.get_by_role("alertdialog").wait_for(state="detached")
    app.sees("未接来电")
    app.go("/notices")
    app.sees("无人接听")
