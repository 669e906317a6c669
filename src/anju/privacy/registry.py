"""What is held about people, read off the declarations: for the API, for documents, for whoever asks."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import models
from django.utils.translation import gettext_lazy as _

from anju.privacy import consent, erasure, masks, scope
from anju.privacy.declarations import LASTS, Category, Declares, Erase, Personal, Retention
from anju.privacy.purposes import Basis, Purpose
from anju.privacy.refusals import Text
from anju.privacy.sealed import Sealed, SealedValue

CATEGORIES: dict[Category, Text] = {
    Category.ACCOUNT: _("账号信息"),
    Category.NAME: _("姓名"),
    Category.PHONE: _("电话号码"),
    Category.ID_NUMBER: _("证件号码"),
    Category.FACE: _("人脸信息"),
    Category.HOME: _("房屋与居住信息"),
    Category.DEVICE: _("设备信息"),
    Category.NETWORK: _("网络信息"),
    Category.ENTRY: _("通行信息"),
    Category.CREDENTIAL: _("鉴别信息"),
    Category.MESSAGE: _("消息内容"),
    Category.NOTE: _("说明与意见"),
    Category.PICTURE: _("照片"),
    Category.VEHICLE: _("车辆信息"),
    Category.CALL: _("呼叫信息"),
    Category.PAYMENT: _("交易信息"),
}
RETENTIONS: dict[Retention, Text] = {
    Retention.ACCOUNT: _("账号存续期间"),
    Retention.PURPOSE: _("服务期间，撤回即删"),
    Retention.ONE_DAY: _("1 天"),
    Retention.SEVEN_DAYS: _("7 天"),
    Retention.THIRTY_DAYS: _("30 天"),
    Retention.NINETY_DAYS: _("90 天"),
    Retention.HALF_YEAR: _("半年"),
    Retention.THREE_YEARS: _("3 年"),
    Retention.FIVE_YEARS: _("5 年"),
}
BASES: dict[Basis, Text] = {
    Basis.CONSENT: _("您的同意"),
    Basis.SEPARATE_CONSENT: _("您的单独同意"),
    Basis.LAW: _("法律要求"),
    Basis.CONTRACT: _("履行合同所必需"),
}


@dataclass(frozen=True)
class Held:
    """One field about a person. place: model.field. sealed: encrypted under the person's own key."""

    place: str
    title: Text
    category: Category
    required: bool
    retention: Retention
    sealed: bool


def held_for(purpose: Purpose) -> list[Held]:
    """Every field that is held for this purpose, in the order of the rooms."""
    found = []
    for model, declares in erasure.declared():
        for name, its in erasure.purposes_of(model, declares).items():
            if its is not purpose:
                continue
            place = f"{model._meta.label}.{name}"
            field, declaration = model._meta.get_field(name), declares.of(name)
            if isinstance(field, Sealed) and field.category:
                found.append(
                    Held(place, field.verbose_name, field.category, field.required, field.retention, sealed=True)
                )
            elif isinstance(declaration, Personal):
                its_kind, title = declaration.category, declaration.title
                found.append(Held(place, title, its_kind, required=True, retention=declaration.retention, sealed=False))
    return found


SHOWN = 3
"""Values of one field that are shown, masked, to the person they are about."""


@dataclass(frozen=True)
class Holding:
    """One field about one person, as it really is in the database.

    count: rows that hold it. values: the newest sealed ones, masked. until: when a clock has ended the last of them, None when
    it goes with the service or the account. goes: whether withdrawal erases it.
    """

    held: Held
    count: int
    values: list[str]
    until: datetime | None
    goes: bool


def holdings(subject: UUID, purpose: Purpose) -> list[Holding]:
    """What is held about this person for this purpose, counted row by row."""
    by_place = {held.place: held for held in held_for(purpose)}
    found = []
    with scope.platform():
        for model, declares, names in _models_of(purpose):
            rows = model._base_manager.filter(**{str(declares.subject): subject}).order_by("-pk")
            for name in names:
                place = f"{model._meta.label}.{name}"
                filled = rows.exclude(**{f"{name}__isnull": True}) if model._meta.get_field(name).null else rows
                if place in by_place and (count := filled.count()):
                    held = by_place[place]
                    values = [_masked(getattr(row, name)) for row in filled[:SHOWN]] if held.sealed else []
                    until = _until(declares, held, filled)
                    found.append(Holding(held, count, values, until, _goes(model, declares, name)))
    return found


def leaving(subject: UUID, purpose: Purpose) -> dict[str, int]:
    """What a withdrawal would erase, by the field's title: everything for this purpose and those that need it."""
    found: dict[str, int] = {}
    for one in consent.dependents(purpose):
        for holding in holdings(subject, one):
            if holding.goes:
                title = str(holding.held.title)
                found[title] = found.get(title, 0) + holding.count
    return found


def _models_of(purpose: Purpose) -> Iterator[tuple[type[models.Model], Declares, list[str]]]:
    """The models about persons that hold something for this purpose, and which fields."""
    for model, declares in erasure.declared():
        names = [name for name, its in erasure.purposes_of(model, declares).items() if its is purpose]
        if names and declares.subject:
            yield model, declares, names


def _goes(model: type[models.Model], declares: Declares, name: str) -> bool:
    """Whether `erasure.erase_purpose` takes it."""
    if declares.erase in (Erase.KEEP, Erase.BY_LAW):
        return False
    alone = len(set(erasure.purposes_of(model, declares).values())) == 1
    return (alone and declares.erase is Erase.ROW) or bool(model._meta.get_field(name).null)


def _masked(value: SealedValue) -> str:
    try:
        return value.masked()
    except UnicodeDecodeError:  # numbers, not text
        return masks.hidden("")


def _until(declares: Declares, held: Held, rows: models.QuerySet[Any]) -> datetime | None:
    if held.retention not in LASTS or declares.age is None:
        return None
    last: datetime | None = rows.aggregate(last=models.Max(declares.age))["last"]
    return last + LASTS[held.retention] if last else None
