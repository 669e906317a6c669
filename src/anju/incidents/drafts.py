"""The texts an incident needs, in both languages, written from its facts; people change them before they go out.

The notice says what PIPL Art. 57 asks for: what happened, which kinds of information, what harm may come of it, what was done,
what one can do, and whom to ask.
"""

from collections.abc import Callable

from django.conf import settings
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from anju.incidents.affected import kinds
from anju.incidents.models import Incident
from anju.privacy.refusals import Text

LANGUAGES = ("zh-hans", "en")
TEXTS = ("notice", "announcement", "report")
CHECK: Text = gettext_lazy("【请核实】")
"""Stands where a draft says what was done: the program cannot know, and nothing goes out before somebody has checked."""
Kind = Incident.Kind

_HAPPENED: dict[str, Text] = {
    Kind.LEAK: gettext_lazy("%(place)s的部分个人信息可能被无关人员获取"),
    Kind.MISUSE: gettext_lazy("%(place)s有工作人员可能越权查看了部分个人信息"),
    Kind.TAMPER: gettext_lazy("%(place)s的部分个人信息可能被改动"),
    Kind.LOSS: gettext_lazy("%(place)s的部分个人信息可能丢失"),
}
_HARM: dict[str, Text] = {
    Kind.LEAK: gettext_lazy("可能收到诈骗电话或短信，或被冒用身份。"),
    Kind.MISUSE: gettext_lazy("可能受到打扰，或信息被进一步传播。"),
    Kind.TAMPER: gettext_lazy("您的资料可能与实际不符，影响门禁或认证。"),
    Kind.LOSS: gettext_lazy("您可能需要重新提交资料。"),
}
_DONE: dict[str, Text] = {
    Kind.LEAK: gettext_lazy("我们已切断外泄途径、更换相关密钥，并保全了证据。"),
    Kind.MISUSE: gettext_lazy("我们已停止有关人员的权限，保全了查看记录，正在追究责任。"),
    Kind.TAMPER: gettext_lazy("我们已恢复正确的资料，并封堵了改动的途径。"),
    Kind.LOSS: gettext_lazy("我们正从备份中恢复，并已排除原因。"),
}
_ADVICE: dict[str, Text] = {
    Kind.LEAK: gettext_lazy("请警惕陌生来电和链接，不要向任何人提供验证码；建议修改密码。"),
    Kind.MISUSE: gettext_lazy("如接到可疑的联系，请保留记录并告诉我们；可在“我的 → 隐私与同意”查看谁看过您的信息。"),
    Kind.TAMPER: gettext_lazy("请打开应用核对您的资料，发现不对请告诉我们。"),
    Kind.LOSS: gettext_lazy("请打开应用看看您的资料是否完整。"),
}


def _facts(incident: Incident) -> dict[str, str]:
    place = incident.community.name if incident.community else _("本平台")
    return {
        "place": place,
        "began": f"{timezone.localtime(incident.began):%Y-%m-%d %H:%M}",
        "ended": f"{timezone.localtime(incident.ended):%Y-%m-%d %H:%M}",
        "found": f"{timezone.localtime(incident.found_at):%Y-%m-%d %H:%M}",
        "happened": str(_HAPPENED[incident.kind]) % {"place": place},
        "harm": str(_HARM[incident.kind]),
        "done": f"{CHECK}{_DONE[incident.kind]}",
        "advice": str(_ADVICE[incident.kind]),
        "kinds": kinds(_places(incident)),
        "count": str(incident.affected.count()),
        "controller": str(settings.CONTROLLER),
        "contact": str(settings.PRIVACY_CONTACT),
        "kind": str(Kind(incident.kind).label),
    }


def _places(incident: Incident) -> list[str]:
    """What anybody was affected by."""
    found = incident.affected.values_list("places", flat=True)
    return list(dict.fromkeys(place for places in found for place in places))


def _notice(incident: Incident) -> str:
    text = _(
        "%(began)s 至 %(ended)s，%(happened)s，我们于 %(found)s 发现。涉及您的信息：{kinds}。可能的影响：%(harm)s已采取的措施：%(done)s您可以：%(advice)s联系我们：%(controller)s，%(contact)s。"
    )
    return text % _facts(incident)


def _announcement(incident: Incident) -> str:
    text = _(
        "关于个人信息安全事件的公告：%(began)s 至 %(ended)s，%(happened)s，涉及%(kinds)s。可能的影响：%(harm)s已采取的措施：%(done)s您可以：%(advice)s没有收到单独通知而担心受到影响的，请联系%(controller)s：%(contact)s。"
    )
    return text % _facts(incident)


def _report(incident: Incident) -> str:
    facts = _facts(incident)
    lines = (
        _("个人信息安全事件报告"),
        _("一、单位：%(controller)s；联系方式：%(contact)s"),
        _("二、发现时间：%(found)s；发生时间：%(began)s 至 %(ended)s"),
        _("三、事件类型：%(kind)s。%(happened)s"),
        _("四、受影响人数：%(count)s 人；信息类型：%(kinds)s"),
        _("五、可能的危害：%(harm)s"),
        _("六、已采取的措施：%(done)s"),
        _("七、对个人的建议：%(advice)s"),
        _("八、后续进展将及时补报。"),
    )
    return "\n".join(line % facts for line in lines)


def _both(write: Callable[[Incident], str], incident: Incident) -> dict[str, str]:
    made = {}
    for language in LANGUAGES:
        with translation.override(language):
            made[language] = write(incident)
    return made


def write(incident: Incident) -> None:
    """Write all three anew, in both languages; saved by the caller."""
    incident.notice = _both(_notice, incident)
    incident.announcement = _both(_announcement, incident)
    incident.report = _both(_report, incident)


def for_person(incident: Incident, language: str, places: list[str]) -> str:
    """The notice to one person, in their language, with the kinds of their own information."""
    with translation.override(language):
        text = incident.notice.get(language) or incident.notice[LANGUAGES[0]]
        return str(text).replace("{kinds}", kinds(places))


def unchecked(incident: Incident) -> bool:
    """Whether a text still has a place that somebody has to check."""
    return checked(incident) != {name: getattr(incident, name) for name in TEXTS}


def checked(incident: Incident) -> dict[str, dict[str, str]]:
    """The texts without those marks, by name and language."""
    found: dict[str, dict[str, str]] = {name: {} for name in TEXTS}
    for language in LANGUAGES:
        with translation.override(language):
            mark = str(CHECK)
        for name, texts in found.items():
            texts[language] = str(getattr(incident, name).get(language, "")).replace(mark, "")
    return found
