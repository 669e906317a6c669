"""The privacy documents, open to everybody: to read before signing up, and to hold us to afterwards."""

from datetime import datetime
from typing import Any, Literal

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from ninja import Router, Schema

from anju.policies import queries
from anju.policies.models import Version
from anju.privacy import blocks, documents, pdf

router = Router(tags=["policies"])


class DocumentTitle(Schema):
    name: str
    title: str


class VersionOut(Schema):
    number: int
    published_at: datetime
    effective_at: datetime
    material: bool
    hash: str


class ChangeOut(Schema):
    """One difference in plain words. purpose: the code of what it touches."""

    words: str
    material: bool
    purpose: str | None


class Announced(Schema):
    """A material change that is not in force yet. purposes: what is asked anew."""

    version: VersionOut
    since: int
    purposes: list[str]
    changes: list[ChangeOut]


class PoliciesOut(Schema):
    controller: str
    documents: list[DocumentTitle]
    version: VersionOut
    announced: Announced | None
    versions: list[VersionOut]


class BlockOut(Schema):
    """heading: level and text. paragraph: text. table: heads and rows."""

    kind: Literal["heading", "paragraph", "table"]
    level: int | None = None
    text: str | None = None
    heads: list[str] | None = None
    rows: list[list[str]] | None = None


class DocumentOut(Schema):
    name: str
    title: str
    version: VersionOut
    blocks: list[BlockOut]


class LinesOut(Schema):
    """What one document says otherwise. lines: each after a minus (before) or a plus (after)."""

    name: str
    title: str
    lines: list[str]


class ChangesOut(Schema):
    old: VersionOut
    new: VersionOut
    words: list[ChangeOut]
    lines: list[LinesOut]


def _language() -> str:
    language = get_language() or ""
    return language if language in documents.LANGUAGES else documents.LANGUAGES[0]


def _version(version: Version) -> VersionOut:
    return VersionOut.from_orm(version)


def _changes(old: Version, new: Version) -> ChangesOut:
    found = queries.difference(old, new, _language())
    return ChangesOut(
        old=_version(old),
        new=_version(new),
        words=[ChangeOut.from_orm(one) for one in found.words],
        lines=[
            LinesOut(name=name, title=str(documents.TITLES[name]), lines=lines) for name, lines in found.lines.items()
        ],
    )


def _announced() -> Announced | None:
    coming = queries.upcoming()
    if coming is None:
        return None
    before = queries.version(coming.number - 1)
    changes = _changes(before, coming)
    return Announced(
        version=changes.new,
        since=before.number,
        purposes=coming.purposes,
        changes=[one for one in changes.words if one.material],
    )


@router.get("/policies", response=PoliciesOut, auth=None)
def policies(request: HttpRequest) -> PoliciesOut:
    """Open to everybody."""
    versions = [_version(one) for one in Version.objects.defer("documents", "terms")]
    return PoliciesOut(
        controller=str(queries.controller(timezone.now())),
        documents=[DocumentTitle(name=name, title=str(title)) for name, title in documents.TITLES.items()],
        version=_version(queries.version(None)),
        announced=_announced(),
        versions=versions,
    )


@router.get("/policies/changes", response=ChangesOut, auth=None)
def changes(request: HttpRequest, old: int, new: int) -> ChangesOut:
    """What changed between any two versions. Open to everybody."""
    return _changes(queries.version(old), queries.version(new))


@router.get("/policies/{name}.pdf", auth=None)
def document_pdf(request: HttpRequest, name: str, version: int | None = None) -> HttpResponse:
    """One document to keep. Open to everybody."""
    of = queries.version(version)
    content = queries.document(of, name, _language())
    foot = _("%(title)s 第 %(number)s 版") % {"title": documents.TITLES[name], "number": of.number}
    return HttpResponse(
        pdf.write(content, foot),
        content_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="{name}-{of.number}.pdf"'},
    )


@router.get("/policies/{name}", response=DocumentOut, auth=None)
def document(request: HttpRequest, name: str, version: int | None = None) -> DocumentOut:
    """One document, in the version in force or in an older one. Open to everybody."""
    of = queries.version(version)
    found: list[Any] = blocks.as_json(queries.document(of, name, _language()))
    return DocumentOut(name=name, title=str(documents.TITLES[name]), version=_version(of), blocks=found)
