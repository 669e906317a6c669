"""What a document is made of. Markdown, JSON and PDF are three ways to write the same blocks."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from anju.privacy.refusals import Text


@dataclass(frozen=True)
class Heading:
    """level: 1 for the document's title, 2 for its parts."""

    level: int
    text: str


@dataclass(frozen=True)
class Paragraph:
    text: str


@dataclass(frozen=True)
class Table:
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


Block = Heading | Paragraph | Table
_KINDS: dict[str, type[Heading] | type[Paragraph] | type[Table]] = {
    "heading": Heading,
    "paragraph": Paragraph,
    "table": Table,
}


def table(heads: Sequence[Text], rows: Iterable[Sequence[Text]]) -> Table:
    """A table of texts in the language of this moment."""
    return Table(tuple(map(str, heads)), tuple(tuple(map(str, row)) for row in rows))


def markdown(blocks: Iterable[Block]) -> str:
    """The blocks as Markdown, ending with a line break."""
    return "\n\n".join(_markdown(block) for block in blocks) + "\n"


def _markdown(block: Block) -> str:
    match block:
        case Heading():
            return "#" * block.level + " " + block.text
        case Paragraph():
            return block.text
        case Table():
            rows = ["| " + " | ".join(row) + " |" for row in (block.heads, *block.rows)]
            return "\n".join([rows[0], "|" + "---|" * len(block.heads), *rows[1:]])


def as_json(blocks: Iterable[Block]) -> list[dict[str, Any]]:  # Any: JSON
    """The blocks as JSON, each with its kind."""
    kinds = {its: kind for kind, its in _KINDS.items()}
    return [{"kind": kinds[type(block)], **asdict(block)} for block in blocks]


def from_json(stored: Iterable[dict[str, Any]]) -> list[Block]:  # Any: as above
    """What `as_json` made."""
    found: list[Block] = []
    for one in stored:
        match one:
            case {"kind": "table", "heads": heads, "rows": rows}:
                found.append(table(heads, rows))
            case {"kind": kind, **fields}:
                found.append(_KINDS[kind](**fields))
    return found
