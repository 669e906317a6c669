"""Residents' wallets as staff see them: objections to the risk rules, what differs from the institution, who is stopped, and the rules."""

from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from anju.console.pages import for_duties, show, staff
from anju.console.payments import require_whole
from anju.homes.duties import GUARD_MONEY
from anju.ledger.models import Balance
from anju.partners.paying import yuan
from anju.people import phone as phones
from anju.people.models import PHONE, Person, RealName
from anju.privacy import scope
from anju.privacy.refusals import Refused
from anju.privacy.vault import vault
from anju.risk import actions as risk
from anju.risk.judging import told
from anju.risk.models import Appeal, Block, Rule, Sign, Verdict
from anju.wallet import differing, freezing, mirror, opening
from anju.wallet.models import Gap, Movement, MovementKind, MovementState, Wallet, WalletState

SHOWN = 60
_COUNTS = (Sign.COUNT, Sign.PAYEES)
"""What these rules compare is a number of things, not fen."""


class Stop(forms.Form):
    """Whom it is about, and why."""

    ACTS = (
        ("block", gettext_lazy("限制收款")),
        ("freeze", gettext_lazy("冻结钱包")),
        ("unfreeze", gettext_lazy("恢复钱包")),
    )

    act = forms.ChoiceField(choices=ACTS, label=gettext_lazy("操作"))
    phone = forms.CharField(max_length=20, label=gettext_lazy("手机号"))
    why = forms.CharField(max_length=200, label=gettext_lazy("原因"))


class RuleForm(forms.Form):
    """most: yuan, or a number where the rule counts things."""

    most = forms.DecimalField(min_value=0, max_digits=9, decimal_places=2, label=gettext_lazy("达到多少"))
    minutes = forms.IntegerField(min_value=0, label=gettext_lazy("多少分钟内"))
    active = forms.BooleanField(required=False, label=gettext_lazy("启用"))


class Said(NamedTuple):
    """A verdict, whom it is about with the name hidden, and why in sentences."""

    verdict: Verdict
    who: str
    kind: str
    reasons: list[str]


@dataclass(frozen=True)
class Line:
    """A rule as it is changed. most: yuan, or a number of things (counts). spans: whether it looks back over a time."""

    rule: Rule
    most: str
    counts: bool
    spans: bool
    kinds: str


def open_badge(request: HttpRequest) -> str:
    """How many objections and differences wait."""
    del request
    with scope.platform():
        count = Verdict.objects.filter(appeal=Appeal.WAITING).count() + Gap.objects.filter(cleared_at=None).count()
    return str(count) if count else ""


def _name(person: UUID) -> str:
    known = RealName.objects.filter(pk=person).first()
    return known.name.masked() if known else _("未留姓名")


def _said(rows: list[Verdict]) -> list[Said]:
    return [
        Said(one, _name(one.person), str(MovementKind(one.kind).label), [told(reason) for reason in one.reasons])
        for one in rows
    ]


def _gaps() -> list[tuple[Gap, str, Movement | None]]:
    """Each with whose it is, and the movement that is to be decided."""
    rows = list(Gap.objects.filter(cleared_at=None)[:SHOWN])
    undecided = differing.behind(rows)
    return [(one, _name(one.person), undecided.get(one.pk)) for one in rows]


def _lines() -> list[Line]:
    return [
        Line(
            one,
            str(one.most) if one.sign in _COUNTS else f"{one.most / 100:.2f}",
            one.sign in _COUNTS,
            one.sign != Sign.AMOUNT,
            "、".join(str(MovementKind(kind).label) for kind in one.kinds),
        )
        for one in Rule.objects.all()
    ]


