"""The same people in real browsers: a phone with the app, the kiosk's screen, a desk with the console."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright

CHROMIUM = "/usr/bin/chromium"
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1440, "height": 900}
KIOSK = {"width": 800, "height": 1280}
_QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream",
)  # fmt: skip


@contextmanager
def playing() -> Iterator[Playwright]:
    """Playwright, with Debian's Chromium."""
    with sync_playwright() as playwright:
        yield playwright


def launch(playwright: Playwright, camera: Path | None = None, trusts: str = "") -> Browser:
    """A browser. camera: a video file that its camera sees. trusts: the key of a certificate that nobody vouches for (SHA-256, base64)."""
    seen = [f"--use-file-for-fake-video-capture={camera}"] if camera else []
    trusted = [f"--ignore-certificate-errors-spki-list={trusts}"] if trusts else []
    return playwright.chromium.launch(executable_path=CHROMIUM, args=[*_QUIET, *seen, *trusted])


def context(browser: Browser, size: dict[str, int], *, language: str = "zh-CN") -> BrowserContext:
    """A fresh profile of this size, reading this language."""
    made = browser.new_context(
        viewport={"width": size["width"], "height": size["height"]},
        locale=language,
        permissions=["camera", "microphone"],
        device_scale_factor=2 if size is PHONE else 1,
        has_touch=size is PHONE,
    )
    made.set_default_timeout(15_000)
    return made


class App:
    """The resident app on a phone."""

    def __init__(self, page: Page, front: str) -> None:
        self.page = page
        self.front = front

    def press(self, name: str) -> None:
        """Press the button of this name."""
        self.page.get_by_role("button", name=name, exact=True).click()

    def sees(self, text: str, seconds: float = 15) -> None:
        """Wait until this stands on the screen. Raises when it does not come."""
        self.page.get_by_text(text).first.wait_for(timeout=seconds * 1000)

    def go(self, path: str) -> None:
        self.page.goto(self.front + path)

    def sign_in(self, phone: str, password: str) -> None:
        """By password."""
        self.go("/sign-in")
        self.press("密码登录")
        self.page.fill("input[name=phone]", phone)
        self.page.fill("input[name=password]", password)
        self.page.locator("button[type=submit]").click()
        self.page.wait_for_url(f"{self.front}/")

    def ask_to_sign_up(self, phone: str) -> None:
        """As far as the code's page."""
        self.go("/sign-up")
        self.page.fill("input[name=phone]", phone)
        self.page.locator(".van-checkbox").click()
        self.page.locator("button[type=submit]").click()
        self.sees("验证码已发送")

    def enter_code(self, code: str) -> None:
        self.page.get_by_label("6 位验证码").fill(code)

    def apply(self, name: str, id_number: str, *places: str) -> None:
        """Certify a home: the places down to the room, as they are called on the screen."""
        self.go("/homes/apply")
        self.page.locator(".chooser").get_by_text(places[0]).click()  # which leads on to the homes
        for place in places[1:]:
            self.page.locator(".van-cascader__option:visible", has_text=place).first.click()
        self.page.get_by_label("姓名").fill(name)
        self.page.get_by_label("身份证号").fill(id_number)
        self.press("提交认证")
