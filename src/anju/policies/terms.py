"""What people agreed to, as facts: taken off the declarations, comparable, and said in plain words.

A change is material by what it does, never by what somebody says about it: more is collected, kept longer, given to more
parties, or used for something else than was agreed to.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import translation
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from anju.privacy.declarations import LASTS, Category, Retention
from anju.privacy.documents import LANGUAGES
from anju.privacy.gateway import RECIPIENTS, Recipient
from anju.privacy.purposes import PURPOSES, Basis, Purpose
from anju.privacy.refusals import Text
from anju.privacy.registry import BASES, CATEGORIES, RETENTIONS, held_for

Terms = Mapping[str, Any]
"""JSON: the controller's name, and purposes and recipients by code."""


def _both(text: Text) -> dict[str, str]:
    """A text in every language: what it said then must be readable later."""
    found = {}
    for language in LANGUAGES:
        with translation.override(language):
            found[language] = str(text)
    return found


def _purpose(purpose: Purpose) -> dict[str, Any]:
    return {
        "version": purpose.version,
        "title": _both(purpose.title),
        "text": _both(purpose.text),
        "basis": purpose.basis.value,
        "optional": purpose.optional,
        "fields": {
            held.place: {
                "title": _both(held.title),
                "category": held.category.value,
                "required": held.required,
                "retention": held.retention.value,
                "sealed": held.sealed,
            }
            for held in held_for(purpose)
        },
    }


def _recipient(recipient: Recipient) -> dict[str, Any]:
    return {
        "title": _both(recipient.title),
        "purpose": recipient.purpose.code,
        "fields": {name: Category(kind).value for name, kind in recipient.fields.items()},
    }


def declared(controller: Text) -> dict[str, Any]:
    """The terms as the code declares them now."""
    return {
        "controller": _both(controller),
        "purposes": {code: _purpose(one) for code, one in PURPOSES.items()},
        "recipients": {code: _recipient(one) for code, one in RECIPIENTS.items()},
    }


@dataclass(frozen=True)
class Change:
    """One difference between two terms. purpose: the code of what it touches, None for all. words: it as a sentence."""

    words: str
    material: bool
    purpose: str | None = None


def compare(old: Terms, new: Terms) -> list[Change]:
    """Every difference, in the reader's language, the purposes in their order."""
    found: list[Change] = []
    if old["controller"] != new["controller"]:
        names = {"old": _said(old["controller"]), "new": _said(new["controller"])}
        found.append(Change(_("个人信息处理者由“%(old)s”变更为“%(new)s”。") % names, material=True))
    for code in dict.fromkeys([*new["purposes"], *old["purposes"]]):
        found += _purpose_changes(code, old["purposes"].get(code), new["purposes"].get(code))
    for code in dict.fromkeys([*new["recipients"], *old["recipients"]]):
        found += _recipient_changes(old["recipients"].get(code), new["recipients"].get(code), new["purposes"])
    return found


def touched(changes: list[Change]) -> list[str]:
    """The purposes that material changes are about."""
    return list(dict.fromkeys(one.purpose for one in changes if one.material and one.purpose))


def unraised(old: Terms, new: Terms) -> list[str]:
    """Purposes that people would have to agree to anew, but whose version was not raised: nobody would be asked."""
    both = old["purposes"].keys() & new["purposes"].keys()
    return [
        code
        for code in touched(compare(old, new))
        if code in both and new["purposes"][code]["version"] <= old["purposes"][code]["version"]
    ]


def _said(texts: Mapping[str, str]) -> str:
    return texts.get(get_language() or "", texts[LANGUAGES[0]])


