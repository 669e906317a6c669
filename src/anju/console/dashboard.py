"""The first page: what waits, what happened, what is broken; counted in the staff's own communities."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count
from django.db.models.functions import TruncDate, TruncHour
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.access.models import Entry, Gate
from anju.console import charts
from anju.console.pages import within
from anju.console.templatetags.spans import span
from anju.homes.duties import (
    INCIDENTS,
    KEEP_GATES,
    KEEP_HOMES,
    OVERSEE,
    PASS_ON,
    PROOFS,
    REVIEW,
    SEE_RESIDENTS,
    STATISTICS,
    WATCH,
)
from anju.homes.models import Application
from anju.incidents.models import Incident
from anju.privacy import retention
from anju.privacy.staff import holds
from anju.rights.queries import open_requests

HOURS = 24
DAYS = 14
LATE = timedelta(days=1)
"""An application that waits longer than this asks for somebody."""


@dataclass(frozen=True)
class Card:
    """A number, what it counts, and where to look closer. alarm: it asks for somebody."""

    title: str
    figure: str
    note: str
    icon: str
    link: str
    alarm: bool = False


@dataclass(frozen=True)
class Link:
    title: str
    icon: str
    link: str


def fill(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:  # Any: a template's context
    """unfold's DASHBOARD_CALLBACK."""
    context.update(title=_("概览"), cards=[], links=_links(request))
    if holds(request, REVIEW.duties):
        context["cards"].append(_waiting(request))
        context["certifications"] = _by_day(request)
    if holds(request, WATCH.duties):
        gates = list(within(request, Gate.objects.select_related("community"), WATCH.duties))
        context["cards"] += [*_today(request), _online(gates)]
        context["entries"] = _by_hour(request)
        context["offline"] = [gate for gate in gates if gate.registered_at and not gate.online]
        context["not_joined"] = [gate for gate in gates if not gate.registered_at]
    if holds(request, OVERSEE.duties):
        context["cards"] += _privacy(request)
    if holds(request, INCIDENTS.duties):
        context["cards"].append(_incidents(request))
    return context


def _privacy(request: HttpRequest) -> list[Card]:
    """What the law's clocks ask for: answers that are due, records that should be gone, gates that hold on to somebody."""
    waiting = within(request, open_requests(), OVERSEE.duties)
    late = waiting.filter(due_at__lt=timezone.now()).count()
    overdue = sum(one.overdue for one in retention.standing())
    doubtful = within(request, Gate.objects.filter(suspect_since__isnull=False), OVERSEE.duties).count()
    page = reverse("admin:privacy")
    return [
        Card(
            _("待答复的个人信息申请"),
            str(waiting.count()),
            _("%(count)s 项已逾期") % {"count": late} if late else _("须在 15 天内答复"),
            "shield_person",
            page,
            alarm=late > 0,
        ),
        Card(
            _("超期未删与存疑门禁"),
            str(overdue + doubtful),
            _("请立即处理") if overdue + doubtful else _("一切正常"),
            "auto_delete",
            page,
            alarm=overdue + doubtful > 0,
        ),
    ]


