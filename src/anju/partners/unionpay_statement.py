"""UnionPay's statement of a day (对账文件, ZM): a text of fixed columns in a zip file, deflated once more, in base64."""

import base64
import binascii
import io
import re
import zipfile
import zlib

from anju.partners.paying import Line

_WIDTHS = (
    3,
    11,
    11,
    6,
    10,
    19,
    12,
    4,
    2,
    21,
    2,
    32,
    2,
    6,
    10,
    13,
    13,
    4,
    15,
    2,
    2,
    6,
    2,
    4,
    32,
    1,
    21,
    15,
    1,
    15,
    32,
    13,
    13,
    8,
    32,
)
"""Of the fields of a line, in bytes of GBK, with one byte between them; what comes after these is not read."""
_AMOUNT, _THEIRS, _ORDER, _FEE, _KIND, _OURS = 6, 9, 11, 15, 19, 34
_MOST = 100_000_000
"""Bytes of a day's file."""


def lines(content: str) -> list[Line]:
    """The day's orders: base64 of a deflated zip file, in which one text has a line for each. Raises OSError."""
    try:
        unpacked = zlib.decompressobj()
        packed = unpacked.decompress(base64.b64decode(content, validate=True), _MOST)
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            [one] = [one for one in archive.infolist() if re.search(r"INN\d+ZM_", one.filename)]
            if not unpacked.eof or one.file_size > _MOST:
                raise OSError("a statement that is too long, or cut short")
            return [_line(row) for row in archive.read(one).splitlines() if row.strip()]
    except (binascii.Error, zlib.error, zipfile.BadZipFile, ValueError) as error:
        raise OSError("a statement that cannot be read") from error


def _line(row: bytes) -> Line:
    """Raises ValueError."""
    cells, at = [], 0
    for width in _WIDTHS:
        cells.append(row[at : at + width].decode("gbk").strip())
        at += width + 1
    if len(row) < at - 1:
        raise ValueError("a line cut short")
    amount, order = int(cells[_AMOUNT]), cells[_ORDER]
    fee = int(cells[_FEE].lstrip("CD") or "0")
    if cells[_FEE].startswith("C"):  # to us
        fee = -fee
    if cells[_KIND] == "04":
        return Line(cells[_OURS] or order, cells[_THEIRS], amount, fee, order)
    return Line(order, cells[_THEIRS], amount, fee)
