"""The privacy documents, generated from the declarations: what they say is what the code does.

They are Markdown in docs/policy, in Chinese and English; a test compares them with the code. A document's version is the
hash of its text.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence

from django.utils import translation
from django.utils.translation import gettext as _

from anju.privacy.permissions import PERMISSIONS
from anju.privacy.purposes import PURPOSES, Purpose
from anju.privacy.refusals import Text
from anju.privacy.registry import BASES, CATEGORIES, RETENTIONS, held_for

LANGUAGES = ("zh-hans", "en")
Lines = Iterator[str]


def _table(heads: Sequence[Text], rows: Sequence[Sequence[Text]]) -> Lines:
    yield "| " + " | ".join(str(head) for head in heads) + " |"
    yield "|" + "---|" * len(heads)
    for row in rows:
        yield "| " + " | ".join(str(cell) for cell in row) + " |"
    yield ""


def _yes(value: bool) -> str:
    return _("是") if value else _("否")


def _listed(texts: Sequence[Text]) -> str:
    return " · ".join(str(text) for text in texts)


def _policy() -> Lines:
    yield "# " + _("隐私说明")
    yield _(
        "本说明由程序根据实际收集和使用的信息自动生成。每一项用途单独征求您的同意，可以随时在“我的 · 隐私与同意”中撤回。"
    )
    yield ""
    for purpose in PURPOSES.values():
        yield from _purpose(purpose)
    yield "## " + _("我们如何保护这些信息")
    yield _("标为加密的信息用您个人的密钥加密，密钥不放在主数据库；密钥销毁后，包括备份在内，任何人都无法再读取。")
    yield _(
        "工作人员默认只能看到打码后的内容；查看完整信息须说明理由，并留下不可更改的记录。不同小区的数据由数据库相互隔离。"
    )
    yield _("门禁里没有您的姓名、电话和房号，只有一个编号。")


def _purpose(purpose: Purpose) -> Lines:
    yield f"## {purpose.title}"
    yield f"{purpose.text}"
    yield ""
    kinds = dict.fromkeys(CATEGORIES[held.category] for held in held_for(purpose))
    yield from _table(
        (_("项目"), _("说明")),
        (
            (_("依据"), BASES[purpose.basis]),
            (_("是否可选"), _("可选") if purpose.optional else _("必要")),
            (_("需要先同意"), _listed([needed.title for needed in purpose.needs]) or _("无")),
            (_("收集的信息类型"), _listed(list(kinds))),
            (_("不同意或撤回时"), _listed(purpose.stops)),
            (_("版本"), str(purpose.version)),
        ),
    )


def _collected() -> Lines:
    yield "# " + _("个人信息收集明示清单")
    yield _("下面列出的是全部；没有列出的，程序不会收集。")
    yield ""
    for purpose in PURPOSES.values():
        yield f"## {purpose.title}"
        rows = [
            (one.title, CATEGORIES[one.category], _yes(one.required), _yes(one.sealed), RETENTIONS[one.retention])
            for one in held_for(purpose)
        ]
        yield from _table((_("信息"), _("类型"), _("必填"), _("用您的密钥加密"), _("保留多久")), rows)


def _permissions() -> Lines:
    yield "# " + _("设备权限清单")
    yield _("权限在用到时才询问，可以随时在手机系统中关闭。")
    yield ""
    rows = [(one.title, one.when, one.why, one.without) for one in PERMISSIONS]
    yield from _table((_("权限"), _("何时询问"), _("用来做什么"), _("不授权时")), rows)


def _recipients() -> Lines:
    yield "# " + _("第三方共享清单")
    yield _(
        "目前没有：程序不向任何第三方提供个人信息，也不含第三方的 SDK。验证码由物业工作人员转告，没有经过短信服务商。"
    )


DOCUMENTS: dict[str, Callable[[], Lines]] = {
    "policy": _policy,
    "collected": _collected,
    "permissions": _permissions,
    "recipients": _recipients,
}


def render(name: str, language: str) -> str:
    """One document in one language, ending with its version. Raises KeyError."""
    with translation.override(language):
        text = "\n".join(DOCUMENTS[name]()).rstrip() + "\n"
        return text + "\n---\n" + _("版本") + f" {version(text)}\n"


def version(text: str) -> str:
    """What tells one wording from another."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]