@require_GET
@for_duties(*GUARD_MONEY.duties)
def wallets(request: HttpRequest) -> HttpResponse:
    require_whole(request)
    with scope.platform():
        verdicts = Verdict.objects.all()
        mirrored = Balance.objects.filter(account__kind__in=["wallet", "packet"]).aggregate(sum=Sum("posted"))["sum"]
        frozen = Wallet.objects.filter(state=WalletState.FROZEN)
        return show(
            request,
            "wallets",
            _("钱包与风险"),
            offered=opening.offered(),
            open=Wallet.objects.filter(state=WalletState.OPEN).count(),
            frozen=[(one, _name(one.person)) for one in frozen[:SHOWN]],
            mirrored=mirrored or 0,
            appeals=_said(list(verdicts.filter(appeal=Appeal.WAITING).order_by("appealed_at")[:SHOWN])),
            verdicts=_said(list(verdicts.exclude(appeal=Appeal.WAITING)[:SHOWN])),
            gaps=_gaps(),
            blocks=[(one, _name(one.person)) for one in Block.objects.filter(ended_at=None)[:SHOWN]],
            rules=_lines(),
            acts=Stop.ACTS,
        )


@require_POST
@for_duties(*GUARD_MONEY.duties)
def answer(request: HttpRequest, verdict: UUID) -> HttpResponse:
    """An objection is answered: `lift` or not."""
    require_whole(request)
    risk.answer(staff(request), verdict, lift="lift" in request.POST, text=request.POST.get("answer", ""))
    messages.success(request, _("已答复，并通知了住户。"))
    return redirect("admin:wallets")


@require_POST
@for_duties(*GUARD_MONEY.duties)
def clear(request: HttpRequest, gap: int) -> HttpResponse:
    """Somebody has found out why the institution says something else."""
    require_whole(request)
    mirror.clear(staff(request), gap, request.POST.get("note", ""))
    messages.success(request, _("已处理。"))
    return redirect("admin:wallets")


@require_POST
@for_duties(*GUARD_MONEY.duties)
def book(request: HttpRequest, gap: int) -> HttpResponse:
    """What the institution did otherwise than asked is booked as it did it, or let go."""
    require_whole(request)
    made = differing.decide(staff(request), gap, request.POST.get("why", ""))
    if made.state == MovementState.DONE:
        messages.success(request, _("已按机构结果入账 %(amount)s 元，并通知了住户。") % {"amount": yuan(made.amount)})
    else:
        messages.success(request, _("没有入账，住户的钱没有减少，并通知了住户。"))
    return redirect("admin:wallets")


@require_POST
@for_duties(*GUARD_MONEY.duties)
def stop(request: HttpRequest) -> HttpResponse:
    """Somebody gets no money any more, or their wallet is stopped, or goes on."""
    require_whole(request)
    form = Stop(request.POST)
    if not form.is_valid():
        messages.error(request, _("请填写手机号和原因。"))
        return redirect("admin:wallets")
    subject = vault().find(PHONE, phones.parse(form.cleaned_data["phone"]))
    person = Person.objects.filter(pk=subject).first() if subject else None
    if person is None:
        raise Refused("unknown_person", _("没有找到这个手机号的住户。"), status=404)
    do = {"block": risk.block, "freeze": freezing.freeze, "unfreeze": freezing.unfreeze}[form.cleaned_data["act"]]
    do(staff(request), person, form.cleaned_data["why"])
    messages.success(request, _("已处理。"))
    return redirect("admin:wallets")


@require_POST
@for_duties(*GUARD_MONEY.duties)
def unblock(request: HttpRequest, block: int) -> HttpResponse:
    require_whole(request)
    risk.unblock(staff(request), block)
    messages.success(request, _("已解除。"))
    return redirect("admin:wallets")


@require_POST
@for_duties(*GUARD_MONEY.duties)
def rule(request: HttpRequest, rule: UUID) -> HttpResponse:
    """From which number on a rule acts, and whether."""
    require_whole(request)
    found = get_object_or_404(Rule, pk=rule)
    form = RuleForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("请填写大于零的数值。"))
        return redirect("admin:wallets")
    most = int(form.cleaned_data["most"] * (1 if found.sign in _COUNTS else 100))
    risk.set_rule(
        staff(request), found, most=most, minutes=form.cleaned_data["minutes"], active=form.cleaned_data["active"]
    )
    messages.success(request, _("规则已更新，立即生效。"))
    return redirect("admin:wallets")
