"""Looking for values in raw files: whatever a program might have left, in whatever spelling."""

import base64
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "gb18030", "hex", "base64", "base64url", "percent", "json")


def spellings(value: str) -> dict[str, list[bytes]]:
    """How a value may lie in a file, by encoding; base64 has one spelling for each place it can begin at."""
    raw = value.encode()
    found = {name: [value.encode(name)] for name in ("utf-8", "utf-16-le", "utf-16-be", "gb18030")}
    found["hex"] = [raw.hex().encode(), raw.hex().upper().encode()]
    found["base64"] = list(_base64(raw))
    found["base64url"] = [one.translate(bytes.maketrans(b"+/", b"-_")) for one in found["base64"]]
    found["percent"] = [quote(value, safe="").encode()]
    found["json"] = ["".join(one if one.isascii() else f"\\u{ord(one):04x}" for one in value).encode()]
    return found


def _base64(raw: bytes) -> Iterator[bytes]:
    """The part that is the same whatever comes before and after."""
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + raw)
        first = -(-before * 8 // 6)
        last = (before + len(raw)) * 8 // 6
        yield encoded[first:last]


@dataclass(frozen=True)
class Hit:
    """Where something was found."""

    label: str
    encoding: str
    place: str


def scan(wanted: Mapping[str, str | bytes], folders: Iterable[Path]) -> list[Hit]:
    """Look in every file below these folders for every value, by label. Bytes are looked for as they are."""
    patterns = [
        (label, encoding, one)
        for label, value in wanted.items()
        for encoding, ones in (spellings(value).items() if isinstance(value, str) else [("raw", [value])])
        for one in dict.fromkeys(ones)
    ]
    hits = []
    for folder in folders:
        for path in sorted(folder.rglob("*")) if folder.is_dir() else [folder]:
            if path.is_file() and not path.is_symlink():
                content = _content(path)
                hits += [Hit(label, encoding, str(path)) for label, encoding, pattern in patterns if pattern in content]
    return hits


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:  # a file of a running server may go while we look
        return b""
