"""Laying out a red packet, taking a share, and giving back what nobody took.

What a packet holds lies in trust at the institution, and in the books in an account of its own; each share and the rest move from there.
"""

from datetime import timedelta
from uuid import UUID

import structlog
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.homes.models import Member
from anju.homes.queries import memberships
from anju.notices import actions as notices
from anju.notices.models import NoticeKind
from anju.packets import splitting
from anju.packets.models import Packet, PacketState, Share, ShareState, Split
from anju.partners.lianlian import IN_TRUST
from anju.partners.paying import State, yuan
from anju.people.models import Person
from anju.privacy import scope
from anju.privacy.gateway import NotDelivered
from anju.privacy.models import new_id
from anju.privacy.refusals import Refused
from anju.risk import judging
from anju.risk.judging import Facts
from anju.risk.models import Outcome
from anju.wallet import moving
from anju.wallet.authorizing import authorized, wallet_of
from anju.wallet.models import Gap, Movement, MovementKind, MovementState, Wallet, WalletState
from anju.wallet.queries import wished

log = structlog.get_logger()
LASTS = timedelta(hours=24)
MOST_COUNT, MOST_EACH = 100, 200_00
"""Shares of a packet; fen that a share comes to on average."""
LONGEST = 30


def send(
    request: HttpRequest, person: Person, *, home: UUID, members_only: bool, amount: int, count: int, split: Split,
    greeting: str, password: str, wish: UUID | None = None,
) -> tuple[Packet, Movement]:  # fmt: skip
    """Lay out a packet, to the members of one's home or to the community by a link. Raises Refused."""
    mine = wallet_of(person)
    if (known := wished(person, wish)) is not None and known.kind == MovementKind.PACKET:
        return Packet.objects.get(pk=known.thing or known.pk), known
    member = _member(person, home)
    shares = _shares(amount, count, split)
    if len(greeting) > LONGEST:
        raise Refused("bad_greeting", _("祝福语不超过 %(most)s 个字。") % {"most": LONGEST}, field="greeting")
    name = new_id()
    with authorized(request, mine, MovementKind.PACKET, amount, password), transaction.atomic(), scope.platform():
        made = Packet.objects.create(
            id=name, community_id=member.community_id, sender=person.pk, home_id=home if members_only else None,
            amount=amount, count=count, split=split, greeting=greeting.strip() or None,
        )  # fmt: skip
        Share.objects.bulk_create(
            Share(community_id=made.community_id, packet=made, place=place, amount=part)
            for place, part in enumerate(shares)
        )
        moved = moving.write_down(mine, MovementKind.PACKET, amount, thing=name, wish=wish)
        Packet.objects.filter(pk=name).update(order=moved.order)
    moved = moving.ask(moved, password)
    return Packet.objects.get(pk=name), moved


def _shares(amount: int, count: int, split: Split) -> list[int]:
    """Raises Refused."""
    if not 1 <= count <= MOST_COUNT:
        raise Refused("bad_count", _("红包个数是 1 到 %(most)s 个。") % {"most": MOST_COUNT}, field="count")
    if not count <= amount <= count * MOST_EACH:
        raise Refused("bad_amount", _("每个红包平均 0.01 元到 200 元。"), field="amount")
    try:
        return splitting.equal(amount, count) if split is Split.EQUAL else splitting.lucky(amount, count)
    except ValueError as error:
        raise Refused("bad_amount", _("普通红包每个金额相同：总金额要能平均分给每个人。"), field="amount") from error


def _member(person: Person, home: UUID) -> Member:
    found = next((one for one, _others in memberships(person) if one.home_id == home), None)
    if found is None:
        raise Refused("not_a_member", _("您不是这套房屋的成员。"), status=403, field="home")
    return found


def _funded(moved: Movement) -> None:
    """The sender's money lies in it, or does not come."""
    with scope.platform():
        packet = Packet.objects.select_for_update(no_key=True).get(pk=moved.thing or moved.pk)
        done = moved.state == MovementState.DONE
        packet.state, packet.until = (PacketState.OPEN, timezone.now() + LASTS) if done else (PacketState.FAILED, None)
        packet.save(update_fields=["state", "until"])
        if done and packet.home_id:
            sender = Person.objects.filter(pk=packet.sender).first()
            for one in _mates(packet):
                _tell(one, _name(sender))


