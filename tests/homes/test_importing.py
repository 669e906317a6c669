"""Homes from a spreadsheet: what is wrong is said by row and column."""

import io
import zipfile
from decimal import Decimal

import pytest

from anju.homes import importing, spreadsheets
from anju.homes.importing import Plan
from anju.privacy.refusals import Refused
from tests.factories import workbook

HEAD = ["楼栋", "单元", "房号", "楼层", "建筑面积（平方米）"]
GOOD = ["3栋", "2单元", "1201", "12", "89.5"]


def plan(*rows: list[str], known: set[importing.Place] | None = None) -> Plan:
    return importing.plan([HEAD, *rows], known or set())


def fault(made: Plan) -> tuple[int, str, str]:
    (one,) = made.faults
    return one.row, str(one.column), str(one.text)


def test_excel_and_csv_read_alike() -> None:
    from_excel = spreadsheets.read(workbook(HEAD, ["3栋", "2单元", 1201.0, 12, 89.5]))
    text = ",".join(HEAD) + "\n" + ",".join(GOOD)
    assert (
        from_excel
        == spreadsheets.read(text.encode("utf-8-sig"))
        == spreadsheets.read(text.encode("gb18030"))
        == [HEAD, GOOD]
    )


def test_a_good_row_becomes_a_home() -> None:
    made = plan(GOOD)
    (row,) = made.new
    assert (row.place, row.floor, row.area) == (("3栋", "2单元", "1201"), 12, Decimal("89.50"))
    assert (made.buildings, made.units, made.skipped, made.faults) == ({"3栋"}, {("3栋", "2单元")}, 0, [])


def test_english_headings_any_order_and_no_area_will_do() -> None:
    made = importing.plan([["Room", "Floor", "Building", "Unit"], ["1201", "12", "3", "2"]], set())
    assert made.new[0].place == ("3", "2", "1201")
    assert made.new[0].area is None


@pytest.mark.parametrize(
    ("row", "column", "words"),
    [
        (["", "2单元", "1201", "12", ""], "楼栋", "没有填写"),
        (["3栋", "2单元", "1201", "", ""], "楼层", "没有填写"),
        (["3栋", "2单元", "1201", "十二", ""], "楼层", "不是楼层"),
        (["3栋", "2单元", "1201", "12.5", ""], "楼层", "不是楼层"),
        (["3栋", "2单元", "1201", "900", ""], "楼层", "不是楼层"),
        (["3栋", "2单元", "1201", "12", "大"], "建筑面积", "不是面积"),
        (["3栋", "2单元", "1201", "12", "-3"], "建筑面积", "不是面积"),
        (["3栋", "2单元", "1201", "12", "NaN"], "建筑面积", "不是面积"),
        (["3栋", "2单元", "=1200+1", "12", ""], "房号", "公式"),
        (["3" * 41, "2单元", "1201", "12", ""], "楼栋", "太长"),
    ],
)
def test_a_bad_cell_is_named_by_row_and_column(row: list[str], column: str, words: str) -> None:
    number, where, text = fault(plan(GOOD, row))
    assert (number, where) == (3, column)
    assert words in text


def test_every_fault_is_named_at_once() -> None:
    made = plan(["", "", "1201", "x", "y"], ["3栋", "2单元", "1", "一", "二"])
    assert [(one.row, str(one.column)) for one in made.faults] == [
        (2, "楼栋"),
        (2, "单元"),
        (3, "楼层"),
        (3, "建筑面积"),
    ]


def test_a_missing_column_and_an_empty_file_are_said_so() -> None:
    made = importing.plan([["楼栋", "单元", "房号"], ["3栋", "2单元", "1201"]], set())
    assert fault(made)[:2] == (1, "楼层")
    assert "没有房屋" in fault(plan())[2]
    assert len(importing.plan([], set()).faults) == 4


def test_a_row_twice_points_at_the_first() -> None:
    assert fault(plan(GOOD, ["3栋", "2单元", "1202", "12", ""], GOOD)) == (4, "房号", "与第 2 行重复。")


def test_homes_that_exist_are_skipped() -> None:
    made = plan(GOOD, ["3栋", "2单元", "1202", "12", ""], known={("3栋", "2单元", "1201")})
    assert (len(made.new), made.skipped, made.buildings, made.units) == (1, 1, set(), set())


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"PK\x03\x04 not a zip", "not_a_spreadsheet"),
        (b"%PDF-1.7 \xff\xfe\x00", "not_a_spreadsheet"),
        (b"x" * (spreadsheets.MOST_BYTES + 1), "file_too_big"),
        (("楼栋\n" * (spreadsheets.MOST_ROWS + 2)).encode(), "too_many_rows"),
    ],
)
def test_what_is_no_spreadsheet_is_refused(content: bytes, code: str) -> None:
    with pytest.raises(Refused) as refused:
        spreadsheets.read(content)
    assert refused.value.code == code


def test_a_file_that_swells_when_unpacked_is_refused() -> None:
    out = io.BytesIO()
    with (
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed,
        packed.open("xl/a.xml", "w", force_zip64=True) as entry,
    ):
        for _ in range(21):
            entry.write(bytes(10 * 1024 * 1024))
    with pytest.raises(Refused) as refused:
        spreadsheets.read(out.getvalue())
    assert refused.value.code == "file_too_big"
