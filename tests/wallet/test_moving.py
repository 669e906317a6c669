"""Money into a wallet, out of it, to a neighbour and to what is paid for; when the institution behaves, and when it does not."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from anju.homes.models import Community
from anju.ledger import queries as ledger
from anju.notices.models import Notice
from anju.partners.paying import CHINA
from anju.partners.purposes import WALLET
from anju.payments import actions as payments
from anju.payments import tasks as payment_tasks
from anju.payments.models import Payment, PaymentState, Statement, Through
from anju.privacy import consent, scope
from anju.risk.models import Block
from anju.wallet import books, mirror, moving, tasks
from anju.wallet.models import Gap, Movement, Wallet, WalletState
from tests import factories
from tests.billing.test_at_once import own_database as own_database
from tests.doors import Answer, Door
from tests.payments.conftest import Bill, registered
from tests.payments.conftest import bill as bill
from tests.peers.lianlian import LianLian
from tests.people.authenticator import challenged, passkey_of
from tests.wallet.conftest import FIRST, PASSWORD, SECOND, Holder, with_wallet


def later() -> None:
    """The minute's job, well after the movement."""
    with scope.platform():
        Movement.objects.filter(state__in=Movement.OPEN).update(at=timezone.now() - timedelta(minutes=1))
    tasks.pursue(0)


def agrees(custodian: LianLian, *holders: Holder) -> None:
    """The books add up, and say what the institution says."""
    assert ledger.problems() == []
    for one in holders:
        assert one.balance == custodian.balance(one.person.pk.hex)
    assert mirror.compare(timezone.now().astimezone(CHINA).date()) == 0


def test_a_small_top_up_is_there_at_once(holder: Holder, custodian: LianLian) -> None:
    answer = holder.top_up(5_000)
    assert (answer.body["state"], answer.body["amount"]) == ("done", 5_000)
    assert holder.door.get("/wallet").body["free"] == 5_000
    assert holder.card.balance == 10_000_00 - 5_000
    agrees(custodian, holder)


def test_a_larger_one_asks_for_the_banks_code(holder: Holder, custodian: LianLian) -> None:
    waiting = holder.top_up(50_000).body
    assert waiting["state"] == "code" and holder.balance == 0
    path = f"/wallet/movements/{waiting['id']}/confirm"
    assert holder.door.post(path, {"code": "000000"}).code == "code_wrong"
    assert holder.door.post(path, {"code": custodian.code}).body["state"] == "done"
    assert holder.door.post(path, {"code": custodian.code}).code == "decided"
    assert holder.balance == 50_000
    agrees(custodian, holder)


def test_a_code_that_never_comes_is_let_go(holder: Holder, custodian: LianLian) -> None:
    waiting = holder.top_up(50_000).body
    with scope.platform():
        Movement.objects.update(at=timezone.now() - timedelta(minutes=11))
    tasks.pursue(0)
    assert holder.door.get(f"/wallet/movements/{waiting['id']}").body["state"] == "failed"
    assert holder.door.post(f"/wallet/movements/{waiting['id']}/confirm", {"code": custodian.code}).code == "decided"
    agrees(custodian, holder)


def test_money_goes_back_to_ones_own_card(custodian: LianLian, community: Community) -> None:
    holder = with_wallet(custodian, community, "1201", amount=10_000)
    answer = holder.door.post("/wallet/withdraw", {"amount": 4_000, "card": holder.bound_id, "password": PASSWORD})
    assert answer.body["state"] == "done"
    assert (holder.balance, holder.card.balance) == (6_000, 10_000_00 - 6_000)
    too_much = holder.door.post("/wallet/withdraw", {"amount": 6_001, "card": holder.bound_id, "password": PASSWORD})
    assert too_much.code == "not_enough_money"
    agrees(custodian, holder)


def test_a_neighbour_gets_a_transfer_and_is_told(custodian: LianLian, community: Community) -> None:
    holder = with_wallet(custodian, community, "1201", amount=10_000)
    other = with_wallet(custodian, community, "1202", SECOND)
    assert holder.door.get("/wallet/payee", phone=other.phone).body == {"name": "**明"}
    sent = holder.door.post("/wallet/transfer", {"amount": 3_000, "phone": other.phone, "password": PASSWORD})
    assert sent.body["state"] == "done"
    assert (holder.balance, other.balance) == (7_000, 3_000)
    [line] = other.door.get("/wallet/movements").body
    assert (line["incoming"], line["amount"]) == (True, 3_000)
    with scope.platform():
        assert Notice.objects.filter(person=other.person, kind="wallet").count() == 1
    agrees(custodian, holder, other)


