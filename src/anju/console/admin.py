"""The proofs: who looked at what, who agreed to what.

They belong to no community, so the console says whose are in sight.
"""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy
from unfold.decorators import display
from unfold.paginator import InfinitePaginator

from anju.homes.duties import PROOFS
from anju.homes.models import Application, Member, StaffRole
from anju.people.models import Person
from anju.privacy import audit
from anju.privacy.gateway import RECIPIENTS
from anju.privacy.models import AuditEntry, Consent, Sharing
from anju.privacy.purposes import PURPOSES
from anju.privacy.staff import OPERATOR, communities, duties
from anju.privacy.staff_admin import StaffAdmin

CODES = {
    "remote_open": gettext_lazy("远程开门"),
    "registration_code": gettext_lazy("生成接入码"),
    "terminal_added": gettext_lazy("接入第三方终端"),
    "terminal_credentials": gettext_lazy("更换终端凭证"),
    "collector_added": gettext_lazy("登记采集器"),
    "collector_key": gettext_lazy("更换采集器密钥"),
    "collector_removed": gettext_lazy("移除采集器"),
    "reading_taken": gettext_lazy("核对后计入读数"),
    "reading_dropped": gettext_lazy("核对后丢弃读数"),
    "card_issued": gettext_lazy("发放门禁卡"),
    "card_ended": gettext_lazy("停用门禁卡"),
    "walk_in": gettext_lazy("登记访客"),
    "let_in": gettext_lazy("放行访客"),
    "left": gettext_lazy("登记访客离开"),
    "self_test": gettext_lazy("识别自检（读取本小区人脸特征）"),
    "homes": gettext_lazy("%(count)s 套房屋"),
    "glass": gettext_lazy("紧急查看 %(count)s"),
    "asked": gettext_lazy("提出申请"),
    "made": gettext_lazy("生成文件"),
    "downloaded": gettext_lazy("下载"),
    "destroyed": gettext_lazy("销毁文件"),
    "document": gettext_lazy("查看文书"),
    "authority": gettext_lazy("有关机关"),
    "disclosure": gettext_lazy("依法提供"),
    "found": gettext_lazy("已登记"),
    "measured": gettext_lazy("计算受影响的人"),
    "edited": gettext_lazy("修改文字"),
    "confirmed": gettext_lazy("提交批准"),
    "returned": gettext_lazy("退回修改"),
    "told": gettext_lazy("告知完毕"),
    "reported": gettext_lazy("登记报告"),
    "closed": gettext_lazy("结案"),
    **dict(Application.State.choices),
}
"""What was done, where the audit notes that instead of a reason."""


def _people(request: HttpRequest, *models: Any) -> set[Any]:  # Any: models with a person and a community; ids
    """The ids that these models name in the communities whose proofs the person asking reads."""
    places = communities(request, PROOFS.duties)
    found: set[Any] = set()
    for model in models:
        found |= set(model.objects.filter(community__in=places).values_list("person_id", flat=True))
    return found


def _subjects(request: HttpRequest, *models: Any) -> Q:  # Any: as above
    """Proofs about these people."""
    return Q(subject__in=_people(request, *models))


def _subjects_and_actors(request: HttpRequest, *models: Any) -> Q:  # Any: as above
    """Proofs about these people, or of what they did."""
    people = _people(request, *models)
    return Q(subject__in=people) | Q(actor__in=people)


class _ProofAdmin(StaffAdmin):
    viewers = PROOFS.duties
    community = None
    paginator = InfinitePaginator
    ordering = ("-id",)

    def who(self, person: Any) -> str:  # Any: an id or None
        """Staff by what they call themselves, others by their id: the audit is no place to look people up."""
        found = Person.objects.filter(pk=person, is_staff=True).first() if person else None
        return str(found) if found else str(person or "—")


@admin.register(AuditEntry)
class AuditEntryAdmin(_ProofAdmin):
    list_display = ("at", "actor_name", "action", "target_name", "field_names", "reason_text")
    list_filter = ("action", "at")
    fields = (
        "at",
        "actor_name",
        "subject",
        "action",
        "target_name",
        "target_id",
        "field_names",
        "reason_text",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """What a community's own staff did, and what was done to its people."""
        rows = super().get_queryset(request)
        return (
            rows
            if OPERATOR in duties(request)
            else rows.filter(_subjects_and_actors(request, StaffRole, Member, Application))
        )

    @display(description=gettext_lazy("操作人"))
    def actor_name(self, entry: AuditEntry) -> str:
        return self.who(entry.actor)

    @display(description=gettext_lazy("对象"))
    def target_name(self, entry: AuditEntry) -> str:
        return audit.target_title(entry)

    @display(description=gettext_lazy("字段"))
    def field_names(self, entry: AuditEntry) -> str:
        return "、".join(audit.field_titles(entry))

    @display(description=gettext_lazy("理由"))
    def reason_text(self, entry: AuditEntry) -> str:
        code, _colon, count = entry.reason.partition(":")
        text = audit.REASONS.get(code) or CODES.get(code, entry.reason)
        return str(text) % {"count": count} if count else str(text)


@admin.register(Consent)
class ConsentAdmin(_ProofAdmin):
    list_display = ("at", "subject", "purpose_title", "version", "outcome")
    list_filter = ("action", "at")
    fields = ("at", "subject", "actor", "purpose_title", "version", "action")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """The consents of people of the communities."""
        rows = super().get_queryset(request)
        return rows if OPERATOR in duties(request) else rows.filter(_subjects(request, Member, Application))

    @display(description=gettext_lazy("用途"))
    def purpose_title(self, consent: Consent) -> str:
        purpose = PURPOSES.get(consent.purpose)
        return str(purpose.title) if purpose else consent.purpose

    @display(
        description=gettext_lazy("操作"),
        label={Consent.Action.GRANTED: "success", Consent.Action.WITHDRAWN: "warning"},
    )
    def outcome(self, consent: Consent) -> tuple[str, str]:
        return consent.action, consent.get_action_display()


@admin.register(Sharing)
class SharingAdmin(_ProofAdmin):
    list_display = ("at", "subject", "recipient_title", "purpose_title", "field_names", "outcome")
    list_filter = ("result", "recipient", "at")
    fields = ("at", "subject", "recipient_title", "purpose_title", "field_names", "result")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """What left about people of the communities."""
        rows = super().get_queryset(request)
        return rows if OPERATOR in duties(request) else rows.filter(_subjects(request, Member, Application))

    @display(description=gettext_lazy("接收方"))
    def recipient_title(self, sharing: Sharing) -> str:
        known = RECIPIENTS.get(sharing.recipient)
        return str(known.title if known else CODES.get(sharing.recipient, sharing.recipient))

    @display(description=gettext_lazy("用途"))
    def purpose_title(self, sharing: Sharing) -> str:
        purpose = PURPOSES.get(sharing.purpose)
        return str(purpose.title if purpose else CODES.get(sharing.purpose, sharing.purpose))

    @display(description=gettext_lazy("字段"))
    def field_names(self, sharing: Sharing) -> str:
        return "、".join(audit.place_title(name) for name in sharing.fields)

    @display(
        description=gettext_lazy("结果"),
        label={
            Sharing.Result.SENT: "success",
            Sharing.Result.FAILED: "warning",
            Sharing.Result.REFUSED: "danger",
        },
    )
    def outcome(self, sharing: Sharing) -> tuple[str, str]:
        return sharing.result, sharing.get_result_display()
