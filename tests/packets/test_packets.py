"""Red packets: laid out, taken, and given back; fair, and exact to the fen."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import combinations

import pytest
from django.db import connection
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from anju.homes.models import Community, Member, Role
from anju.ledger import queries as ledger
from anju.notices.models import Notice
from anju.packets import splitting, tasks
from anju.packets.models import Packet, PacketState
from anju.partners.paying import CHINA
from anju.partners.purposes import PAYING, WALLET
from anju.privacy import scope
from anju.risk.models import Block
from anju.wallet import books, mirror
from anju.wallet import tasks as wallet_tasks
from anju.wallet.models import Gap, Movement, Wallet, WalletState
from tests import factories
from tests.billing.test_at_once import own_database as own_database
from tests.doors import Answer, Door
from tests.peers.lianlian import Declined, LianLian
from tests.wallet.conftest import FIRST, PASSWORD, SECOND, Holder, with_wallet
from tests.wallet.conftest import custodian as custodian
from tests.wallet.conftest import serving as serving

THIRD = "6228480402564890018"


@given(count=st.integers(1, 100), more=st.integers(0, 20_000))
def test_every_share_is_at_least_a_fen_and_together_they_are_exact(count: int, more: int) -> None:
    shares = splitting.lucky(count + more, count)
    assert len(shares) == count and min(shares) >= 1 and sum(shares) == count + more


@pytest.mark.parametrize(("amount", "count"), [(6, 3), (9, 4), (12, 5)])
def test_no_place_in_the_queue_is_better_than_another(amount: int, count: int) -> None:
    """Over all ways to cut, which are equally likely, each place gets the same shares equally often."""
    cuts = list(combinations(range(1, amount), count - 1))
    each = [Counter(splitting.parts(amount, one)[place] for one in cuts) for place in range(count)]
    assert all(one == each[0] for one in each)
    assert sum(size * often for size, often in each[0].items()) * count == amount * len(cuts)


def test_every_way_to_cut_comes_up() -> None:
    drawn = Counter(tuple(splitting.lucky(5, 3)) for _ in range(3_000))
    assert len(drawn) == 6 and min(drawn.values()) > 350  # 500 expected each


def lay_out(sender: Holder, community: Community, amount: int, count: int, **facts: object) -> Answer:
    with scope.platform():
        home = sender.person.memberships.get().home_id
    asked = {
        "home": str(home), "members_only": False, "amount": amount, "count": count, "split": "lucky",
        "greeting": "中秋快乐", "password": PASSWORD, **facts,
    }  # fmt: skip
    return sender.door.post("/packets", asked)


def agrees(its: LianLian, *holders: Holder) -> None:
    assert ledger.problems() == []
    for one in holders:
        assert one.balance == its.balance(one.person.pk.hex)
    assert mirror.compare(timezone.now().astimezone(CHINA).date()) == 0
    with scope.platform():
        held = sum(ledger.balance(books.packet(one.sender, one.pk)).posted for one in Packet.objects.all())
    assert held == its.balance("MCHASSURE")


@pytest.fixture
def sender(custodian: LianLian, community: Community) -> Holder:
    return with_wallet(custodian, community, "1201", amount=10_000)


def over() -> None:
    """A day later."""
    with scope.platform():
        Packet.objects.update(until=timezone.now() - timedelta(seconds=1))
    tasks.end(0)


def test_neighbours_take_their_shares_and_the_rest_comes_back(
    sender: Holder, custodian: LianLian, community: Community
) -> None:
    name = lay_out(sender, community, 6_000, 3).body["packet"]
    assert sender.balance == 4_000
    one, two = (with_wallet(custodian, community, room, card) for room, card in (("1202", SECOND), ("1203", THIRD)))
    before = one.door.get(f"/packets/{name}").body
    assert (before["greeting"], before["taken"], before["shares"], before["mine"]) == ("中秋快乐", 0, [], None)
    took = [who.door.post(f"/packets/{name}/take").body["mine"] for who in (one, two)]
    assert [one.balance, two.balance] == took
    assert one.door.post(f"/packets/{name}/take").code == "taken"
    assert sender.door.post(f"/packets/{name}/take").code == "own_packet"
    agrees(custodian, sender, one, two)
    over()
    assert sender.balance == 10_000 - sum(took)
    assert sender.door.get(f"/packets/{name}").body["state"] == PacketState.ENDED
    assert one.door.get(f"/packets/{name}").body["shares"]
    agrees(custodian, sender, one, two)


def test_a_packet_taken_whole_names_the_luckiest(sender: Holder, custodian: LianLian, community: Community) -> None:
    name = lay_out(sender, community, 5_001, 2).body["packet"]
    for room, card in (("1202", SECOND), ("1203", THIRD)):
        last = with_wallet(custodian, community, room, card)
        seen = last.door.post(f"/packets/{name}/take").body
    assert seen["state"] == PacketState.EMPTY and sum(one["amount"] for one in seen["shares"]) == 5_001
    [best] = [one["amount"] for one in seen["shares"] if one["best"]]
    assert best == max(one["amount"] for one in seen["shares"])
    over()
    assert sender.balance == 4_999
    agrees(custodian, sender)


def test_an_equal_packet_has_equal_shares_or_is_not_sent(
    sender: Holder, custodian: LianLian, community: Community
) -> None:
    assert lay_out(sender, community, 1_000, 3, split="equal").code == "bad_amount"
    assert lay_out(sender, community, 2, 3).code == "bad_amount"
    assert lay_out(sender, community, 1_000, 101).code == "bad_count"
    assert lay_out(sender, community, 900, 3, split="equal").status == 200
    with scope.platform():
        assert [one.amount for one in Packet.objects.get().shares.all()] == [300] * 3


def test_a_packet_for_the_family_is_told_to_them_and_taken_by_nobody_else(
    sender: Holder, custodian: LianLian, community: Community
) -> None:
    other = with_wallet(custodian, community, "1202", SECOND)
    mate = with_wallet(custodian, community, "1203", THIRD)
    with scope.platform():
        home = sender.person.memberships.get().home
        Member.objects.filter(person=mate.person).update(home=home, role=Role.FAMILY)
    name = lay_out(sender, community, 1_000, 2, members_only=True).body["packet"]
    with scope.platform():
        assert [one.person_id for one in Notice.objects.filter(kind="wallet")] == [mate.person.pk]
    assert other.door.post(f"/packets/{name}/take").code == "unknown_packet"
    assert [one["id"] for one in mate.door.get("/packets").body] == [name]
    assert mate.door.post(f"/packets/{name}/take").body["mine"] >= 1


def test_nobody_of_another_community_sees_it(sender: Holder, community: Community) -> None:
    name = lay_out(sender, community, 1_000, 2).body["packet"]
    far = Door.of(factories.resident(factories.community(), "101", (PAYING, WALLET)))
    assert far.get(f"/packets/{name}").code == "unknown_packet"


def test_whoever_has_no_wallet_is_told_what_to_do(sender: Holder, community: Community) -> None:
    name = lay_out(sender, community, 1_000, 2).body["packet"]
    other = Door.of(factories.resident(community, "1204", (PAYING, WALLET)))
    assert other.get(f"/packets/{name}").status == 200
    assert other.post(f"/packets/{name}/take").code == "no_wallet"


def test_a_blocked_neighbour_takes_nothing(sender: Holder, custodian: LianLian, community: Community) -> None:
    name = lay_out(sender, community, 1_000, 2).body["packet"]
    other = with_wallet(custodian, community, "1202", SECOND)
    with scope.platform():
        Block.objects.create(person=other.person.pk, why="多次被举报", by=sender.person.pk)
    assert other.door.post(f"/packets/{name}/take").code == "risk_refused"


def test_nobody_takes_from_a_frozen_sender_and_it_comes_back(
    sender: Holder, custodian: LianLian, community: Community
) -> None:
    name = lay_out(sender, community, 1_000, 2).body["packet"]
    other = with_wallet(custodian, community, "1202", SECOND)
    with scope.platform():
        Wallet.objects.filter(pk=sender.person.pk).update(state=WalletState.FROZEN)
    assert other.door.post(f"/packets/{name}/take").code == "packet_stopped"
    over()
    assert (sender.balance, other.balance) == (10_000, 0)
    agrees(custodian, sender, other)


def test_a_wallet_is_not_closed_while_a_packet_holds_its_money(sender: Holder, community: Community) -> None:
    sender.prove()
    lay_out(sender, community, 10_000, 2)
    assert sender.balance == 0
    assert sender.door.post("/wallet/close", {"password": PASSWORD}).code == "wallet_not_empty"


def test_a_rest_that_is_declined_is_shown_to_staff_and_tried_again_a_day_later(
    sender: Holder, custodian: LianLian, community: Community, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = lay_out(sender, community, 1_000, 2).body["packet"]

    def declines(_: object) -> None:
        raise Declined("8002")

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(custodian, "do_txn_more_payee_refund", declines)
        over()
    with scope.platform():
        assert [(one.ours, one.theirs) for one in Gap.objects.all()] == [(1_000, 0)]
        assert Packet.objects.get().until > timezone.now() + timedelta(hours=23)
    assert sender.balance == 9_000
    over()
    assert sender.balance == 10_000
    assert sender.door.get(f"/packets/{name}").body["state"] == PacketState.ENDED
    agrees(custodian, sender)


@pytest.mark.parametrize("carried_out", [True, False])
def test_a_share_whose_answer_is_lost_arrives_once_or_is_free_again(
    sender: Holder, custodian: LianLian, community: Community, carried_out: bool
) -> None:
    name = lay_out(sender, community, 1_000, 1).body["packet"]
    other = with_wallet(custodian, community, "1202", SECOND)
    if carried_out:
        custodian.faults.lose = 1
    else:
        custodian.faults.out = True
    assert other.door.post(f"/packets/{name}/take").body["arriving"] is True
    custodian.faults.out = False
    with scope.platform():
        Movement.objects.filter(state__in=Movement.OPEN).update(at=timezone.now() - timedelta(minutes=11))
    wallet_tasks.pursue(0)
    assert other.balance == (1_000 if carried_out else 0)
    over()
    assert sender.balance == (9_000 if carried_out else 10_000)
    agrees(custodian, sender, other)


def test_a_rest_whose_answer_is_lost_comes_back_once(sender: Holder, custodian: LianLian, community: Community) -> None:
    lay_out(sender, community, 1_000, 2)
    custodian.faults.spare, custodian.faults.lose = 1, 1
    over()
    custodian.faults.lose = custodian.faults.spare = 0
    tasks.end(0)
    with scope.platform():
        Movement.objects.filter(state__in=Movement.OPEN).update(at=timezone.now() - timedelta(minutes=1))
    wallet_tasks.pursue(0)
    tasks.end(0)
    assert sender.balance == 10_000
    agrees(custodian, sender)


def test_not_enough_money_lays_out_nothing(sender: Holder, custodian: LianLian, community: Community) -> None:
    sender.prove()
    assert lay_out(sender, community, 10_001, 1).code == "not_enough_money"
    with scope.platform():
        assert not Packet.objects.exists()
    agrees(custodian, sender)


def test_twelve_at_once_on_many_packets_do_not_wait_for_each_other_in_a_circle(
    own_database: None, custodian: LianLian
) -> None:
    with scope.platform():
        community = factories.community()
    sender = with_wallet(custodian, community, "1201", FIRST, amount=5_000)
    names = [lay_out(sender, community, 1_000, 6).body["packet"] for _ in range(4)]
    others = [with_wallet(custodian, community, f"13{at:02}", SECOND) for at in range(6)]

    def take(who: Holder, name: str) -> int:
        try:
            return Door.of(who.person).post(f"/packets/{name}/take").status
        finally:
            connection.close()

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda both: take(*both), [(who, name) for name in names for who in others]))
    assert answers == [200] * 24
    assert sum(one.balance for one in others) == 4_000
    agrees(custodian, sender, *others)


def test_six_at_once_take_three_shares_and_no_more(own_database: None, custodian: LianLian) -> None:
    with scope.platform():
        community = factories.community()
    sender = with_wallet(custodian, community, "1201", FIRST, amount=1_000)
    name = lay_out(sender, community, 900, 3).body["packet"]
    others = [with_wallet(custodian, community, f"13{at:02}", SECOND) for at in range(6)]

    def take(who: Holder) -> int:
        try:
            return who.door.post(f"/packets/{name}/take").status
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(take, others))
    assert sorted(answers) == [200] * 3 + [409] * 3
    assert sum(one.balance for one in others) == 900
    agrees(custodian, sender, *others)
