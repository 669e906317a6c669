"""Reading gates and entries."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import TypeVar
from uuid import UUID

from django.db.models import Prefetch, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from anju.access import sources
from anju.access.models import Entry, Gate, Grant, Way
from anju.homes.models import Member
from anju.people.models import Person
from anju.privacy import scope
from anju.privacy.refusals import Refused

REASONS = {
    "recognised": gettext_lazy("人脸识别通过"),
    "qr_ok": gettext_lazy("二维码有效"),
    "remote_open": gettext_lazy("手机开门"),
    "not_recognised": gettext_lazy("未识别到住户"),
    "not_live": gettext_lazy("疑似照片或屏幕，请本人到镜头前"),
    "qr_expired": gettext_lazy("二维码已过期，或手机时间不准"),
    "qr_replayed": gettext_lazy("二维码已使用过"),
    "qr_unknown": gettext_lazy("二维码不属于这里的住户"),
    "outside_window": gettext_lazy("不在有效期内"),
    "revoked": gettext_lazy("通行权限已终止"),
    "way_not_granted": gettext_lazy("没有开通这种开门方式"),
    "clock_unsure": gettext_lazy("门禁时间不准，暂时不能判断"),
    "nearby_ok": gettext_lazy("靠近开门"),
    "plate_ok": gettext_lazy("车牌有效"),
    "card_ok": gettext_lazy("门禁卡有效"),
    "call_open": gettext_lazy("被叫住户在通话中开门"),
    "used_up": gettext_lazy("可进入的次数已用完"),
    "plate_unknown": gettext_lazy("车牌未登记"),
    "plate_unsure": gettext_lazy("车牌看不清，或与不止一个登记车牌相近，须人工核对"),
    "card_unknown": gettext_lazy("门禁卡不属于这里的住户"),
    "permit_unknown": gettext_lazy("开门许可无效"),
    "permit_expired": gettext_lazy("开门许可已过期，或手机时间不准"),
    "permit_replayed": gettext_lazy("开门许可已使用过"),
    "locked": gettext_lazy("门禁已锁闭"),
}
"""Why a gate decided as it did, by its code."""


@dataclass(frozen=True)
class Opening:
    """A gate and the ways in which somebody may come in there. told: the gate has applied it all."""

    gate: Gate
    ways: list[str]
    face: bool
    told: bool


def gates(person: Person) -> list[Opening]:
    """Where this person may come in, and how."""
    grants = list(Grant.objects.filter(person=person, gone=False).order_by("gate_id"))
    with scope.community(*{grant.community_id for grant in grants}):
        found = Gate.objects.select_related("community").in_bulk([grant.gate_id for grant in grants])
    openings = []
    for gate_id, held in groupby(grants, key=lambda grant: grant.gate_id):
        gate, mine = found[gate_id], list(held)
        openings.append(
            Opening(
                gate=gate,
                ways=sorted({way for grant in mine for way in grant.payload["ways"]}),
                face=any(grant.payload.get("face") for grant in mine),
                told=all(grant.sent_rev == grant.rev and 0 < grant.sequence <= gate.applied for grant in mine),
            )
        )
    return sorted(openings, key=lambda opening: opening.gate.name)


def grant_at(person: Person, gate: UUID) -> UUID:
    """The id of the grant under which this person opens one gate from afar. Raises Refused."""
    found = Grant.objects.filter(person=person, gate=gate, gone=False, payload__ways__contains="remote")
    grant = found.values_list("pk", flat=True).first()
    if grant is None:
        raise Refused("unknown_gate", _("您没有这个门禁的通行权限；如果您住在这里，请联系物业。"), status=404)
    return grant


Held = TypeVar("Held", Entry, Grant)


def with_members(rows: QuerySet[Held]) -> QuerySet[Held]:
    """Entries or grants with what `holder` needs; only memberships in the current scope are seen."""
    return rows.prefetch_related(
        Prefetch("person__memberships", Member.objects.select_related("home__unit__building").order_by("-since"))
    )


def holder(row: Entry | Grant) -> str:
    """Who came or may come, as staff see it: home and masked name."""
    if row.person is None:
        if isinstance(row, Entry) and row.way == Way.REMOTE:  # residents open from afar only with a name to it
            return _("工作人员")
        let_in = isinstance(row, Entry) and row.result == Entry.Result.GRANTED
        return _("不留记录的住户") if let_in else _("陌生人")
    member = next((one for one in row.person.memberships.all() if one.community_id == row.community_id), None)
    if member is not None:
        return f"{member.home.label} {member.name or ''}"
    return sources.title(row.person.pk, row.community_id) or _("已搬离的住户")


def way_names(ways: Iterable[str]) -> list[str]:
    """`["face", "qr"]` -> 人脸, 二维码"""
    return [str(Way(way).label) for way in ways]


def entries(person: Person, before: UUID | None, limit: int) -> list[Entry]:
    """This person's own entries, newest first, with their gates' names."""
    found = Entry.objects.filter(person=person)
    if before:
        found = found.filter(pk__lt=before)
    page = list(found.order_by("-id")[:limit])
    with scope.community(*{entry.community_id for entry in page}):
        names: QuerySet[Gate] = Gate.objects.filter(pk__in={entry.gate_id for entry in page})
        by_id = {one.pk: one for one in names}
    for entry in page:
        entry.gate = by_id[entry.gate_id]
    return page
