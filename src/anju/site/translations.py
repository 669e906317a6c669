"""Translations: extracted, compared and compiled by Babel, so that no gettext tools are needed.

Chinese stands in the code; English in locale/en; the console's few English strings of its libraries in locale/zh_Hans.
"""

import re
import sys
from pathlib import Path

from babel.messages import pofile
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo

from anju.installation.paths import REPO

LOCALE = REPO / "src" / "anju" / "site" / "locale"
_TAG = re.compile(r"""{%\s*(?:translate|trans)\s+(["'])(.+?)\1""")
_BLOCK = re.compile(r"{%\s*blocktranslate\b[^%]*%}(.+?){%\s*(?:plural|endblocktranslate)\s*%}", re.DOTALL)
_VARIABLE = re.compile(r"{{\s*(\w+)\s*}}")


def _files() -> list[Path]:
    return sorted(LOCALE.glob("*/LC_MESSAGES/django.po"))


def compile_all() -> None:
    """Write a .mo beside every .po that is newer."""
    for path in _files():
        target = path.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= path.stat().st_mtime:
            continue
        with path.open("rb") as source, target.open("wb") as out:
            write_mo(out, pofile.read_po(source))


def _is_chinese(text: str) -> bool:
    return any("一" <= letter <= "鿿" for letter in text)


def messages() -> dict[str, list[str]]:
    """Every text in the code that people read, with where it stands."""
    found: dict[str, list[str]] = {}
    keywords = dict.fromkeys(("_", "gettext", "gettext_lazy"))
    for name, line, text, _comments, _context in extract_from_dir(
        REPO / "src" / "anju", [("**.py", "python")], keywords=keywords
    ):
        one = text if isinstance(text, str) else text[0]
        found.setdefault(one, []).append(f"{name}:{line}")
    for path in (REPO / "src" / "anju").rglob("templates/**/*.html"):
        text, place = path.read_text(), str(path.relative_to(REPO))
        for match in _TAG.finditer(text):
            found.setdefault(match[2], []).append(place)
        for match in _BLOCK.finditer(text):
            found.setdefault(_block(match[1]), []).append(place)
    return found


def _block(text: str) -> str:
    """A trimmed blocktranslate's text as Django looks it up."""
    joined = " ".join(line.strip() for line in text.strip().splitlines())
    return _VARIABLE.sub(r"%(\1)s", joined.replace("%", "%%"))


def _catalog(language: str) -> Catalog:
    path = LOCALE / language / "LC_MESSAGES" / "django.po"
    with path.open("rb") as file:
        return pofile.read_po(file)


def missing() -> list[str]:
    """Texts without English, and English for texts that no longer exist."""
    english = _catalog("en")
    used = {text: places for text, places in messages().items() if _is_chinese(text)}
    have = {str(one.id): str(one.string) for one in english if one.id}
    problems = [f"no English: {text}  ({places[0]})" for text, places in used.items() if not have.get(text)]
    return problems + [f"unused: {text}" for text in have if text not in used]


def main(arguments: list[str]) -> int:
    if arguments == ["compile"]:
        compile_all()
        return 0
    problems = missing()
    for problem in problems:
        sys.stdout.write(problem + "\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
