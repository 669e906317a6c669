"""A call between two browsers that do not reach each other goes through the relay that `./anju sip up` runs: real browsers, real coturn."""

import pytest
from playwright.sync_api import Page

from anju.site.tour.browser import KIOSK, PHONE, App
from anju.site.tour.scratch import Place
from tests.journeys.conftest import Open, resident
from tests.journeys.test_intercom import dial, received

pytestmark = pytest.mark.journey

ONLY_RELAYED = """
window.peers = []
const Plain = RTCPeerConnection
window.RTCPeerConnection = class extends Plain {
  constructor(options, ...rest) {
    super({ ...options, iceTransportPolicy: 'relay' }, ...rest)
    window.peers.push(this)
  }
}
"""
WRONG_PASSWORD = """
const Relayed = RTCPeerConnection
window.RTCPeerConnection = class extends Relayed {
  constructor(options, ...rest) {
    super({ ...options, iceServers: (options.iceServers ?? []).map((one) => ({ ...one, credential: 'guessed' })) }, ...rest)
  }
}
"""
WAYS = """
async () => {
  const found = []
  for (const peer of window.peers) {
    const all = await peer.getStats()
    for (const one of all.values())
      if (one.type === 'candidate-pair' && one.nominated) found.push(all.get(one.localCandidateId).candidateType)
  }
  return found
}
"""


def on(place: Place, page: Page, *scripts: str) -> Page:
    """The gate's screen."""
    for one in scripts:
        page.add_init_script(one)
    page.goto(place.gate.replace("ws://", "http://"))
    page.get_by_text("在线", exact=True).wait_for()
    return page


@pytest.fixture
def app(place: Place, sip: None, open_page: Open) -> App:
    """A resident of 1-1-101 whose phone has no direct way to the gate."""
    page = open_page(PHONE)
    page.add_init_script(ONLY_RELAYED)
    app = resident(place, page)
    app.go("/calls")
    app.page.get_by_text("不再响铃").wait_for()
    return app


def test_who_has_no_direct_way_talks_through_the_relay(place: Place, open_page: Open, app: App) -> None:
    kiosk = on(place, open_page(KIOSK), ONLY_RELAYED)
    dial(kiosk, "1-1-101")
    app.press("接听")
    kiosk.get_by_text("已接通，请讲话").wait_for()
    received(app.page, "energy")
    received(kiosk, "energy")
    # A browser sends a picture when it believes that the way carries it: beside others that draw and decode, that takes a while.
    received(app.page, "frames", 10, seconds=90)
    assert set(app.page.evaluate(WAYS)) == {"relay"}
    app.press("挂断")
    kiosk.get_by_text("通话已结束").wait_for()


def test_a_guessed_password_relays_nothing_and_the_call_says_so(place: Place, open_page: Open, app: App) -> None:
    kiosk = on(place, open_page(KIOSK), ONLY_RELAYED, WRONG_PASSWORD)
    dial(kiosk, "1-1-101")
    app.press("接听")
    kiosk.get_by_text("通话中断").wait_for()
    assert app.page.evaluate(WAYS) == []