def test_nobody_elsewhere_can_be_found_by_number(custodian: LianLian, community: Community) -> None:
    holder = with_wallet(custodian, community, "1201", amount=1_000)
    far = with_wallet(custodian, factories.community(), "101", SECOND)
    assert holder.door.get("/wallet/payee", phone=far.phone).code == "unknown_payee"
    assert holder.door.get("/wallet/payee", phone=holder.phone).code == "unknown_payee"
    assert holder.door.get("/wallet/payee", phone="13700000000").code == "unknown_payee"
    body = {"amount": 100, "phone": far.phone, "password": PASSWORD}
    assert holder.door.post("/wallet/transfer", body).code == "unknown_payee"


def paid(community: Community, bill: Bill, who: Holder, amount: int) -> Payment:
    with scope.person(who.person.pk):
        return bill.begin(who.person, community, Through.WALLET, amount)


def test_what_is_owed_is_paid_from_the_balance(custodian: LianLian, community: Community, bill: Bill) -> None:
    holder = with_wallet(custodian, community, "1201", amount=10_000)
    payment = paid(community, bill, holder, 8_000)
    assert holder.door.post("/wallet/pay", {"payment": str(payment.pk), "password": PASSWORD}).body["state"] == "done"
    assert holder.door.get(f"/payments/{payment.pk}").body["state"] == "paid"
    assert (holder.balance, ledger.balance(bill.account).posted) == (2_000, 8_000)
    assert bill.told == [("paid", 8_000)]
    assert holder.door.post("/wallet/pay", {"payment": str(payment.pk), "password": PASSWORD}).code == "not_open"
    agrees(custodian, holder)


def test_or_from_a_bank_card_with_the_banks_code(custodian: LianLian, community: Community, bill: Bill) -> None:
    holder = with_wallet(custodian, community, "1201")
    payment = paid(community, bill, holder, 50_000)
    holder.prove()
    asked = {"payment": str(payment.pk), "password": PASSWORD, "card": holder.bound_id}
    waiting = holder.door.post("/wallet/pay", asked).body
    assert waiting["state"] == "code"
    done = holder.door.post(f"/wallet/movements/{waiting['id']}/confirm", {"code": custodian.code})
    assert done.body["state"] == "done"
    assert (holder.balance, ledger.balance(bill.account).posted) == (0, 50_000)
    assert ledger.balance(books.custody()).posted == -50_000
    agrees(custodian, holder)


def test_not_enough_on_the_balance_leaves_the_order_to_be_paid_by_card(
    custodian: LianLian, community: Community, bill: Bill
) -> None:
    holder = with_wallet(custodian, community, "1201", amount=1_000)
    payment = paid(community, bill, holder, 8_000)
    asked = {"payment": str(payment.pk), "password": PASSWORD}
    assert holder.door.post("/wallet/pay", asked).code == "not_enough_money"
    assert holder.door.post("/wallet/pay", {**asked, "card": holder.bound_id}).body["state"] == "done"
    assert holder.balance == 1_000
    agrees(custodian, holder)


@pytest.mark.parametrize("by_card", [False, True])
def test_a_refund_goes_back_the_way_it_came(
    custodian: LianLian, community: Community, bill: Bill, by_card: bool
) -> None:
    holder = with_wallet(custodian, community, "1201", amount=10_000)
    payment = paid(community, bill, holder, 8_000)
    card = {"card": holder.bound_id} if by_card else {}
    holder.door.post("/wallet/pay", {"payment": str(payment.pk), "password": PASSWORD, **card})
    with scope.platform():
        payments.give_back(Payment.objects.get(), 3_000, "test")
    assert holder.balance == (10_000 if by_card else 5_000)
    assert ledger.balance(bill.account).posted == 5_000
    agrees(custodian, holder)


def test_an_answer_that_never_came_is_found_out(custodian: LianLian, community: Community, bill: Bill) -> None:
    holder = with_wallet(custodian, community, "1201", amount=10_000)
    payment = paid(community, bill, holder, 8_000)
    custodian.faults.lose = 1
    waiting = holder.door.post("/wallet/pay", {"payment": str(payment.pk), "password": PASSWORD})
    assert waiting.body["state"] == "asked"
    free = holder.door.get("/wallet").body
    assert (free["free"], free["held"]) == (2_000, 8_000)
    again = holder.door.post("/wallet/pay", {"payment": str(payment.pk), "password": PASSWORD})
    assert again.code == "being_done"
    later()
    assert holder.door.get(f"/payments/{payment.pk}").body["state"] == "paid"
    assert bill.told == [("paid", 8_000)]
    agrees(custodian, holder)


