"""Meter readings from a spreadsheet at the console."""

import io
from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from openpyxl import load_workbook

from anju.billing import runs
from anju.billing.models import Basis, FeeItem, Reading
from anju.homes.models import Community, Home
from anju.privacy import scope
from tests import factories
from tests.billing.conftest import as_, bill, item, place
from tests.console.conftest import Desk


@pytest.fixture
def water(community: Community) -> FeeItem:
    return item(community, Basis.METER, "3.00", name="水费")


@pytest.fixture
def home(community: Community) -> Home:
    return place(community, "1201", "80")


def sent(manager: Desk, what: FeeItem, day: str, *rows: tuple[str, str]) -> str:
    """Upload a table. Returns the page, empty when it was taken."""
    book = factories.workbook(("房屋", "读数"), *rows)
    file = SimpleUploadedFile("readings.xlsx", book)
    answer = manager.post("readings/", {"item": str(what.pk), "day": day, "file": file})
    return "" if answer.status_code == 302 else answer.content.decode()


def test_two_readings_make_a_bill(manager: Desk, community: Community, home: Home, water: FeeItem) -> None:
    assert sent(manager, water, "2026-09-30", ("1-1-1201", "100")) == ""
    assert sent(manager, water, "2026-10-31", ("1栋1单元1201", "112.5")) == ""
    assert sent(manager, water, "2026-10-31", ("1-1-1201", "110")) == ""  # put right on the same day
    run = runs.count(as_(manager.person, runs.ask, water, date(2026, 10, 1)).pk)
    as_(manager.person, runs.issue, run)
    assert bill(home).amount == 30_00


def test_one_wrong_row_and_nothing_is_taken(manager: Desk, community: Community, home: Home, water: FeeItem) -> None:
    sent(manager, water, "2026-09-30", ("1-1-1201", "100"))
    rows = [("1-1-1201", "99"), ("9-9-9", "1"), ("1-1-1201", "abc"), ("1-1-1201", "-1")]
    page = sent(manager, water, "2026-10-31", *rows)
    for text in ("第 2 行", "比上次读数 100 小", "没有这套房屋：9-9-9", "读数应是不小于 0 的数字"):
        assert text in page
    twice = sent(manager, water, "2026-10-31", ("1-1-1201", "101"), ("1-1-1201", "102"))
    assert "出现了两次" in twice
    with scope.platform():
        assert Reading.objects.count() == 1


def test_a_reading_that_stands_in_a_bill_is_not_changed_by_a_table_either(
    manager: Desk, community: Community, home: Home, water: FeeItem
) -> None:
    sent(manager, water, "2026-09-30", ("1-1-1201", "100"))
    sent(manager, water, "2026-10-31", ("1-1-1201", "110"))
    run = runs.count(as_(manager.person, runs.ask, water, date(2026, 10, 1)).pk)
    as_(manager.person, runs.issue, run)
    assert "已计入账单" in sent(manager, water, "2026-10-31", ("1-1-1201", "109"))
    assert sent(manager, water, "2026-10-31", ("1-1-1201", "110")) == ""  # the same again is no change


def test_the_template_is_read_by_what_reads_the_upload(manager: Desk) -> None:
    sheet = load_workbook(io.BytesIO(manager.get("readings/template.xlsx").content)).active
    assert [one.value for one in sheet[1]] == ["房屋", "读数"]


def test_tomorrow_has_not_been_read_yet(manager: Desk, home: Home, water: FeeItem) -> None:
    assert "不能晚于今天" in sent(manager, water, "2199-01-01", ("1-1-1201", "1"))
