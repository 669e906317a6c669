"""Spreadsheets that say who took them: a mark in the header of every sheet, in its first row and in the file's properties."""

import io
from collections.abc import Iterable
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _
from openpyxl import Workbook

from anju.homes.spreadsheets import inert


class Book:
    """An Excel file made for one person under one request."""

    def __init__(self, request: UUID, who: str) -> None:
        facts = {"who": who, "time": f"{timezone.localtime():%Y-%m-%d %H:%M}", "id": str(request)}
        self._mark = _("%(who)s 导出于 %(time)s · 申请编号 %(id)s · 仅限所申请的用途，不得转发") % facts
        self._book = Workbook(write_only=True)
        self._book.properties.creator = self._mark
        self._book.properties.description = self._book.properties.keywords = str(request)

    def sheet(self, title: str, rows: Iterable[list[str]]) -> None:
        """One more sheet with these rows."""
        made = self._book.create_sheet(title)
        made.oddHeader.center.text = self._mark.replace("&", "&&")
        made.append([self._mark])
        for row in rows:
            made.append([inert(made, cell) for cell in row])

    def content(self) -> bytes:
        out = io.BytesIO()
        self._book.save(out)
        return out.getvalue()