def test_an_order_that_was_never_paid_there_is_closed_and_the_balance_free_again(
    custodian: LianLian, community: Community, bill: Bill
) -> None:
    holder = with_wallet(custodian, community, "1201", amount=10_000)
    payment = paid(community, bill, holder, 8_000)
    custodian.faults.out = True
    waiting = holder.door.post("/wallet/pay", {"payment": str(payment.pk), "password": PASSWORD})
    custodian.faults.out = False
    assert waiting.body["state"] == "asked"
    with scope.platform():
        Movement.objects.filter(kind="pay").update(at=timezone.now() - timedelta(minutes=11))
    tasks.pursue(0)
    assert holder.door.get("/wallet").body["free"] == 10_000
    assert holder.door.get(f"/payments/{payment.pk}").body["state"] == "closed"
    anew = paid(community, bill, holder, 8_000)
    assert holder.door.post("/wallet/pay", {"payment": str(anew.pk), "password": PASSWORD}).body["state"] == "done"
    agrees(custodian, holder)


@pytest.mark.parametrize("spare", [0, 1, 2])
def test_a_transfer_whose_answers_are_lost_is_made_once_or_not_at_all(
    custodian: LianLian, community: Community, spare: int
) -> None:
    holder = with_wallet(custodian, community, "1201", amount=10_000)
    other = with_wallet(custodian, community, "1202", SECOND)
    custodian.faults.spare, custodian.faults.lose = spare, 1
    holder.door.post("/wallet/transfer", {"amount": 3_000, "phone": other.phone, "password": PASSWORD})
    custodian.faults.lose = custodian.faults.spare = 0
    with scope.platform():
        Movement.objects.filter(state__in=Movement.OPEN).update(at=timezone.now() - timedelta(minutes=11))
    tasks.pursue(0)
    assert (holder.balance, other.balance) == ((10_000, 0) if spare == 0 else (7_000, 3_000))
    agrees(custodian, holder, other)


def test_an_institution_that_is_out_takes_nothing(holder: Holder, custodian: LianLian) -> None:
    custodian.faults.out = True
    assert holder.top_up(5_000).body["state"] == "asked"
    later()
    custodian.faults.out = False
    with scope.platform():
        Movement.objects.update(at=timezone.now() - timedelta(minutes=11))
    tasks.pursue(0)
    assert holder.balance == 0
    agrees(custodian, holder)


def test_an_answer_that_they_did_not_sign_books_nothing(holder: Holder, custodian: LianLian) -> None:
    custodian.faults.wrong_key = True
    assert holder.top_up(5_000).body["state"] == "asked"
    assert holder.balance == 0
    custodian.faults.wrong_key = False
    later()
    agrees(custodian, holder)


def test_what_the_institution_tells_is_booked_once_and_only_when_signed(holder: Holder, custodian: LianLian) -> None:
    custodian.faults.lose, custodian.faults.spare = 1, 1
    holder.top_up(5_000)
    with scope.platform():
        moved = Movement.objects.get()
    headers, body = custodian.notification(moved.order)
    kind = headers.pop("Content-Type")
    forged = body.replace(b"50.0", b"90.0")
    assert Client().post("/api/v1/wallet/heard", forged, content_type=kind, headers=headers).status_code == 401
    custodian.faults.wrong_key = True
    signed = {**headers, "Signature-Data": custodian.sign(body)}
    custodian.faults.wrong_key = False
    assert Client().post("/api/v1/wallet/heard", body, content_type=kind, headers=signed).status_code == 401
    assert holder.balance == 0
    for _ in range(3):
        answer = Client().post("/api/v1/wallet/heard", body, content_type=kind, headers=headers)
        assert answer.content == b"Success"
    assert holder.balance == 5_000
    agrees(custodian, holder)


