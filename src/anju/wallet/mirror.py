"""Whether the mirror and the institution say the same of each wallet."""

from datetime import date, datetime, time, timedelta
from uuid import UUID

import structlog
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.ledger import queries as ledger
from anju.ledger.models import Phase, Transfer
from anju.partners.paying import CHINA
from anju.people.models import Person
from anju.privacy import audit, scope
from anju.privacy.gateway import NotDelivered
from anju.privacy.models import AuditEntry
from anju.privacy.refusals import Refused
from anju.wallet.models import Gap, Movement, Wallet, WalletState
from anju.wallet.moving import CUSTODIAN
from anju.wallet.queries import OWN_NUMBER

log = structlog.get_logger()
NEAR_MIDNIGHT = timedelta(minutes=5)


def compare(day: date) -> int:
    """Every open wallet's day and balance. Returns how many differ. Whom the institution says nothing of is compared next time."""
    with scope.platform():
        wallets = list(Wallet.objects.exclude(state=WalletState.CLOSED).order_by("pk"))
    gaps = 0
    for one in wallets:
        try:
            gaps += compare_wallet(one, day)
        except (NotDelivered, Refused) as error:
            log.warning("wallet_not_compared", error=type(error).__name__)
    return gaps


def compare_wallet(wallet: Wallet, day: date) -> int:
    """One holder. Returns how many lines differ."""
    theirs = CUSTODIAN.movements(wallet.person, day)
    ours, near = _ours(wallet, day)
    differing = {
        number: (ours.get(number, 0), theirs.get(number, 0))
        for number in ours.keys() | theirs.keys()
        if ours.get(number, 0) != theirs.get(number, 0) and number not in near
    }
    before = ledger.balance(wallet.account)
    balance = CUSTODIAN.balance(wallet.person)
    after = ledger.balance(wallet.account)
    if before.posted == after.posted and after.held == 0 and balance != after.posted:
        differing[""] = (after.posted, balance)
    with scope.platform(), transaction.atomic():
        for number in _decided_since(wallet.person, day, differing):
            del differing[number]
        for number, (mine, its) in differing.items():
            facts = {"ours": mine, "theirs": its}
            Gap.objects.get_or_create(person=wallet.person, day=day, number=number, defaults=facts)
        right = Gap.objects.filter(person=wallet.person, day=day, cleared_at__isnull=True).exclude(number__in=differing)
        busy = Movement.objects.filter(person=wallet.person, state__in=Movement.OPEN)
        right = right.exclude(number__in=busy.values("number")).exclude(number__in=busy.values("order"))
        right.update(cleared_at=timezone.now(), note="matched")
    return len(differing)


def _decided_since(person: UUID, day: date, differing: dict[str, tuple[int, int]]) -> list[str]:
    """What staff have decided on a later day than the institution did it on: booked on this one, and cleared up on that."""
    rows = Gap.objects.filter(person=person, number__in=differing, day__lt=day, cleared_by__isnull=False)
    theirs = {one.number: abs(one.theirs) for one in rows}
    return [number for number, (mine, its) in differing.items() if its == 0 and theirs.get(number) == abs(mine)]


def _ours(wallet: Wallet, day: date) -> tuple[dict[str, int], set[str]]:
    """What the books say of this day, by the institution's order, and those so near midnight that it may have them on another."""
    begin = datetime.combine(day, time(), CHINA)
    wide = (begin - NEAR_MIDNIGHT, begin + timedelta(days=1) + NEAR_MIDNIGHT)
    with scope.platform():
        rows = Transfer.objects.filter(at__range=wide, phase__in=[Phase.MOVE, Phase.POST])
        both = [*rows.filter(debit=wallet.account), *rows.filter(credit=wallet.account)]
        numbers = _numbers(both)
    sums: dict[str, int] = {}
    near: set[str] = set()
    for one in both:
        number = numbers.get(one.thing, "") if one.thing else ""
        if not begin + NEAR_MIDNIGHT <= one.at <= begin + timedelta(days=1) - NEAR_MIDNIGHT:
            near.add(number)
        sums[number] = sums.get(number, 0) + (one.amount if one.credit_id == wallet.account else -one.amount)
    return sums, near


def _numbers(rows: list[Transfer]) -> dict[UUID, str]:
    """Under which number the institution has each of these: a movement's order, or a refund's own number."""
    things = [one.thing for one in rows if one.thing]
    moved = Movement.objects.filter(pk__in=things).values_list("pk", "number", "order", "kind")
    found = {pk: number if kind in OWN_NUMBER else order for pk, number, order, kind in moved}
    return found | {thing: thing.hex for thing in things if thing not in found}


@transaction.atomic
def clear(staff: Person, gap: int, note: str) -> None:
    """Somebody has found out what a difference is. Raises Refused."""
    note = note.strip()
    if not 4 <= len(note) <= 200:
        raise Refused("bad_note", _("请写明查到的原因（4 到 200 个字）。"), field="note")
    with scope.platform():
        found = Gap.objects.select_for_update().filter(pk=gap, cleared_at__isnull=True).first()
        if found is None:
            raise Refused("cleared", _("这项差异已经处理过了，请刷新页面。"), status=409)
        found.cleared_at, found.cleared_by, found.note = timezone.now(), staff.pk, note
        found.save(update_fields=["cleared_at", "cleared_by", "note"])
    audit.record(AuditEntry.Action.DECIDE, found, actor=staff.pk, reason="gap_cleared")