def _purpose_changes(code: str, old: Terms | None, new: Terms | None) -> Iterator[Change]:
    title = _said((new or old or {})["title"])
    if old is None or new is None:
        words = _("新增用途“%(purpose)s”。") if old is None else _("取消用途“%(purpose)s”。")
        yield Change(words % {"purpose": title}, material=old is None, purpose=code)
        return
    if old["text"][LANGUAGES[0]] != new["text"][LANGUAGES[0]]:  # the Chinese text is the one that counts
        yield Change(_("“%(purpose)s”的说明有修改。") % {"purpose": title}, material=True, purpose=code)
    if old["basis"] != new["basis"]:
        names = {"purpose": title, "old": BASES[Basis(old["basis"])], "new": BASES[Basis(new["basis"])]}
        yield Change(_("“%(purpose)s”的依据由“%(old)s”改为“%(new)s”。") % names, material=True, purpose=code)
    if old["optional"] != new["optional"]:
        words = _("“%(purpose)s”改为可选。") if new["optional"] else _("“%(purpose)s”改为必要。")
        yield Change(words % {"purpose": title}, material=not new["optional"], purpose=code)
    for place in dict.fromkeys([*new["fields"], *old["fields"]]):
        for words, material in _field_changes(old["fields"].get(place), new["fields"].get(place)):
            yield Change(_("“%(purpose)s”中，%(words)s") % {"purpose": title, "words": words}, material, purpose=code)
    if old["version"] != new["version"]:
        words = _("“%(purpose)s”更新为第 %(version)s 版，须重新同意。")
        yield Change(words % {"purpose": title, "version": new["version"]}, material=True, purpose=code)


def _field_changes(old: Terms | None, new: Terms | None) -> Iterator[tuple[str, bool]]:
    """What changed about one piece of information, and whether that is material."""
    title = _said((new or old or {})["title"])
    if old is None and new is not None:
        kind = CATEGORIES[Category(new["category"])]
        yield _("新增信息“%(field)s”（%(kind)s）。") % {"field": title, "kind": kind}, True
    elif new is None:
        yield _("不再收集“%(field)s”。") % {"field": title}, False
    elif old is not None:
        if old["category"] != new["category"]:
            yield _("“%(field)s”的类型有变化。") % {"field": title}, True
        if old["required"] != new["required"]:
            words = _("“%(field)s”改为必填。") if new["required"] else _("“%(field)s”改为选填。")
            yield words % {"field": title}, new["required"]
        if old["sealed"] != new["sealed"]:
            words = _("“%(field)s”改为加密保存。") if new["sealed"] else _("“%(field)s”不再加密保存。")
            yield words % {"field": title}, not new["sealed"]
        if old["retention"] != new["retention"]:
            facts = {"field": title, "old": _lasting(old["retention"]), "new": _lasting(new["retention"])}
            longer = _length(new["retention"]) > _length(old["retention"])
            yield _("“%(field)s”的保存期限由“%(old)s”改为“%(new)s”。") % facts, longer


def _lasting(code: str) -> Text:
    return RETENTIONS[Retention(code)] if code in set(Retention) else code


def _length(code: str) -> timedelta:
    """How long a retention is; what no clock ends is longer than any clock, and an account outlasts a service."""
    if code in LASTS:
        return LASTS[Retention(code)]
    return timedelta.max if code == Retention.ACCOUNT else timedelta.max / 2


def _recipient_changes(old: Terms | None, new: Terms | None, purposes: Terms) -> Iterator[Change]:
    its = new or old or {}
    code, title = its["purpose"], _said(its["title"])
    purpose = _said(purposes[code]["title"]) if code in purposes else code
    if old is None:
        words = _("新增接收方“%(recipient)s”，用于“%(purpose)s”。")
        yield Change(words % {"recipient": title, "purpose": purpose}, material=True, purpose=code)
    elif new is None:
        yield Change(_("不再向“%(recipient)s”提供信息。") % {"recipient": title}, material=False, purpose=code)
    else:
        if old["purpose"] != new["purpose"]:
            words = _("向“%(recipient)s”提供信息改为用于“%(purpose)s”。")
            yield Change(words % {"recipient": title, "purpose": purpose}, material=True, purpose=code)
        if more := set(new["fields"].values()) - set(old["fields"].values()):
            kinds = "、".join(str(CATEGORIES[Category(one)]) for one in sorted(more))
            words = _("向“%(recipient)s”提供的信息增加：%(kinds)s。")
            yield Change(words % {"recipient": title, "kinds": kinds}, material=True, purpose=code)
