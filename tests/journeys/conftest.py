"""A whole running Anju, once for all journeys, and browsers with a camera."""

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Page, Playwright

from anju.installation.paths import REPO
from anju.sip import packages
from anju.site.tour import browser, photos, scratch
from anju.site.tour.browser import App
from anju.site.tour.photos import Sitter
from anju.site.tour.scratch import Place
from anju.site.tour.staff import Staff
from tests.notices.push_service import PushService, running
from tests.peers import institution as peers
from tests.peers import lianlian as custodians
from tests.peers import unionpay
from tests.peers import utilities as providers
from tests.peers.institution import Institution
from tests.peers.lianlian import LianLian
from tests.peers.utilities import Provider

Open = Callable[..., Page]


@pytest.fixture(scope="session")
def push_service() -> Iterator[PushService]:
    """Where the system sends what is for browsers on loopback."""
    with running() as service:
        yield service


@pytest.fixture(scope="session")
def institution(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Institution]:
    """Payment institutions that the system has a contract with."""
    folder = tmp_path_factory.mktemp("institution")
    with peers.running(folder) as its, unionpay.running(folder / "unionpay", its):
        yield its


@pytest.fixture(scope="session")
def utilities(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    """Who pays electricity, water and gas companies."""
    with providers.running(tmp_path_factory.mktemp("utilities")) as its:
        yield its


@pytest.fixture(scope="session")
def custodian(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LianLian]:
    """A licensed institution where residents' wallets lie."""
    with custodians.running(tmp_path_factory.mktemp("lianlian")) as its:
        yield its


@pytest.fixture(scope="session")
def place(
    push_service: PushService, institution: Institution, utilities: Provider, custodian: LianLian
) -> Iterator[Place]:
    """`./anju up` in a folder of its own."""
    more = {"ANJU_PUSH_HOSTS": push_service.host, **institution.environment, **utilities.environment}
    more |= custodian.environment
    with scratch.running(more=more) as started:
        yield started


@pytest.fixture(scope="session")
def staff(place: Place) -> Staff:
    """A manager at the console."""
    manager = Staff(place.front, place.demo["manager"])
    manager.enter()
    return manager


@pytest.fixture(scope="session")
def sitters() -> list[Sitter]:
    """People whose photographs ship with the models' package."""
    return photos.shipped()


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """Its loop runs in this thread for as long as it is there, which other rooms' tests must not meet."""
    if not Path(browser.CHROMIUM).exists():
        pytest.skip(f"{browser.CHROMIUM} is missing: sudo apt-get install -y chromium")
    with browser.playing() as playing:
        yield playing


@pytest.fixture
def open_page(playwright: Playwright, tmp_path: Path) -> Iterator[Open]:
    """open_page(size, sees=photograph, trusts=key): a page in a browser of its own, whose camera sees that person."""
    with ExitStack() as stack:

        def make(size: dict[str, int], sees: bytes | None = None, language: str = "zh-CN", trusts: str = "") -> Page:
            camera = None
            if sees is not None:
                shots = [photos.arms_length(sees, width=960, height=720, shift=shift) for shift in (0, 2, 4, 2)]
                camera = photos.video(shots, tmp_path / f"{len(list(tmp_path.iterdir()))}.y4m")
            opened = browser.launch(playwright, camera, trusts)
            stack.callback(opened.close)
            page = browser.context(opened, size, language=language).new_page()
            # What a page logs as an error is a fault of ours; a 401 before signing in is how the app learns that nobody is.
            page.on("pageerror", lambda error: pytest.fail(f"the page broke: {error}"))
            return page

        yield make


@pytest.fixture
def sip(place: Place, tmp_path: Path) -> Iterator[None]:
    """`./anju sip up` beside the running system."""
    if missing := packages.missing():
        pytest.skip(f"not installed: apt-get install {' '.join(missing)}")
    log = tmp_path / "sip.log"
    running = subprocess.Popen(
        [REPO / "anju", "sip", "up"], env=place.environment, stdout=log.open("wb"), stderr=subprocess.STDOUT
    )
    try:
        until = time.monotonic() + 60
        while "SIP is ready" not in log.read_text():
            assert running.poll() is None and time.monotonic() < until, log.read_text()
            time.sleep(0.2)
        yield
    finally:
        subprocess.run([REPO / "anju", "sip", "down"], env=place.environment, check=False)
        running.wait(30)


def resident(place: Place, page: Page) -> App:
    """The demo's resident of 1-1-101, signed in on this page."""
    app = App(page, place.front)
    app.sign_in(place.demo["resident"]["phone"], place.demo["resident"]["password"])
    return app
