"""A whole running Anju, once for all journeys, and browsers with a camera."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Page, Playwright

from anju.site.tour import browser, photos, scratch
from anju.site.tour.photos import Sitter
from anju.site.tour.scratch import Place
from anju.site.tour.staff import Staff

Open = Callable[..., Page]


@pytest.fixture(scope="session")
def place() -> Iterator[Place]:
    """`./anju up` in a folder of its own."""
    with scratch.running() as running:
        yield running


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
    """open_page(size, sees=photograph): a page in a browser of its own, whose camera sees that person."""
    with ExitStack() as stack:

        def make(size: dict[str, int], sees: bytes | None = None, language: str = "zh-CN") -> Page:
            camera = None
            if sees is not None:
                shots = [photos.arms_length(sees, width=960, height=720, shift=shift) for shift in (0, 2, 4, 2)]
                camera = photos.video(shots, tmp_path / f"{len(list(tmp_path.iterdir()))}.y4m")
            opened = browser.launch(playwright, camera)
            stack.callback(opened.close)
            page = browser.context(opened, size, language=language).new_page()
            # What a page logs as an error is a fault of ours; a 401 before signing in is how the app learns that nobody is.
            page.on("pageerror", lambda error: pytest.fail(f"the page broke: {error}"))
            return page

        yield make
