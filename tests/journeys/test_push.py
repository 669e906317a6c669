"""A phone switches push notifications on, and is woken by the running system's own worker.

No push service of a browser's maker can be reached here: the browser's subscription is one at a service on loopback.
"""

import json
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from anju.site.tour.browser import PHONE, App
from anju.site.tour.scratch import Place
from tests.journeys.conftest import Open, resident
from tests.notices.push_service import Browser, PushService

pytestmark = pytest.mark.journey

SUBSCRIBES = """
(() => {
  const bytes = (text) => Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (one) => one.charCodeAt(0))
  const made = (key) => ({
    options: { applicationServerKey: bytes(key).buffer },
    toJSON: () => (%s),
    unsubscribe: async () => { sessionStorage.removeItem('pushed'); return true },
  })
  PushManager.prototype.getSubscription = async () => (sessionStorage.pushed ? made(sessionStorage.pushed) : null)
  PushManager.prototype.subscribe = async ({ applicationServerKey }) => made((sessionStorage.pushed = applicationServerKey))
})()
"""


@pytest.fixture
def phone(place: Place, open_page: Open, push_service: PushService) -> Iterator[tuple[App, Browser]]:
    """A resident's phone, whose browser can subscribe."""
    page: Page = open_page(PHONE)
    page.context.grant_permissions(["notifications"], origin=place.front)
    browser = push_service.browser()
    page.add_init_script(SUBSCRIBES % json.dumps(browser.json()))
    app = resident(place, page)
    yield app, browser
    push_service.got.clear()


def switched(page: Page, on: bool) -> None:
    ready = ":not(.van-switch--disabled):not(.van-switch--loading)"
    page.locator(f"[role=switch][aria-checked={str(on).lower()}]{ready}").wait_for()


def test_a_closed_app_is_woken_once_it_was_agreed_to(
    place: Place, open_page: Open, phone: tuple[App, Browser], push_service: PushService
) -> None:
    app, browser = phone
    app.page.wait_for_function("navigator.serviceWorker.ready")
    app.go("/mine/settings")
    switched(app.page, False)
    app.page.get_by_role("switch", name="推送通知").click()
    app.sees("端到端加密")
    app.press("同意")
    switched(app.page, True)
    push_service.key = app.page.evaluate("sessionStorage.pushed")

    began = time.monotonic()
    resident(place, open_page(PHONE))
    while not push_service.got:
        assert time.monotonic() - began < 20, "nothing came"
        app.page.wait_for_timeout(50)
    assert browser.read(push_service.got[0].body)["body"] == "您有一条新通知"

    app.page.get_by_role("switch", name="推送通知").click()
    switched(app.page, False)
    assert app.page.evaluate("sessionStorage.pushed ?? null") is None