def _name(person: Person | None) -> str:
    return person.nickname.open() if person is not None and person.nickname else _("家人")


def _mates(packet: Packet) -> list[Person]:
    """Who else lives there and may take."""
    rows = Member.objects.living().filter(home=packet.home_id, person__child__isnull=True)
    return [one.person for one in rows.exclude(person=packet.sender).select_related("person")]


def _tell(person: Person, sender: str) -> None:
    with notices.language_of(person):
        body = _("%(sender)s给家里发了红包，24 小时内到“钱包 → 红包”领取。") % {"sender": sender}
        notices.tell(person, NoticeKind.WALLET, _("收到红包"), body)


def may_take(packet: Packet, person: Person) -> bool:
    """Whether it is for this person: one who lives where it was sent to, and did not send it."""
    with scope.platform():
        rows = Member.objects.living().filter(person=person, community=packet.community_id)
        lives = rows.filter(home=packet.home_id) if packet.home_id else rows
        return packet.sender != person.pk and lives.exists()


def find(person: Person, name: UUID) -> Packet:
    """One that this person sent, or may take from. Raises Refused, the same whether there is none or it is not theirs."""
    with scope.platform():
        found = Packet.objects.filter(pk=name).exclude(state__in=[PacketState.FUNDING, PacketState.FAILED]).first()
    if found is None or not (found.sender == person.pk or may_take(found, person)):
        raise Refused("unknown_packet", _("没有找到这个红包，或者它不是发给您的。"), status=404)
    return found


def take(person: Person, name: UUID) -> Share:
    """Take a share; it is on its way to one's wallet when this returns. Raises Refused."""
    wallet_of(person)
    packet = find(person, name)
    if packet.sender == person.pk:
        raise Refused("own_packet", _("这是您自己发的红包，没有人领的部分会退回给您。"), status=409)
    verdict = judging.judge(person.pk, Facts(MovementKind.SHARE, 0, person.pk, (), None, None))
    if verdict.outcome == Outcome.REFUSE:
        raise judging.refused(verdict)
    share, moved = _claim(person, packet)
    try:
        moving.CUSTODIAN.release(packet.sender, packet.order, packet.amount, moved.number, moved.amount, person.pk)
    except Refused as refused:
        moving.decide(moved, State.CLOSED, reason=refused.code)
        raise
    except NotDelivered:
        log.info("share_not_answered")
    else:
        moving.learn(moved)
    with scope.platform():
        return Share.objects.get(pk=share.pk)


def _claim(person: Person, packet: Packet) -> tuple[Share, Movement]:
    """A free share is this person's from now on, unless the institution declines. Raises Refused."""
    taken = Refused("taken", _("您已经领过这个红包了。"), status=409)
    try:
        with scope.platform(), transaction.atomic():
            held = Packet.objects.select_for_update(no_key=True).get(pk=packet.pk)
            if held.state != PacketState.OPEN or held.until is None or held.until <= timezone.now():
                raise Refused("packet_over", _("红包已经领完或过期了。"), status=409)
            if not Wallet.objects.filter(pk=held.sender, state=WalletState.OPEN).exists():
                raise Refused("packet_stopped", _("这个红包暂时不能领取，没有领的会退回给发红包的人。"), status=409)
            if held.shares.filter(person=person.pk).exists():
                raise taken
            share = held.shares.filter(state=ShareState.FREE).order_by("place").first()
            if share is None:
                raise Refused("packet_over", _("来晚了，红包已经领完。"), status=409)
            sender = Wallet.objects.get(pk=held.sender)
            moved = moving.write_down(
                sender, MovementKind.SHARE, share.amount, payee=person.pk, thing=held.pk, order=held.order
            )
            share.state, share.person, share.movement, share.at = ShareState.TAKING, person.pk, moved.pk, timezone.now()
            share.save(update_fields=["state", "person", "movement", "at"])
    except IntegrityError as error:  # twice at the same moment
        raise taken from error
    return share, moved


