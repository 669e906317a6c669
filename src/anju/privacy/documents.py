"""The privacy documents, generated from the declarations: what they say is what the code does.

They stand as Markdown in docs/policy, in Chinese and English; a test compares them with the code. A document's version is the
hash of its text. What the code cannot know, such as who runs this installation, comes from the settings.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from anju.privacy.blocks import Block, Heading, Paragraph, markdown, table
from anju.privacy.declarations import Category
from anju.privacy.gateway import RECIPIENTS
from anju.privacy.permissions import PERMISSIONS
from anju.privacy.purposes import PURPOSES, Audience, Purpose
from anju.privacy.refusals import Text
from anju.privacy.registry import BASES, CATEGORIES, RETENTIONS, held_for

LANGUAGES = ("zh-hans", "en")
ANSWER_DAYS = 15
"""How soon a request about one's own data is answered."""


def _yes(value: bool) -> str:
    return _("是") if value else _("否")


def _listed(texts: Sequence[Text]) -> str:
    return " · ".join(str(text) for text in texts)


def _policy(controller: Text) -> Iterator[Block]:
    yield Paragraph(
        _(
            "本政策由程序根据实际收集和使用的信息自动生成：写了什么，程序就做什么。每项用途单独征求您的同意，随时可以在“我的 → 隐私与同意”中撤回。"
        )
    )
    yield Heading(2, _("我们是谁"))
    yield table(
        (_("项目"), _("说明")),
        ((_("个人信息处理者"), controller), (_("联系方式"), settings.PRIVACY_CONTACT)),
    )
    yield Paragraph(
        _("对本政策或您的个人信息有疑问、意见或投诉，请按上面的方式联系我们。核实身份后，我们在 %(days)s 天内答复。")
        % {"days": ANSWER_DAYS}
    )
    for purpose in PURPOSES.values():
        yield from _purpose(purpose)
    for title, sentences in _rules():
        yield Heading(2, title)
        yield from map(Paragraph, sentences)


def _rules() -> Iterator[tuple[str, list[str]]]:
    """What holds for every purpose, part by part."""
    yield (
        _("保存多久"),
        [
            _(
                "每项信息保存多久，见《个人信息收集明示清单》。到期的信息由程序自动删除，每小时检查一次；没有写明天数的，随服务结束或账号注销一并删除。"
            ),
        ],
    )
    yield (
        _("保存在哪里"),
        [
            _("您的信息保存在运营方位于中国境内的服务器上，不向境外提供。"),
            _(
                "程序只能连接《第三方共享清单》中列出的接收方，其他一律拦截。每次提供之前先核对您的同意、留下记录，您可以在“我的 → 隐私与同意”中看到给了谁、给了什么。"
            ),
            _("浏览器中只保存登录状态、防伪造和识别登录设备所必需的 Cookie，不做跟踪，也没有广告。"),
        ],
    )
    yield (
        _("我们如何保护这些信息"),
        [
            _("标为加密的信息用您个人的密钥加密，密钥不放在主数据库；密钥销毁后，包括备份在内，任何人都无法再读取。"),
            _(
                "工作人员默认只能看到打码后的内容；查看完整信息须说明理由，并留下不可更改的记录，您也看得到。不同小区的数据由数据库相互隔离。"
            ),
            _("门禁里没有您的姓名、电话和房号，只有一个编号。"),
        ],
    )
    yield (
        _("您的权利"),
        [
            _(
                "您可以查阅、复制、更正、删除自己的信息，转移到其他平台，限制处理，撤回同意，也可以要求我们解释处理规则。请在“我的 → 隐私与同意”中办理，我们在 %(days)s 天内办结或答复；不能办理的会说明理由。"
            )
            % {"days": ANSWER_DAYS},
            _(
                "撤回同意后，对应的服务停止，只为它收集的信息随即删除；撤回前已进行的处理不受影响。撤回之前，应用会先列出哪些服务停止、哪些信息删除。"
            ),
            _(
                "注销账号：打开“我的 → 设置 → 账号注销”，按提示操作。注销后您的密钥被销毁，信息无法恢复；只留下不含内容的同意记录和审计记录作为凭证。"
            ),
            _("对处理结果不满意的，您可以向网信部门投诉，或依法向人民法院起诉。"),
        ],
    )
    yield (
        _("未满十四周岁的孩子"),
        [
            _(
                "未满十四周岁的孩子由父母或其他监护人代为同意，孩子本人或其他人的同意无效，也不会被保存。另有专门的《儿童个人信息保护规则》。"
            ),
            _("年满十四周岁后，监护人此前的同意不再有效，由孩子本人重新决定。"),
        ],
    )
    yield (
        _("发生安全事件时"),
        [
            _(
                "如果发生或可能发生个人信息泄露、篡改、丢失，我们会立即采取补救措施，并及时通知您：涉及哪些信息、可能有什么影响、我们做了什么、您可以怎样防范。难以逐一通知时发布公告，并按规定向主管部门报告。"
            ),
        ],
    )
    yield (
        _("本政策如何更新"),
        [
            _(
                "新增信息、用途或接收方，延长保存期限，改变依据或用途说明，都属于重大变更：提前 %(days)s 天在应用内通知您，标明改了哪里；涉及的用途须您重新同意后才会收集新的信息。历次版本都可以查看和对比。"
            )
            % {"days": settings.POLICY_NOTICE.days},
            _(
                "因合并、分立等原因更换个人信息处理者的，我们会告知新处理者的名称和联系方式；在您重新同意之前，新处理者不会使用您的信息。"
            ),
        ],
    )