def _incidents(request: HttpRequest) -> Card:
    """Open incidents; an alarm when a report is due within the hour or late."""
    found = within(request, Incident.objects.exclude(state=Incident.State.CLOSED).filter(drill=False), INCIDENTS.duties)
    due = [one.due for one in found if one.reported_at is None]
    note = _("没有待报告的事件")
    alarm = False
    if due:
        left = min(due) - timezone.now()
        alarm = left < timedelta(hours=1)
        hours, minutes = divmod(max(0, int(left.total_seconds())) // 60, 60)
        note = (
            _("距报告时限 %(hours)s 小时 %(minutes)s 分") % {"hours": hours, "minutes": minutes}
            if left > timedelta()
            else _("已超过报告时限，请立即报告")
        )
    return Card(_("未结案的安全事件"), str(len(found)), note, "crisis_alert", reverse("admin:incidents"), alarm=alarm)


def _waiting(request: HttpRequest) -> Card:
    waiting = within(request, Application.objects.filter(state__in=Application.OPEN), REVIEW.duties)
    count = waiting.count()
    oldest = waiting.order_by("submitted_at").values_list("submitted_at", flat=True).first()
    late = oldest is not None and timezone.now() - oldest > LATE
    note = _("最早一份已等待 %(span)s") % {"span": span(oldest)} if oldest else _("全部处理完毕")
    return Card(_("待审核认证"), str(count), note, "fact_check", reverse("admin:reviews"), alarm=late)


def _today(request: HttpRequest) -> list[Card]:
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    entries = within(request, Entry.objects.filter(at__gte=midnight), WATCH.duties)
    counts = Counter(dict(entries.order_by().values_list("result").annotate(Count("id"))))
    granted, refused = counts[Entry.Result.GRANTED], counts[Entry.Result.REFUSED]
    share = (
        _("占今日到访的 %(percent)s%%") % {"percent": round(refused * 100 / (granted + refused))}
        if refused
        else _("一切正常")
    )
    monitor = reverse("admin:monitor")
    return [
        Card(_("今日通行"), str(granted), _("自零点起开门的次数"), "login", monitor),
        Card(_("今日未开门"), str(refused), share, "block", monitor),
    ]


def _online(gates: list[Gate]) -> Card:
    joined = [gate for gate in gates if gate.registered_at]
    online = sum(gate.online for gate in joined)
    missing = len(joined) - online
    note = (
        _("%(count)s 台离线，请尽快检查") % {"count": missing}
        if missing
        else _("全部在线")
        if joined
        else _("还没有接入门禁")
    )
    return Card(
        _("在线门禁"),
        f"{online}/{len(joined)}",
        note,
        "sensor_door",
        reverse("admin:monitor"),
        alarm=missing > 0,
    )


def _by_hour(request: HttpRequest) -> charts.Chart:
    this_hour = timezone.localtime().replace(minute=0, second=0, microsecond=0)
    hours = [this_hour - timedelta(hours=back) for back in range(HOURS - 1, -1, -1)]
    rows = within(request, Entry.objects.filter(at__gte=hours[0]), WATCH.duties).order_by()
    counted = rows.annotate(hour=TruncHour("at")).values_list("hour", "result").annotate(Count("id"))
    counts: Counter[tuple[datetime, str]] = Counter({(hour, result): count for hour, result, count in counted})
    return charts.bars(
        [f"{hour:%H}" for hour in hours],
        charts.Series(_("已开门"), charts.GOOD, [counts[hour, Entry.Result.GRANTED] for hour in hours]),
        charts.Series(_("未开门"), charts.BAD, [counts[hour, Entry.Result.REFUSED] for hour in hours]),
    )


def _by_day(request: HttpRequest) -> charts.Chart:
    today = timezone.localdate()
    days = [today - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]
    rows = within(request, Application.objects.all(), REVIEW.duties).order_by()

    def counts(moment: str, **wanted: Any) -> list[int]:  # Any: a filter's values
        found = dict(
            rows.filter(**wanted)
            .annotate(day=TruncDate(moment))
            .filter(day__gte=days[0])
            .values_list("day")
            .annotate(Count("id"))
        )
        return [found.get(day, 0) for day in days]

    return charts.bars(
        [f"{day.month}/{day.day}" for day in days],
        charts.Series(_("提交"), charts.QUIET, counts("submitted_at"), stack="in"),
        charts.Series(
            str(Application.State.APPROVED.label), charts.GOOD, counts("decided_at", state=Application.State.APPROVED)
        ),
        charts.Series(
            str(Application.State.REFUSED.label), charts.BAD, counts("decided_at", state=Application.State.REFUSED)
        ),
    )


def _links(request: HttpRequest) -> list[Link]:
    offered = (
        (REVIEW.duties, _("审核认证申请"), "fact_check", "reviews"),
        (WATCH.duties, _("查看门禁监控"), "sensor_door", "monitor"),
        (PASS_ON.duties, _("转达短信验证码"), "sms", "outbox"),
        (KEEP_HOMES.duties, _("导入房屋"), "upload_file", "home_import"),
        (KEEP_GATES.duties, _("接入新门禁"), "add_circle", "access_gate_add"),
        (KEEP_GATES.duties, _("识别自检"), "face", "self_test"),
        (SEE_RESIDENTS.duties, _("查看住户"), "group", "homes_member_changelist"),
        (INCIDENTS.duties, _("登记安全事件"), "crisis_alert", "incident_new"),
        (STATISTICS.duties, _("查看统计"), "bar_chart", "statistics"),
        (PROOFS.duties, _("查看审计记录"), "policy", "privacy_auditentry_changelist"),
    )
    return [
        Link(title, icon, reverse(f"admin:{address}"))
        for allowed, title, icon, address in offered
        if holds(request, allowed)
    ]
