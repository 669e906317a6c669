"""Judging one movement by the rules, so that each decision can be explained."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from anju.partners.paying import yuan
from anju.privacy import scope
from anju.privacy.refusals import Refused
from anju.risk.models import Act, Appeal, Block, Outcome, Rule, Sign, Verdict

TOP_UP = "top_up"


@dataclass(frozen=True)
class Past:
    """A movement of this person before. amount: fen."""

    kind: str
    amount: int
    payee: UUID | None
    at: datetime


@dataclass(frozen=True)
class Facts:
    """What is to be judged. past: of as long ago as any rule looks back. device_since: when this browser was first seen;
    password_since: when the payment password was last set.
    """

    kind: str
    amount: int
    payee: UUID | None
    past: Sequence[Past]
    device_since: datetime | None
    password_since: datetime | None


def farthest() -> timedelta:
    """How far back any rule looks."""
    return timedelta(minutes=max([one.minutes for one in Rule.objects.filter(active=True)], default=0))


def judge(person: UUID, facts: Facts) -> Verdict:
    """What the active rules say together; written down where any of them speaks."""
    rules = [one for one in Rule.objects.filter(active=True) if facts.kind in one.kinds]
    with scope.person(person):
        lifted = _lifted(person)
        spoken = [
            (rule, found)
            for rule in rules
            if str(rule.pk) not in lifted and (found := _found(rule, facts)) >= rule.most
        ]
        reasons = [
            {
                "rule": str(rule.pk),
                "sign": rule.sign,
                "act": rule.act,
                "most": rule.most,
                "minutes": rule.minutes,
                "found": found,
            }
            for rule, found in spoken
        ]
        if facts.payee and is_blocked(facts.payee):
            reasons.append({"sign": "blocked", "act": Act.REFUSE, "payee": str(facts.payee)})
        acts = {one["act"] for one in reasons}
        outcome = Outcome.REFUSE if Act.REFUSE in acts else Outcome.PROVE if acts else Outcome.ALLOW
        verdict = Verdict(person=person, kind=facts.kind, amount=facts.amount, outcome=outcome, reasons=reasons)
        if reasons:
            verdict.save()
    return verdict


def is_blocked(payee: UUID) -> bool:
    """Whether no money may go to this person."""
    with scope.platform():
        return Block.objects.filter(person=payee, ended_at__isnull=True).exists()


def _lifted(person: UUID) -> set[str]:
    """Rules that staff let this person pass for now."""
    rows = Verdict.objects.filter(person=person, appeal=Appeal.LIFTED, lifted_until__gt=timezone.now())
    return {str(one["rule"]) for row in rows for one in row.reasons if "rule" in one}


def _found(rule: Rule, facts: Facts) -> int:
    since = timezone.now() - timedelta(minutes=rule.minutes)
    same = [one for one in facts.past if one.at >= since and one.kind in rule.kinds]
    return _NUMBERS[Sign(rule.sign)](facts, same, since)


def _payees(facts: Facts, same: list[Past], since: datetime) -> int:
    del since
    return len({one.payee for one in same if one.payee} | ({facts.payee} if facts.payee else set()))


def _after(moment: datetime | None, since: datetime, amount: int) -> int:
    return amount if moment is not None and moment >= since else 0


def _cash_out(facts: Facts, same: list[Past], since: datetime) -> int:
    """What goes out so soon after it came in: the smaller of both."""
    came = sum(one.amount for one in facts.past if one.kind == TOP_UP and one.at >= since)
    return min(came, facts.amount + sum(one.amount for one in same))


_NUMBERS: dict[Sign, Callable[[Facts, list[Past], datetime], int]] = {
    Sign.AMOUNT: lambda facts, _same, _since: facts.amount,
    Sign.TOTAL: lambda facts, same, _since: facts.amount + sum(one.amount for one in same),
    Sign.COUNT: lambda _facts, same, _since: 1 + len(same),
    Sign.PAYEES: _payees,
    Sign.NEW_DEVICE: lambda facts, _same, since: _after(facts.device_since, since, facts.amount),
    Sign.NEW_PASSWORD: lambda facts, _same, since: _after(facts.password_since, since, facts.amount),
    Sign.CASH_OUT: _cash_out,
}


def told(reason: dict[str, Any]) -> str:  # Any: JSON
    """One reason in a sentence, in the reader's language."""
    span = _span(int(reason.get("minutes", 0)))
    sign = reason["sign"]
    if sign == "blocked":
        return _("收款人目前被限制收款。")
    count = {"span": span, "found": reason["found"], "most": reason["most"]}
    money = {"span": span, "found": yuan(int(reason["found"])), "most": yuan(int(reason["most"]))}
    if sign == Sign.AMOUNT:
        return _("单笔 %(found)s 元，达到了 %(most)s 元。") % money
    if sign == Sign.TOTAL:
        return _("%(span)s内合计 %(found)s 元，达到了 %(most)s 元。") % money
    if sign == Sign.COUNT:
        return _("%(span)s内第 %(found)s 笔，达到了 %(most)s 笔。") % count
    if sign == Sign.PAYEES:
        return _("%(span)s内向 %(found)s 个人付款，达到了 %(most)s 人。") % count
    if sign == Sign.NEW_DEVICE:
        return _("这台设备在%(span)s内才首次登录，金额 %(found)s 元达到了 %(most)s 元。") % money
    if sign == Sign.NEW_PASSWORD:
        return _("支付密码在%(span)s内刚设置过，金额 %(found)s 元达到了 %(most)s 元。") % money
    return _("%(span)s内充值后转出 %(found)s 元，达到了 %(most)s 元。") % money


def _span(minutes: int) -> str:
    if minutes and minutes % 1440 == 0:
        return _("%(days)s 天") % {"days": minutes // 1440}
    if minutes and minutes % 60 == 0:
        return _("%(hours)s 小时") % {"hours": minutes // 60}
    return _("%(minutes)s 分钟") % {"minutes": minutes}


def refused(verdict: Verdict) -> Refused:
    """What a person hears who is stopped, and what they can do."""
    why = "".join(told(one) for one in verdict.reasons)
    text = _("为了您的资金安全，这笔操作被拦截：%(why)s如果是您本人的正常操作，请在“钱包 → 安全记录”里申诉。") % {
        "why": why
    }
    return Refused("risk_refused", text, status=403, more={"verdict": str(verdict.pk)})