def _purpose(purpose: Purpose) -> Iterator[Block]:
    yield Heading(2, str(purpose.title))
    yield Paragraph(str(purpose.text))
    kinds = dict.fromkeys(CATEGORIES[held.category] for held in held_for(purpose))
    yield table(
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


def _collected(controller: Text) -> Iterator[Block]:
    del controller
    yield Paragraph(_("下面列出的是全部；没有列出的，程序不会收集。"))
    for purpose in PURPOSES.values():
        yield Heading(2, str(purpose.title))
        rows = [
            (one.title, CATEGORIES[one.category], _yes(one.required), _yes(one.sealed), RETENTIONS[one.retention])
            for one in held_for(purpose)
        ]
        yield table((_("信息"), _("类型"), _("必填"), _("用您的密钥加密"), _("保留多久")), rows)


def _children(controller: Text) -> Iterator[Block]:
    yield Paragraph(
        _(
            "本规则适用于未满十四周岁的孩子，由%(controller)s负责执行，联系方式：%(contact)s。孩子的个人信息属于敏感个人信息，每项用途都须由监护人单独同意。"
        )
        % {"controller": controller, "contact": settings.PRIVACY_CONTACT}
    )
    yield Heading(2, _("谁来决定"))
    yield Paragraph(
        _(
            "监护人在自己的账号中添加孩子，逐项阅读，逐项决定。可以再邀请其他监护人，对方须在自己的账号中确认；任何一位已确认的监护人都可以同意或撤回。"
        )
    )
    yield Paragraph(_("孩子本人、陌生人、尚未确认或已结束监护关系的人，作出的同意会被拒绝，也不会被保存。"))
    for purpose in PURPOSES.values():
        if purpose.asked_of is Audience.CHILDREN:
            yield from _purpose(purpose)
    yield Heading(2, _("我们的承诺"))
    yield Paragraph(
        _(
            "孩子的姓名和出生日期用孩子自己的密钥加密，只有已确认的监护人能看到。不向孩子推送广告，不对孩子做画像，不出售孩子的信息。人脸从不是必需的。"
        )
    )
    yield Heading(2, _("监护人可以做什么"))
    yield Paragraph(
        _(
            "在“我的 → 孩子”中，您可以查看平台保存了孩子的哪些信息、谁看过、提供给了谁，撤回任何一项同意，或结束监护关系。撤回“孩子资料”或最后一位监护人离开时，孩子的全部信息随即删除，密钥一并销毁。"
        )
    )
    yield Heading(2, _("年满十四周岁后"))
    yield Paragraph(
        _(
            "从满十四周岁当天起，监护人此前的同意不再有效，相关服务暂停。监护人可以为孩子开通自己的账号；孩子登录后由本人逐项决定。"
        )
    )


def _permissions(controller: Text) -> Iterator[Block]:
    del controller
    yield Paragraph(_("权限在用到时才询问，可以随时在手机系统中关闭。"))
    rows = [(one.title, one.when, one.why, one.without) for one in PERMISSIONS]
    yield table((_("权限"), _("何时询问"), _("用来做什么"), _("不授权时")), rows)


def _recipients(controller: Text) -> Iterator[Block]:
    del controller
    yield Paragraph(
        _(
            "应用里没有第三方的 SDK。下面是可能得到您的信息的全部接收方。推送服务由您的浏览器选定，您同意推送通知后才会提供；其他接收方，运营方没有与之签约的，不会提供。每次提供之前先核对您的同意，并留下记录。"
        )
    )
    order = list(PURPOSES)
    recipients = sorted(RECIPIENTS.values(), key=lambda one: (order.index(one.purpose.code), one.code))
    rows = [
        (
            one.title,
            one.company,
            one.purpose.title,
            _listed([CATEGORIES[Category(kind)] for kind in dict.fromkeys(one.fields.values())]),
            one.why,
            one.link or _("由运营方提供"),
        )
        for one in recipients
    ]
    heads = (_("接收方"), _("公司"), _("用途"), _("提供的信息"), _("用来做什么"), _("隐私政策"))
    yield table(heads, rows)


DOCUMENTS: dict[str, Callable[[Text], Iterator[Block]]] = {
    "policy": _policy,
    "collected": _collected,
    "children": _children,
    "permissions": _permissions,
    "recipients": _recipients,
}
TITLES: dict[str, Text] = {
    "policy": gettext_lazy("隐私政策"),
    "collected": gettext_lazy("个人信息收集明示清单"),
    "children": gettext_lazy("儿童个人信息保护规则"),
    "permissions": gettext_lazy("设备权限清单"),
    "recipients": gettext_lazy("第三方共享清单"),
}


def blocks(name: str, language: str, controller: Text | None = None) -> list[Block]:
    """One document in one language, its title first. controller: who answers for it, the settings' one by default. Raises KeyError."""
    with translation.override(language):
        return [Heading(1, str(TITLES[name])), *DOCUMENTS[name](controller or settings.CONTROLLER)]


def render(name: str, language: str) -> str:
    """One document as Markdown, ending with its version. Raises KeyError."""
    text = markdown(blocks(name, language))
    with translation.override(language):
        return text + "\n---\n" + _("版本") + f" {version(text)}\n"


def version(text: str) -> str:
    """What tells one wording from another."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]