def test_a_day_is_compared_with_the_institution_and_what_differs_waits_for_somebody(
    custodian: LianLian, community: Community, bill: Bill
) -> None:
    holder = with_wallet(custodian, community, "1201", amount=10_000)
    payment = paid(community, bill, holder, 8_000)
    holder.door.post("/wallet/pay", {"payment": str(payment.pk), "password": PASSWORD})
    with scope.platform():
        payments.give_back(Payment.objects.get(), 1_000, "test")
    today = timezone.now().astimezone(CHINA).date()
    payment_tasks.reconcile_day(today)
    with scope.platform():
        statement = Statement.objects.get(through=Through.WALLET)
    assert (statement.lines, statement.received, statement.returned) == (2, 8_000, 1_000)
    assert mirror.compare(today) == 0
    custodian._book("stolen", holder.person.pk.hex, "", 500)
    assert mirror.compare(today) > 0
    with scope.platform():
        found = {one.number: (one.ours, one.theirs) for one in Gap.objects.all()}
        assert payments.Difference.objects.count() == 0
    assert found == {"stolen": (0, -500), "": (3_000, 2_500)}


def test_the_password_alone_moves_a_thousand_a_day_and_a_code_five(custodian: LianLian, community: Community) -> None:
    custodian.free_of_codes = 10_000_00
    holder = with_wallet(custodian, community, "1201")
    holder.card.balance = 100_000_00
    holder.prove()
    assert holder.top_up(6_000_00).body["state"] == "done"
    other = with_wallet(custodian, community, "1202", SECOND)

    def send(amount: int) -> str:
        body = {"amount": amount, "phone": other.phone, "password": PASSWORD}
        answer = holder.door.post("/wallet/transfer", body)
        return "done" if answer.status == 200 else answer.code

    holder.door.client.session.flush()
    holder.door.client.force_login(holder.person)
    assert send(99_00) == "done"
    assert send(1_000_00) == "proof_required"
    holder.prove()
    assert send(1_000_00) == "done"
    assert send(4_000_00) == "limit_day"
    with scope.platform():
        Movement.objects.update(at=timezone.now() - timedelta(days=1, hours=1))
        Wallet.objects.filter(pk=holder.person.pk).update(level="V1")
    assert send(100) == "limit_year"
    agrees(custodian, holder, other)


def test_a_passkey_is_as_good_as_a_code(custodian: LianLian, community: Community) -> None:
    holder = with_wallet(custodian, community, "1201", amount=20_000)
    other = with_wallet(custodian, community, "1202", SECOND)
    mine, theirs = passkey_of(holder.person), passkey_of(other.person)
    body = {"amount": 10_000, "phone": other.phone, "password": PASSWORD}
    assert holder.door.post("/wallet/transfer", body).code == "proof_required"
    for passkey, status in ((theirs, 403), (mine, 204)):
        said = {"credential": passkey.sign(challenged(holder.door))}
        assert holder.door.post("/rights/proof/passkey", said).status == status
        answer = holder.door.post("/wallet/transfer", body)
        assert answer.body["state"] == "done" if status == 204 else answer.code == "proof_required"
    assert (holder.balance, other.balance) == (10_000, 10_000)
    agrees(custodian, holder, other)


def test_a_paid_order_is_settled_by_either_way_of_learning_it(
    custodian: LianLian, community: Community, bill: Bill
) -> None:
    holder = with_wallet(custodian, community, "1201", amount=10_000)
    payment = paid(community, bill, holder, 8_000)
    custodian.faults.lose = 1
    holder.door.post("/wallet/pay", {"payment": str(payment.pk), "password": PASSWORD})
    payment_tasks.pursue(0)
    with scope.platform():
        assert Payment.objects.get().state == PaymentState.PAID
        assert Movement.objects.get(kind="pay").state == "done"
    assert FIRST not in str(custodian.asked[-1])
    agrees(custodian, holder)


def test_one_wish_sent_twice_is_carried_out_once(custodian: LianLian, community: Community) -> None:
    holder = with_wallet(custodian, community, "1201", amount=10_000)
    other = with_wallet(custodian, community, "1202", SECOND)
    body = {"amount": 3_000, "phone": other.phone, "password": PASSWORD, "wish": str(uuid4())}
    first = holder.door.post("/wallet/transfer", body).body
    assert first["state"] == "done"
    assert holder.door.post("/wallet/transfer", body).body == first
    assert (holder.balance, other.balance) == (7_000, 3_000)
    assert holder.door.post("/wallet/transfer", {**body, "wish": str(uuid4())}).body["state"] == "done"
    agrees(custodian, holder, other)


def test_a_withdrawal_whose_code_never_comes_leaves_the_money_free(custodian: LianLian, community: Community) -> None:
    holder = with_wallet(custodian, community, "1201", amount=20_000)
    holder.prove()
    asked = {"amount": 15_000, "card": holder.bound_id, "password": PASSWORD}
    assert holder.door.post("/wallet/withdraw", asked).body["state"] == "code"
    assert holder.door.get("/wallet").body["free"] == 5_000
    with scope.platform():
        Movement.objects.update(at=timezone.now() - timedelta(minutes=11))
    tasks.pursue(0)
    assert holder.door.get("/wallet").body["free"] == 20_000
    agrees(custodian, holder)


