"""What a browser does when it is woken: the real service worker's part (web/public/push.js) in a real Chromium."""

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Worker

from anju.installation.paths import REPO
from anju.site.tour import browser

_APP = b"<script>heard = []; navigator.serviceWorker.onmessage = (event) => heard.push(event.data)</script>"
_REGISTER = """async () => {
    await navigator.serviceWorker.register('/push.js')
    const { active } = await navigator.serviceWorker.ready
    while (active.state !== 'activated') await new Promise((resolve) => setTimeout(resolve, 20))  // before, a push is lost
}"""
_NOTIFICATIONS = """async () => (await (await navigator.serviceWorker.ready).getNotifications())
    .map(({ title, body, tag, requireInteraction, data }) => ({ title, body, tag, rings: requireInteraction, ...data }))"""
_TAP = """async (tag) => {
    const [notification] = await self.registration.getNotifications({ tag })
    self.dispatchEvent(new NotificationEvent('notificationclick', { notification }))
}"""


class _Site(SimpleHTTPRequestHandler):
    """The worker's file, and a page for every other path."""

    def do_GET(self) -> None:
        if self.path == "/push.js":
            super().do_GET()
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(_APP)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@dataclass
class Woken:
    """A page, and its service worker that gets pushes as from a push service."""

    page: Page
    worker: Worker
    push: Any  # the browser's own answer to `deliverPushMessage`

    def shown(self) -> list[dict[str, Any]]:
        """The notifications that stand there."""
        found: list[dict[str, Any]] = self.page.evaluate(_NOTIFICATIONS)
        return found

    def waits_for(self, count: int) -> list[dict[str, Any]]:
        for _ in range(150):
            if len(found := self.shown()) == count:
                return found
            self.page.wait_for_timeout(100)
        raise AssertionError(f"{len(found)} notifications")


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Site, directory=str(REPO / "web" / "public"))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def woken(site: str) -> Iterator[Woken]:
    if not Path(browser.CHROMIUM).exists():
        pytest.skip(f"{browser.CHROMIUM} is missing: sudo apt-get install -y chromium")
    with browser.playing() as playing:
        opened = browser.launch(playing)
        context = opened.new_context()
        context.grant_permissions(["notifications"], origin=site)
        page = context.new_page()
        page.goto(site)
        page.evaluate(_REGISTER)
        session = context.new_cdp_session(page)
        known: list[dict[str, Any]] = []
        session.on("ServiceWorker.workerRegistrationUpdated", lambda event: known.extend(event["registrations"]))
        session.send("ServiceWorker.enable")
        while not known:
            page.wait_for_timeout(50)

        def push(text: str) -> None:
            where = {"origin": site, "registrationId": known[-1]["registrationId"]}
            session.send("ServiceWorker.deliverPushMessage", {**where, "data": text})

        yield Woken(page, context.service_workers[0], push)
        opened.close()


def message(**facts: Any) -> str:  # Any: what a message says
    known = {"kind": "call", "title": "安居", "body": "门口来电", "tag": "call-1", "path": "/calls"}
    return json.dumps({**known, "until": int(time.time()) + 30, **facts})


def test_a_call_stays_until_it_is_dealt_with(woken: Woken) -> None:
    woken.push(message())
    (one,) = woken.waits_for(1)
    assert one == {"title": "安居", "body": "门口来电", "tag": "call-1", "rings": True, "path": "/calls"}


def test_a_call_that_came_too_late_does_not_ring(woken: Woken) -> None:
    woken.push(message(until=int(time.time()) - 1))
    (one,) = woken.waits_for(1)
    assert not one["rings"]


def test_a_later_message_takes_the_place_of_the_one_before(woken: Woken) -> None:
    woken.push(message())
    woken.waits_for(1)
    woken.push(message(kind="notice", body="呼叫已结束"))
    woken.page.wait_for_timeout(500)
    (one,) = woken.shown()
    assert (one["body"], one["rings"]) == ("呼叫已结束", False)


def test_whatever_comes_something_is_shown(woken: Woken) -> None:
    woken.push("not json")
    (one,) = woken.waits_for(1)
    assert (one["title"], one["path"]) == ("安居", "/notices")


def test_a_tap_tells_the_open_app_where_to_go_and_leaves_the_rest_alone(woken: Woken) -> None:
    woken.push(message())
    woken.waits_for(1)
    woken.page.evaluate("talking = true")
    woken.worker.evaluate(_TAP, "call-1")
    woken.page.wait_for_function("heard.length")
    assert woken.page.evaluate("[heard, talking]") == [[{"open": "/calls"}], True]
    assert woken.shown() == []


def test_a_tap_leads_to_no_other_site(woken: Woken) -> None:
    woken.push(message(path="//elsewhere.example"))
    (one,) = woken.waits_for(1)
    assert one["path"] == "/"
