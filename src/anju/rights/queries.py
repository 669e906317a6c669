"""Reading requests, and what closing an account would mean."""

from uuid import UUID

from django.apps import apps
from django.db.models import Prefetch, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from anju.access.models import Grant
from anju.privacy import consent, scope
from anju.privacy.consent import ConsentState
from anju.privacy.declarations import declaration_of
from anju.privacy.gateway import RECIPIENTS
from anju.privacy.refusals import Refused, Text
from anju.rights.models import Request, RightKind, RightState, Step


def of(subject: UUID) -> QuerySet[Request]:
    """One person's own requests, newest first."""
    steps = Prefetch("steps", Step.objects.order_by("id"))
    return Request.objects.filter(subject=subject).prefetch_related(steps).order_by("-id")


def title_of(place: str) -> str:
    """model or model.field, or a recipient, as people call it."""
    label, _dot, name = place.rpartition(".") if place.count(".") > 1 else (place, "", "")
    try:
        model = apps.get_model(label)
    except (LookupError, ValueError):
        return str(RECIPIENTS[place].title) if place in RECIPIENTS else str(_PLACES.get(place, place))
    title = str(declaration_of(model).title_of(model))
    return f"{title} · {getattr(model._meta.get_field(name), 'verbose_name', name)}" if name else title


_PLACES: dict[str, Text] = {"vault": gettext_lazy("个人密钥"), "sessions": gettext_lazy("登录状态")}


def stops(subject: UUID) -> list[Text]:
    """What ends when this account is closed: everything that was agreed to."""
    agreed = [
        one.purpose
        for one in consent.standings(subject)
        if one.state not in (ConsentState.NONE, ConsentState.WITHDRAWN)
    ]
    return [text for purpose in agreed for text in purpose.stops]


def kept() -> list[tuple[str, str, str]]:
    """What stays after the account is closed: what, why, how long. None of it can be read as a person's any more."""
    return [
        (_("同意与撤回的记录"), _("证明我们按您的意愿处理信息（个人信息保护法第十五条、第六十九条）"), _("至少 3 年")),
        (_("工作人员查看与操作的审计记录"), _("追查违规查看和安全事件（网络安全法第二十一条）"), _("至少 3 年")),
        (_("向第三方提供信息的记录"), _("证明提供是有依据的（个人信息保护法第五十五条、第五十六条）"), _("至少 3 年")),
        (_("本次注销的办理记录"), _("证明注销已经完成"), _("至少 3 年")),
    ]


def gates_of(subject: UUID) -> int:
    """Gates that know this person and must confirm that they have forgotten them."""
    with scope.person(subject):
        return Grant.objects.filter(person=subject).values("gate").distinct().count()


def receipt(request_id: UUID) -> Request:
    """A cancellation by its number. Raises Refused."""
    with scope.platform():
        rows = Request.objects.filter(pk=request_id, kind=RightKind.CANCEL).prefetch_related("targets")
        if (found := rows.first()) is None:
            raise Refused("unknown_receipt", _("没有找到这个注销编号，请核对后重试。"), status=404)
        list(found.targets.all())
    return found


def open_requests() -> QuerySet[Request]:
    """Requests in sight that wait for staff, the most urgent first."""
    return Request.objects.filter(state=RightState.RECEIVED).select_related("community").order_by("due_at")


def erasing() -> QuerySet[Request]:
    """Cancellations in sight that wait for a place to confirm."""
    waiting = Request.objects.filter(state__in=(RightState.WAITING, RightState.ERASING))
    return waiting.select_related("community").prefetch_related("targets").order_by("received_at")