def test_a_code_whose_answer_is_lost_is_not_let_go_for_want_of_one(custodian: LianLian, community: Community) -> None:
    holder = with_wallet(custodian, community, "1201", amount=20_000)
    holder.prove()
    asked = {"amount": 15_000, "card": holder.bound_id, "password": PASSWORD}
    waiting = holder.door.post("/wallet/withdraw", asked).body
    custodian.faults.lose = 1
    path = f"/wallet/movements/{waiting['id']}/confirm"
    assert holder.door.post(path, {"code": custodian.code}).body["state"] == "asked"
    with scope.platform():
        Movement.objects.update(at=timezone.now() - timedelta(minutes=11))
    tasks.pursue(0)
    assert holder.balance == 5_000
    agrees(custodian, holder)


def test_what_the_institution_moved_otherwise_than_asked_waits_for_somebody(
    holder: Holder, custodian: LianLian
) -> None:
    custodian.faults.lose, custodian.faults.spare = 1, 1
    holder.top_up(5_000)
    with scope.platform():
        custodian.orders[Movement.objects.get().order].amount = 4_000
    later()
    with scope.platform():
        assert [(one.ours, one.theirs) for one in Gap.objects.all()] == [(5_000, 4_000)]
    assert holder.balance == 0


@pytest.mark.parametrize("stopped", ["payer", "payee"])
def test_whoever_was_stopped_meanwhile_is_not_helped_by_the_banks_code(
    custodian: LianLian, community: Community, stopped: str
) -> None:
    holder = with_wallet(custodian, community, "1201", amount=20_000)
    other = with_wallet(custodian, community, "1202", SECOND)
    holder.prove()
    sent = {"amount": 15_000, "phone": other.phone, "password": PASSWORD}
    waiting = holder.door.post("/wallet/transfer", sent).body
    assert waiting["state"] == "code"
    with scope.platform():
        if stopped == "payer":
            Wallet.objects.filter(pk=holder.person.pk).update(state=WalletState.FROZEN)
        else:
            Block.objects.create(person=other.person.pk, why="多次被举报", by=holder.person.pk)
    answer = holder.door.post(f"/wallet/movements/{waiting['id']}/confirm", {"code": custodian.code})
    assert answer.code == ("wallet_frozen" if stopped == "payer" else "payee_blocked")
    assert (holder.balance, other.balance) == (20_000, 0)
    agrees(custodian, holder, other)


def test_nothing_goes_to_somebody_who_has_taken_consent_back(custodian: LianLian, community: Community) -> None:
    holder = with_wallet(custodian, community, "1201", amount=1_000)
    other = with_wallet(custodian, community, "1202", SECOND)
    consent.withdraw(other.person.pk, WALLET)
    body = {"amount": 100, "phone": other.phone, "password": PASSWORD}
    assert holder.door.post("/wallet/transfer", body).code == "unknown_payee"


def test_a_payment_sent_four_times_at_once_is_made_once(own_database: None, custodian: LianLian) -> None:
    with scope.platform():
        community = factories.community()
    holder = with_wallet(custodian, community, "1201", amount=10_000)
    with registered() as bill:
        payment = paid(community, bill, holder, 3_000)

        def pay(_: int) -> Answer:
            try:
                return Door.of(holder.person).post("/wallet/pay", {"payment": str(payment.pk), "password": PASSWORD})
            finally:
                connection.close()

        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(pay, range(4)))
    assert sorted(one.status for one in answers) == [200, 409, 409, 409]
    assert holder.balance == 7_000
    assert bill.told == [("paid", 3_000)]
    agrees(custodian, holder)


def test_one_that_cannot_be_asked_after_keeps_no_other_waiting(
    custodian: LianLian, community: Community, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = with_wallet(custodian, community, "1201")
    other = with_wallet(custodian, community, "1202", SECOND)
    for who in (one, other):
        custodian.faults.lose, custodian.faults.spare = 1, 1
        assert who.top_up(1_000).body["state"] == "asked"
    learn = moving.learn

    def stumbles(moved: Movement) -> Movement:
        if moved.person == one.person.pk:
            raise RuntimeError
        return learn(moved)

    monkeypatch.setattr(moving, "learn", stumbles)
    later()
    assert (one.balance, other.balance) == (0, 1_000)
    monkeypatch.undo()
