"""From the call button at the gate to the ringing screens of three phones, and from answering to media both ways: four real browsers."""

import time
from contextlib import ExitStack

from playwright.sync_api import Page

from anju.site.report import Figure, Report, yes
from anju.site.tour import browser, scratch
from anju.site.tour.browser import KIOSK, PHONE, App
from anju.site.tour.scratch import Place
from benchmarks.figures import percentile

CALLS = 24
PHONES = 3
APART = 5.2
"""Seconds from call to call: a gate may make twelve a minute."""
PATIENCE = 8.0
_NOW = "performance.timeOrigin + performance.now()"
WATCH = f"""
window.noted = {{}}
const note = (what) => {{ window.noted[what] ??= {_NOW} }}
addEventListener('click', ({{ target }}) => {{
  const button = target.closest('button')
  if (button?.innerText === '呼叫') note('dialled')
  if (button?.innerText === '接听') note('answered')
}}, true)
addEventListener('DOMContentLoaded', () => new MutationObserver(() => {{
  if (document.querySelector('[role=alertdialog]')) note('rung')
  const view = document.querySelector('[role=dialog] video')
  if (view && !view.watched) (view.watched = true), view.requestVideoFrameCallback(() => note('seen'))
}}).observe(document.body, {{ childList: true, subtree: true }}))
const Plain = RTCPeerConnection
window.RTCPeerConnection = class extends Plain {{
  constructor(...options) {{
    super(...options)
    const timer = setInterval(async () => {{
      if (this.connectionState === 'closed') return clearInterval(timer)
      for (const one of (await this.getStats()).values()) if (one.type === 'inbound-rtp' && one.kind === 'audio' && one.packetsReceived > 0) note('heard')
    }}, 10)
  }}
}}
"""


def _noted(page: Page, what: str) -> float:
    """When this happened in the page, in milliseconds since 1970. Raises TimeoutError."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if at := page.evaluate("what => window.noted[what]", what):
            return float(at)
        page.wait_for_timeout(10)
    raise TimeoutError(what)


def _phones(place: Place, stack: ExitStack, playing: browser.Playwright) -> tuple[Page, list[App]]:
    pages = []
    for size in (KIOSK, *[PHONE] * PHONES):
        opened = browser.launch(playing)
        stack.callback(opened.close)
        page = browser.context(opened, size).new_page()
        page.add_init_script(WATCH)
        pages.append(page)
    kiosk, *phones = pages
    kiosk.goto(place.gate.replace("ws://", "http://"))
    apps = [App(page, place.front) for page in phones]
    for app in apps:
        app.sign_in(place.demo["resident"]["phone"], place.demo["resident"]["password"])
        app.go("/calls")
        app.sees("不再响铃")
    return kiosk, apps


def run(report: Report) -> None:
    """Measure. The phones are one person's, each signed in by itself."""
    ringing: list[float] = []
    talking: list[float] = []
    lost = 0
    with scratch.running() as place, browser.playing() as playing, ExitStack() as stack:
        kiosk, apps = _phones(place, stack, playing)
        for number in range(CALLS):
            began = time.monotonic()
            for page in (kiosk, *(app.page for app in apps)):
                page.evaluate("window.noted = {}")
            kiosk.get_by_role("button", name="呼叫住户或物业").click()
            for key in "1-1-101":
                kiosk.get_by_role("button", name=key, exact=True).click()
            kiosk.get_by_role("button", name="呼叫", exact=True).click()
            dialled = _noted(kiosk, "dialled")
            taker = apps[number % PHONES]
            try:
                ringing += [_noted(app.page, "rung") - dialled for app in apps]
                taker.press("接听")
                answered = _noted(taker.page, "answered")
                ends = [_noted(taker.page, "seen"), _noted(taker.page, "heard"), _noted(kiosk, "heard")]
                talking.append(max(ends) - answered)
            except TimeoutError:
                lost += 1
            kiosk.get_by_role("button", name="挂断").click()
            time.sleep(max(0.0, APART - (time.monotonic() - began)))
        floor = _floor(apps[0].page)
    report.add("ring floor: one request of the app", Figure(percentile(floor, 0.5), "ms"))
    report.add("ring p50", Figure(percentile(ringing, 0.5), "ms"))
    report.add("ring p99", Figure(percentile(ringing, 0.99), "ms", 300))
    report.add("ring / floor", Figure(percentile(ringing, 0.5) / percentile(floor, 0.5), "x"))
    report.add("answer to media p50", Figure(percentile(talking, 0.5), "ms"))
    report.add("answer to media, slowest", Figure(max(talking), "ms", 1000))
    report.add("every call rang and was heard", yes(lost == 0, f"{lost} of {CALLS} were not" if lost else ""))


def _floor(page: Page) -> list[float]:
    """Milliseconds of the request that an app makes when it hears of a call."""
    script = """async () => {
      const began = performance.now()
      await (await fetch('/api/v1/calls/ringing')).json()
      return performance.now() - began
    }"""
    return [float(page.evaluate(script)) for _ in range(30)]
