"""Blocks as PDF. The Chinese font is one that every reader of PDF brings (Adobe's Song), so none is shipped."""

import io
from collections.abc import Iterable
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Table, TableStyle

from anju.privacy import blocks
from anju.privacy.blocks import Block

FONT = "STSong-Light"
_INK, _LINE, _SHADE = colors.HexColor("#14211f"), colors.HexColor("#c9d6d4"), colors.HexColor("#e3f1ef")
_MARGIN = 18 * mm

pdfmetrics.registerFont(UnicodeCIDFont(FONT))


def _style(size: float, *, before: float = 0, after: float = 4) -> ParagraphStyle:
    return ParagraphStyle(
        f"{size}", fontName=FONT, fontSize=size, leading=size * 1.55, wordWrap="CJK",
        textColor=_INK, spaceBefore=before, spaceAfter=after,
    )  # fmt: skip


_BODY, _CELL = _style(10.5), _style(9, after=0)
_HEADINGS = {1: _style(18, after=10), 2: _style(13, before=10)}
_GRID = TableStyle(
    [
        ("GRID", (0, 0), (-1, -1), 0.4, _LINE),
        ("BACKGROUND", (0, 0), (-1, 0), _SHADE),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ]
)


def write(content: Iterable[Block], foot: str) -> bytes:
    """A PDF of A4 pages; `foot` and the page's number stand at the bottom of each."""
    out = io.BytesIO()
    document = SimpleDocTemplate(
        out, pagesize=A4, leftMargin=_MARGIN, rightMargin=_MARGIN, topMargin=_MARGIN, bottomMargin=_MARGIN, title=foot
    )

    def number(canvas: Canvas, page: SimpleDocTemplate) -> None:
        canvas.setFont(FONT, 8)
        canvas.drawString(_MARGIN, 10 * mm, foot)
        canvas.drawRightString(A4[0] - _MARGIN, 10 * mm, str(page.page))

    document.build([_flowable(block, document.width) for block in content], onFirstPage=number, onLaterPages=number)
    return out.getvalue()


def _flowable(block: Block, width: float) -> Flowable:
    match block:
        case blocks.Heading():
            return Paragraph(escape(block.text), _HEADINGS[block.level])
        case blocks.Paragraph():
            return Paragraph(escape(block.text), _BODY)
        case blocks.Table():
            rows = [[Paragraph(escape(cell), _CELL) for cell in row] for row in (block.heads, *block.rows)]
            return Table(rows, _widths(block, width), style=_GRID, repeatRows=1, spaceBefore=4, spaceAfter=8)


def _widths(block: blocks.Table, width: float) -> list[float]:
    """Columns as wide as what they hold asks for, none of them a sliver."""
    asked = [
        min(30, max(4, *(len(row[place]) for row in (block.heads, *block.rows)))) for place in range(len(block.heads))
    ]
    return [width * one / sum(asked) for one in asked]
