"""The pictures in the documents, taken of a running system. Faces before a camera are blurred: they belong to real people."""

import subprocess
import sys
from pathlib import Path

from playwright.sync_api import BrowserContext, Page

from anju.installation.paths import REPO
from anju.site.tour import browser, photos, scratch
from anju.site.tour.browser import DESK, KIOSK, PHONE, App
from anju.site.tour.resident import Resident
from anju.site.tour.scratch import Place
from anju.site.tour.staff import Staff
from anju.site.tour.visitor import Visitor

FOLDER = REPO / "docs" / "pictures"
HOMES = 600
_VEIL = "video { filter: blur(26px); }"


def _save(page: Page, name: str, *, settle: float = 0.8) -> None:
    page.add_style_tag(content=_VEIL)
    page.wait_for_timeout(settle * 1000)
    page.screenshot(path=FOLDER / f"{name}.png")
    sys.stdout.write(f"  ✓ docs/pictures/{name}.png\n")


def _app(place: Place, context: BrowserContext) -> None:
    me = place.demo["resident"]
    app = App(context.new_page(), place.front)
    app.go("/")
    app.sees("找到您的小区")
    _save(app.page, "app-welcome")
    app.sign_in(me["phone"], me["password"])
    app.go("/access")
    app.press("开通")
    app.page.get_by_role("img", name="开门二维码").wait_for()
    _save(app.page, "app-access")
    visitor = Visitor.of(Resident.of_demo(place), "王小明", "13800138009")
    visitor.accept()
    app.go("/visitors")
    app.sees("王小明")
    _save(app.page, "app-visitors")
    page = context.new_page()
    page.goto(visitor.link)
    page.get_by_text("到访通行").first.wait_for()
    page.get_by_role("button", name="在这部手机上使用").click()
    page.get_by_role("img", name="开门二维码").wait_for()
    _save(page, "visit")
    page.close()
    app.go("/mine/privacy/face_opening")
    app.sees("保留多久")
    _save(app.page, "app-purpose")
    app.go("/face")
    app.sees("要不要用人脸开门")
    _save(app.page, "app-face")
    app.go("/mine/privacy/centre")
    app.sees("谁看过")
    _save(app.page, "app-centre")
    app.go("/mine/settings/cancel")
    app.sees("依法保留的记录")
    _save(app.page, "app-cancel")


def _kiosk(place: Place, page: Page, name: str, text: str) -> None:
    page.goto(place.gate.replace("ws:", "http:"))
    page.get_by_text(text).first.wait_for()
    _save(page, name, settle=0.3)


def _at_the_console(place: Place, context: BrowserContext, role: str) -> Page:
    """A page that this member of the demo's staff has signed in on."""
    staff = Staff(place.front, place.demo[role])
    staff.enter()
    context.clear_cookies()
    context.add_cookies(
        [{"name": one.name, "value": one.value or "", "url": place.front} for one in staff.http.cookies.jar]
    )
    return context.new_page()


def _privacy(place: Place, context: BrowserContext) -> None:
    """What a data-protection officer sees."""
    page = _at_the_console(place, context, "dpo")
    page.goto(f"{place.front}/console/privacy/")
    _save(page, "console-privacy", settle=1.5)


def _console(place: Place, context: BrowserContext) -> None:
    page = _at_the_console(place, context, "manager")
    for name, path in (("dashboard", "/"), ("reviews", "/reviews/"), ("monitor", "/monitor/")):
        page.goto(f"{place.front}/console{path}")
        _save(page, f"console-{name}", settle=1.5)
    page.goto(f"{place.front}/console/self-test/")
    page.get_by_text("开始自检").click()
    page.get_by_text("开始自检").wait_for()
    _save(page, "console-self-test", settle=3)
    page.goto(f"{place.front}/console/reviews/")
    page.locator("a[href*='/console/reviews/']").filter(has_not_text="认证审核").first.click()
    _save(page, "console-review")


def _enrol(place: Place, sitter: photos.Sitter) -> None:
    """The demo resident gets a face, so that the kiosk knows somebody."""
    resident = Resident.of_demo(place)
    resident.agree("face_opening")
    resident.enrol([photos.frame(sitter.photos[1]), photos.frame(sitter.photos[1], shift=5)])


def take() -> None:
    """Start a system, seed it, walk through it, and write docs/pictures."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    sitters = photos.shipped()
    with scratch.running() as place, browser.playing() as playwright:
        seeding = [sys.executable, "-m", "anju.site.cli", "demo", "seed", "--homes", str(HOMES)]
        subprocess.run(seeding, env=place.environment, check=True, stdout=subprocess.DEVNULL)
        plain = browser.launch(playwright)
        _app(place, browser.context(plain, PHONE))
        _enrol(place, sitters[3])
        for name, seen, text in (
            ("kiosk-granted", sitters[3].photos[0], "欢迎回家"),
            ("kiosk-refused", sitters[0].photos[0], "没有认出您"),
        ):
            film = photos.video(
                [photos.arms_length(seen, height=720, shift=one) for one in (0, 2, 4, 2)],
                Path(place.home) / "camera.y4m",
            )
            before = browser.launch(playwright, film)
            _kiosk(place, browser.context(before, KIOSK).new_page(), name, text)
            before.close()
        _console(place, browser.context(plain, DESK))
        _privacy(place, browser.context(plain, DESK))
        plain.close()
