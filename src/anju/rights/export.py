"""Everything that is held about one person, as they may take it away: JSON for machines, PDF for reading."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.privacy import erasure, pdf, scope
from anju.privacy.blocks import Block, Heading, Paragraph, table
from anju.privacy.declarations import Category, Declares, Personal
from anju.privacy.gateway import title_of
from anju.privacy.models import Consent, Sharing
from anju.privacy.purposes import PURPOSES
from anju.privacy.sealed import Sealed, SealedValue
from anju.privacy.vault import Erased

SECRETS = (Category.CREDENTIAL, Category.FACE)
"""What is named but not written out: a copy of it would open doors."""


@dataclass(frozen=True)
class Section:
    """The rows of one kind. place: the model. heads: field names and their titles. rows: values by field name."""

    place: str
    title: str
    heads: dict[str, str]
    rows: list[dict[str, str]]


def _heads(model: type[models.Model], declares: Declares) -> dict[str, tuple[str, Category]]:
    found: dict[str, tuple[str, Category]] = {}
    for field in model._meta.local_fields:
        declaration = declares.of(field.name)
        if isinstance(field, Sealed) and field.category:
            found[field.name] = (str(field.verbose_name), field.category)
        elif isinstance(declaration, Personal):
            found[field.name] = (str(declaration.title), declaration.category)
    return found


def _text(row: models.Model, name: str, category: Category) -> str:
    value = getattr(row, name)
    if value is None:
        return ""
    if category in SECRETS:
        return _("（已保存，不予导出）")
    if category is Category.PICTURE:
        return _("（照片，可在应用中查看和保存）")
    if isinstance(value, SealedValue):
        try:
            return value.open()
        except Erased:
            return ""
    if isinstance(value, datetime):
        return timezone.localtime(value).isoformat(timespec="seconds")
    display = getattr(row, f"get_{name}_display", None)
    return str(display() if display else value)


def sections(subject: UUID) -> Iterator[Section]:
    """Everything about this person, model by model; then what they agreed to and what went to others."""
    with scope.platform():
        for model, declares, rows in erasure.rows_of(subject):
            heads = _heads(model, declares)
            if not heads:
                continue
            found = [{name: _text(row, name, kind) for name, (_title, kind) in heads.items()} for row in rows]
            if found:
                titles = {name: title for name, (title, _kind) in heads.items()}
                yield Section(model._meta.label, str(declares.title_of(model)), titles, found)
        yield _consents(subject)
        yield _sharings(subject)


def _consents(subject: UUID) -> Section:
    heads = {"purpose": _("用途"), "version": _("版本"), "action": _("操作"), "at": _("时间")}
    rows = [
        {
            "purpose": str(PURPOSES[act.purpose].title) if act.purpose in PURPOSES else act.purpose,
            "version": str(act.version),
            "action": str(act.get_action_display()),
            "at": timezone.localtime(act.at).isoformat(timespec="seconds"),
        }
        for act in Consent.objects.filter(subject=subject).order_by("id")
    ]
    return Section("consents", _("同意记录"), heads, rows)


def _sharings(subject: UUID) -> Section:
    heads = {"recipient": _("接收方"), "fields": _("字段"), "result": _("结果"), "at": _("时间")}
    rows = [
        {
            "recipient": str(title_of(one.recipient)),
            "fields": "、".join(one.fields),
            "result": str(one.get_result_display()),
            "at": timezone.localtime(one.at).isoformat(timespec="seconds"),
        }
        for one in Sharing.objects.filter(subject=subject).order_by("id")
    ]
    return Section("sharings", _("对外提供记录"), heads, rows)


def as_json(subject: UUID) -> bytes:
    """The whole of it for another platform to read (PIPL Art. 45)."""
    said: dict[str, Any] = {  # Any: JSON
        "format": "anju-export-1",
        "subject": str(subject),
        "made": timezone.now().isoformat(),
        "sections": [
            {"place": one.place, "title": one.title, "fields": one.heads, "rows": one.rows} for one in sections(subject)
        ],
    }
    return json.dumps(said, ensure_ascii=False, indent=1).encode()


def as_pdf(subject: UUID) -> bytes:
    """The whole of it for reading."""
    blocks: list[Block] = [Heading(1, _("我的个人信息")), Paragraph(_("导出时间：%(at)s") % {"at": _now()})]
    for one in sections(subject):
        blocks.append(Heading(2, one.title))
        blocks += [
            table((_("信息"), _("内容")), [(title, row[name]) for name, title in one.heads.items()]) for row in one.rows
        ]
    return pdf.write(blocks, "anju-export-1")


def _now() -> str:
    return timezone.localtime().strftime("%Y-%m-%d %H:%M")
