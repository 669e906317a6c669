"""Reading a list of homes out of a spreadsheet file, and the empty one to fill in."""

import csv
import io
import zipfile
from collections.abc import Iterable
from itertools import islice
from typing import Any

import openpyxl
import tablib
from django.utils.translation import gettext as _
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.utils.exceptions import InvalidFileException

from anju.privacy.refusals import Refused

MOST_BYTES = 10 * 1024 * 1024
MOST_UNPACKED = 200 * 1024 * 1024
MOST_ROWS = 50_000
_MOST_COLUMNS = 50
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
"""What each form is to a browser."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_ENCODINGS = ("utf-8-sig", "gb18030")  # Excel in China saves CSV in GB 18030

Cells = list[str]


def read(content: bytes) -> list[Cells]:
    """The rows of an .xlsx (first sheet) or .csv file, cells as text. Raises Refused: what is wrong with it."""
    if len(content) > MOST_BYTES:
        raise Refused("file_too_big", _("文件超过 10 MB，请分几次导入。"), field="file")
    rows = _xlsx(content) if content[:2] == b"PK" else _csv(content)
    if len(rows) > MOST_ROWS + 1:
        raise Refused("too_many_rows", _("一次最多导入 50,000 套房屋，请分几次导入。"), field="file")
    return rows


def _not_a_spreadsheet() -> Refused:
    return Refused("not_a_spreadsheet", _("这不是可以读取的表格，请上传 Excel（.xlsx）或 CSV 文件。"), field="file")


def _xlsx(content: bytes) -> list[Cells]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if sum(one.file_size for one in packed.infolist()) > MOST_UNPACKED:
                raise Refused("file_too_big", _("文件解压后过大，请只保留房屋列表这一张表。"), field="file")
        # Formulas as they are written, not their remembered results, which may be out of date.
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=False)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()  # the size a file claims for itself may be wrong
        return [
            ["" if cell is None else _text(cell) for cell in row[:_MOST_COLUMNS]]
            for row in islice(sheet.iter_rows(values_only=True), MOST_ROWS + 2)
        ]
    except (
        zipfile.BadZipFile,
        InvalidFileException,
        KeyError,
        ValueError,
        IndexError,
        OSError,
        SyntaxError,
    ) as error:
        raise _not_a_spreadsheet() from error


def _text(cell: object) -> str:
    """1201.0 -> 1201: Excel keeps every number as a float."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()


def _csv(content: bytes) -> list[Cells]:
    for encoding in _ENCODINGS:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            break
        try:
            data = tablib.Dataset().load(text, format="csv", headers=False)
        except (tablib.InvalidDimensions, ValueError) as error:
            raise _not_a_spreadsheet() from error
        return [[str(cell or "").strip() for cell in row[:_MOST_COLUMNS]] for row in data]
    raise _not_a_spreadsheet()


def write(rows: Iterable[Cells], form: str, title: str) -> bytes:
    """A spreadsheet file (`xlsx` or `csv`) with these rows, in which nothing runs: a text that looks like a formula is a text."""
    return _write_xlsx(rows, title) if form == "xlsx" else _write_csv(rows)


def _write_xlsx(rows: Iterable[Cells], title: str) -> bytes:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet(title)
    for row in rows:
        sheet.append([inert(sheet, cell) for cell in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def inert(sheet: Any, text: str) -> Any:  # Any: openpyxl has no types
    """A cell that is text, whatever somebody has written."""
    cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", text))
    cell.data_type = "s"
    return cell


def _write_csv(rows: Iterable[Cells]) -> bytes:
    out = io.StringIO()
    table = csv.writer(out)
    for row in rows:
        table.writerow([f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in row])
    return out.getvalue().encode("utf-8-sig")  # with the mark in front Excel reads UTF-8
