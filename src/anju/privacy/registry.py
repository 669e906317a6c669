"""What is held about people, read off the declarations: for the API, for documents, for whoever asks."""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from anju.privacy import erasure
from anju.privacy.declarations import Category, Personal, Retention
from anju.privacy.purposes import Basis, Purpose
from anju.privacy.refusals import Text
from anju.privacy.sealed import Sealed

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
}
RETENTIONS: dict[Retention, Text] = {
    Retention.ACCOUNT: _("账号存续期间"),
    Retention.PURPOSE: _("服务期间，撤回即删"),
    Retention.ONE_DAY: _("1 天"),
    Retention.NINETY_DAYS: _("90 天"),
    Retention.HALF_YEAR: _("半年"),
    Retention.THREE_YEARS: _("3 年"),
}
BASES: dict[Basis, Text] = {
    Basis.CONSENT: _("您的同意"),
    Basis.SEPARATE_CONSENT: _("您的单独同意"),
    Basis.LAW: _("法律要求"),
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
