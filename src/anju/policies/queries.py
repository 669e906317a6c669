"""Reading the documents: what is in force, what comes, what changed."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.policies import terms
from anju.policies.models import Controller, Version
from anju.privacy import blocks, documents
from anju.privacy.blocks import Block
from anju.privacy.refusals import Refused, Text


def controller(at: datetime | None = None) -> Text:
    """Who answers for the personal data at this moment; None: after the last handover that is announced."""
    rows = Controller.objects.filter(since__lte=at) if at else Controller.objects.all()
    last = rows.first()
    return last.name if last else settings.CONTROLLER


def latest() -> Version | None:
    """The newest version, in force or announced."""
    return Version.objects.first()


def upcoming() -> Version | None:
    """A material change that people have been told of and that is not in force yet."""
    last = latest()
    return last if last and last.material and last.effective_at > timezone.now() else None


def version(number: int | None) -> Version:
    """This version; the newest for None. Raises Refused."""
    found = Version.objects.filter(pk=number).first() if number is not None else latest()
    if found is None:
        raise Refused("unknown_version", _("没有这个版本，请从版本列表中选择。"), status=404)
    return found


def document(of: Version, name: str, language: str) -> list[Block]:
    """One of its documents. Raises Refused."""
    stored = of.documents.get(language, of.documents[documents.LANGUAGES[0]]).get(name)
    if stored is None:
        raise Refused("unknown_document", _("没有这份文件，请从文件列表中选择。"), status=404)
    return blocks.from_json(stored)


@dataclass(frozen=True)
class Difference:
    """Two versions compared: in plain words, and line by line (unified, by document)."""

    words: list[terms.Change]
    lines: dict[str, list[str]]


def difference(old: Version, new: Version, language: str) -> Difference:
    """What changed from `old` to `new`, in this language."""
    return Difference(
        terms.compare(old.terms, new.terms),
        {name: lines for name in _names(old, new) if (lines := _lines(old, new, name, language))},
    )


def _names(*versions: Version) -> Iterable[str]:
    every = {name for one in versions for texts in one.documents.values() for name in texts}
    return [name for name in documents.DOCUMENTS if name in every]


def _lines(old: Version, new: Version, name: str, language: str) -> list[str]:
    before, after = (
        blocks.markdown(blocks.from_json(one.documents[language].get(name, []))).splitlines() for one in (old, new)
    )
    found = difflib.unified_diff(before, after, n=0, lineterm="")
    return [line for line in found if not line.startswith(("---", "+++", "@@"))]