def _shared(moved: Movement) -> None:
    """A share has arrived, or is free again."""
    with scope.platform():
        packet = Packet.objects.select_for_update(no_key=True).get(pk=moved.thing or moved.pk)
        if moved.state == MovementState.DONE:
            packet.shares.filter(movement=moved.pk).update(state=ShareState.TAKEN)
        else:
            packet.shares.filter(movement=moved.pk).update(state=ShareState.FREE, person=None, movement=None, at=None)
        _finish(packet)


def _finish(packet: Packet) -> None:
    left = set(packet.shares.values_list("state", flat=True)) - {ShareState.TAKEN, ShareState.RETURNED}
    if not left and packet.state in Packet.ALIVE:
        returned = packet.shares.filter(state=ShareState.RETURNED).exists()
        packet.state = PacketState.ENDED if returned else PacketState.EMPTY
        packet.save(update_fields=["state"])


def end(packet: UUID) -> None:
    """Its time is over: what nobody took goes back to the sender. Done again, it goes on where it stopped."""
    with scope.platform(), transaction.atomic():
        held = Packet.objects.select_for_update(no_key=True).get(pk=packet)
        if held.state not in Packet.ALIVE or held.until is None or held.until > timezone.now():
            return
        free = list(held.shares.filter(state=ShareState.FREE))
        if held.state == PacketState.OPEN:
            held.state = PacketState.ENDING
            held.save(update_fields=["state"])
        if not free:
            _finish(held)
            return
        rest = sum(one.amount for one in free)
        moved = moving.write_down(
            Wallet.objects.get(pk=held.sender), MovementKind.UNTAKEN, rest, thing=held.pk, order=held.order
        )
        Share.objects.filter(pk__in=[one.pk for one in free]).update(state=ShareState.BACK, movement=moved.pk)
    try:
        outcome = moving.CUSTODIAN.give_back(held.sender, held.order, moved.number, rest, held.amount, IN_TRUST)
    except Refused as refused:
        log.error("packet_not_returned", code=refused.code)
        moving.decide(moved, State.CLOSED, reason=refused.code)
    except NotDelivered:
        log.info("packet_not_answered")
    else:
        moving.decide(moved, outcome.state, outcome)


def _returned(moved: Movement) -> None:
    with scope.platform():
        packet = Packet.objects.select_for_update(no_key=True).get(pk=moved.thing or moved.pk)
        rows = packet.shares.filter(movement=moved.pk)
        if moved.state == MovementState.DONE:
            rows.update(state=ShareState.RETURNED)
            _tell_returned(packet, moved.amount)
        else:
            # Staff see it among the differences; it is tried again a day later.
            rows.update(state=ShareState.FREE, movement=None)
            packet.until = timezone.now() + LASTS
            packet.save(update_fields=["until"])
            facts = {"ours": moved.amount, "theirs": 0}
            Gap.objects.get_or_create(
                person=packet.sender, day=timezone.localdate(), number=moved.number, defaults=facts
            )
        _finish(packet)


def _tell_returned(packet: Packet, amount: int) -> None:
    sender = Person.objects.filter(pk=packet.sender).first()
    if sender is not None:
        with notices.language_of(sender):
            body = _("您的红包还有 %(amount)s 元没有人领，已退回钱包。") % {"amount": yuan(amount)}
            notices.tell(sender, NoticeKind.WALLET, _("红包退回"), body)


def _hold(moved: Movement) -> None:
    Packet.objects.select_for_update(no_key=True).get(pk=moved.thing or moved.pk)


for _kind in (MovementKind.PACKET, MovementKind.SHARE, MovementKind.UNTAKEN):
    moving.HOLDS[_kind] = _hold
moving.TOLD[MovementKind.PACKET] = _funded
moving.TOLD[MovementKind.SHARE] = _shared
moving.TOLD[MovementKind.UNTAKEN] = _returned
