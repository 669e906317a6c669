"""Opening a wallet by the four elements, its password, its cards, and closing it."""

import pytest

from anju.homes.models import Community
from anju.partners.purposes import ACCOUNT, WALLET
from anju.people.models import Person, RealName
from anju.privacy import consent, scope
from anju.privacy.models import Sharing
from anju.privacy.refusals import Refused
from anju.wallet.models import Card, Wallet, WalletState
from tests import factories
from tests.doors import Door
from tests.peers.lianlian import BankCard, LianLian
from tests.wallet.conftest import FIRST, PASSWORD, SECOND, Holder, somebody, with_wallet


def test_without_a_contract_the_app_says_so_and_keeps_nobodys_money(resident: Person) -> None:
    assert Door.of(resident).get("/wallet").body["offered"] is False


def test_a_wallet_is_opened_with_the_four_elements_and_the_banks_code(
    custodian: LianLian, community: Community
) -> None:
    who = somebody(custodian, community, "1201")
    assert who.door.get("/wallet").body["state"] == "none"
    assert who.door.post("/wallet/open", {"card": FIRST, "phone": who.card.phone}).status == 204
    wrong = who.door.post("/wallet/open/confirm", {"code": "000000", "password": PASSWORD})
    assert (wrong.status, wrong.code) == (409, "code_wrong")
    opened = who.door.post("/wallet/open/confirm", {"code": custodian.code, "password": PASSWORD})
    assert opened.body["state"] == "open"
    assert [(one["bank"], one["last4"]) for one in opened.body["cards"]] == [("招商银行", FIRST[-4:])]
    held = custodian.holders[who.person.pk.hex]
    assert (held.name, held.id_number) == ("张小明", who.card.id_number)


def test_somebody_elses_card_opens_nothing(custodian: LianLian, community: Community) -> None:
    who = somebody(custodian, community, "1201")
    who.card.name = "李四"
    answer = who.door.post("/wallet/open", {"card": FIRST, "phone": who.card.phone})
    assert answer.code == "card_refused"
    assert who.door.get("/wallet").body["state"] == "none"


def test_a_mistyped_card_or_phone_goes_nowhere(custodian: LianLian, community: Community) -> None:
    who = somebody(custodian, community, "1201")
    assert (
        who.door.post(
            "/wallet/open", {"card": FIRST[:-1] + str((int(FIRST[-1]) + 1) % 10), "phone": who.card.phone}
        ).code
        == "bad_card"
    )
    assert who.door.post("/wallet/open", {"card": FIRST, "phone": "12"}).code == "bad_phone"
    assert custodian.asked == []


def test_whoever_nobody_has_checked_yet_is_checked_by_the_bank(custodian: LianLian, community: Community) -> None:
    who = somebody(custodian, community, "1201")
    with scope.platform():
        RealName.objects.filter(person=who.person).delete()
    card = {"card": FIRST, "phone": who.card.phone}
    assert who.door.post("/wallet/open", card).code == "name_form"
    assert who.door.post("/wallet/open", {**card, "name": "张小明", "id_number": "1"}).code == "id_number_form"
    other = {**card, "name": "李四", "id_number": who.card.id_number}
    assert who.door.post("/wallet/open", other).code == "card_refused"
    right = {**card, "name": "张小明", "id_number": who.card.id_number}
    assert who.door.post("/wallet/open", right).status == 204
    with scope.platform():
        assert not RealName.objects.filter(person=who.person).exists()
    assert who.door.post("/wallet/open/confirm", {"code": custodian.code, "password": PASSWORD}).status == 200
    with scope.platform():
        assert RealName.objects.get(person=who.person).id_number.open() == who.card.id_number


def test_the_bank_vouches_only_for_the_name_that_this_browser_gave_it(
    custodian: LianLian, community: Community
) -> None:
    """Who gave a false name first may not have the bank's word for another application stand for it."""
    who = somebody(custodian, community, "1201")
    with scope.platform():
        RealName.objects.filter(person=who.person).delete()
    elsewhere = Door.of(who.person)
    right = {"card": FIRST, "phone": who.card.phone, "name": "张小明", "id_number": who.card.id_number}
    assert who.door.post("/wallet/open", right).status == 204
    stranger = BankCard(SECOND, "李四", factories.citizen(), "13900139000")
    custodian.bank[SECOND] = stranger
    theirs = {"card": SECOND, "phone": stranger.phone, "name": "李四", "id_number": stranger.id_number}
    assert elsewhere.post("/wallet/open", theirs).status == 204
    answer = who.door.post("/wallet/open/confirm", {"code": custodian.code, "password": PASSWORD})
    assert answer.code == "no_application"
    assert elsewhere.post("/wallet/open/confirm", {"code": custodian.code, "password": PASSWORD}).status == 200
    with scope.platform():
        assert (
            RealName.objects.get(person=who.person).name.open() == custodian.holders[who.person.pk.hex].name == "李四"
        )


def test_an_account_whose_opening_was_never_answered_is_found_at_the_next_try(
    custodian: LianLian, community: Community
) -> None:
    who = somebody(custodian, community, "1201")
    asked = {"card": FIRST, "phone": who.card.phone}
    who.door.post("/wallet/open", asked)
    custodian.faults.lose = 1
    lost = who.door.post("/wallet/open/confirm", {"code": custodian.code, "password": PASSWORD})
    assert lost.code == "institution_unreachable"
    again = who.door.post("/wallet/open/confirm", {"code": custodian.code, "password": "264935"})
    assert again.body["state"] == "open"
    assert who.top_up(100).body["state"] == "done"  # by the password that the institution was told


def test_or_when_somebody_applies_anew(custodian: LianLian, community: Community) -> None:
    who = somebody(custodian, community, "1201")
    asked = {"card": FIRST, "phone": who.card.phone}
    who.door.post("/wallet/open", asked)
    custodian.faults.lose = 1
    who.door.post("/wallet/open/confirm", {"code": custodian.code, "password": PASSWORD})
    assert who.door.post("/wallet/open", asked).code == "wallet_open"
    assert [one["last4"] for one in who.door.get("/wallet").body["cards"]] == [FIRST[-4:]]
    assert who.top_up(100).body["state"] == "done"


def test_a_wrong_code_adopts_nothing(custodian: LianLian, community: Community) -> None:
    who = somebody(custodian, community, "1201")
    who.door.post("/wallet/open", {"card": FIRST, "phone": who.card.phone})
    for _ in range(2):
        wrong = who.door.post("/wallet/open/confirm", {"code": "000000", "password": PASSWORD})
        assert wrong.code == "code_wrong"
    assert who.door.get("/wallet").body["state"] == "none"


def test_a_password_that_anybody_would_try_is_not_taken(custodian: LianLian, community: Community) -> None:
    who = somebody(custodian, community, "1201")
    who.door.post("/wallet/open", {"card": FIRST, "phone": who.card.phone})
    for weak in ("123456", "111111", "987654", "12345", "abcdef"):
        answer = who.door.post("/wallet/open/confirm", {"code": custodian.code, "password": weak})
        assert answer.code in ("weak_password", "bad_password")


def test_the_card_number_stays_nowhere_and_the_password_only_as_a_hash(holder: Holder) -> None:
    with scope.platform():
        card, wallet = Card.objects.get(), Wallet.objects.get()
    assert FIRST not in str(card.__dict__) and card.last4 == FIRST[-4:]
    assert PASSWORD not in wallet.password and wallet.password.startswith("argon2")
    sent = Sharing.objects.filter(subject=holder.person.pk, recipient="lianlian")
    assert {name for one in sent for name in one.fields} >= {"name", "id_number", "card", "phone", "password"}


def test_guessing_the_password_locks_the_wallet_and_the_bank_lets_one_in_again(
    holder: Holder, custodian: LianLian
) -> None:
    def attempt(password: str) -> str:
        return holder.door.post("/wallet/top-up", {"amount": 100, "card": holder.bound_id, "password": password}).code

    assert [attempt("482957") for _ in range(6)] == [*["password_wrong"] * 5, "password_locked"]
    assert attempt(PASSWORD) == "password_locked"
    assert holder.door.post("/wallet/password/code").code == "proof_required"
    holder.prove()
    assert holder.door.post("/wallet/password/code").status == 204
    assert holder.door.post("/wallet/password", {"code": "000000", "password": "264935"}).code == "code_wrong"
    assert holder.door.post("/wallet/password", {"code": custodian.code, "password": "264935"}).status == 204
    paid = holder.door.post("/wallet/top-up", {"amount": 100, "card": holder.bound_id, "password": "264935"})
    assert paid.body["state"] == "done"


def test_another_card_is_bound_by_code_and_unbound_everywhere(holder: Holder, custodian: LianLian) -> None:
    custodian.bank[SECOND] = BankCard(SECOND, holder.card.name, holder.card.id_number, "13900139000", "01020000")
    asked = {"card": SECOND, "phone": "13900139000", "password": PASSWORD}
    assert holder.door.post("/wallet/cards", asked).status == 204
    bound = holder.door.post("/wallet/cards/confirm", {"code": custodian.code})
    assert [one["bank"] for one in bound.body["cards"]] == ["招商银行", "工商银行"]
    second = bound.body["cards"][1]["id"]
    assert holder.door.post(f"/wallet/cards/{second}/unbind", {"password": "482957"}).code == "password_wrong"
    left = holder.door.post(f"/wallet/cards/{second}/unbind", {"password": PASSWORD})
    assert [one["last4"] for one in left.body["cards"]] == [FIRST[-4:]]
    assert [one.number for one in custodian.holders[holder.person.pk.hex].cards.values()] == [FIRST]


def test_nobody_unbinds_or_uses_a_neighbours_card(holder: Holder, custodian: LianLian, community: Community) -> None:
    other = with_wallet(custodian, community, "1202", SECOND)
    path = f"/wallet/cards/{holder.bound_id}/unbind"
    assert other.door.post(path, {"password": PASSWORD}).code == "unknown_card"
    taken = {"amount": 100, "card": holder.bound_id, "password": PASSWORD}
    assert other.door.post("/wallet/top-up", taken).code == "unknown_card"


def test_a_wallet_with_money_is_not_closed_and_an_empty_one_goes_there_as_well(
    holder: Holder, custodian: LianLian
) -> None:
    holder.top_up(5_000)
    assert holder.door.post("/wallet/close", {"password": PASSWORD}).code == "wallet_not_empty"
    holder.door.post("/wallet/withdraw", {"amount": 5_000, "card": holder.bound_id, "password": PASSWORD})
    assert holder.door.post("/wallet/close", {"password": PASSWORD}).status == 204
    assert holder.person.pk.hex not in custodian.holders
    with scope.platform():
        assert Wallet.objects.get().state == WalletState.CLOSED and not Card.objects.exists()
    again = somebody(custodian, holder_community(holder), "1203", SECOND)
    assert again.door.get("/wallet").body["state"] == "none"


def test_a_closing_that_was_never_answered_ends_when_it_is_asked_again(holder: Holder, custodian: LianLian) -> None:
    custodian.faults.lose, custodian.faults.spare = 1, 1
    assert holder.door.post("/wallet/close", {"password": PASSWORD}).code == "institution_unreachable"
    assert holder.person.pk.hex not in custodian.holders
    assert holder.door.post("/wallet/close", {"password": PASSWORD}).status == 204
    with scope.platform():
        assert Wallet.objects.get().state == WalletState.CLOSED


def test_while_it_closes_nothing_moves(holder: Holder, custodian: LianLian) -> None:
    card = holder.bound_id
    custodian.faults.out = True
    assert holder.door.post("/wallet/close", {"password": PASSWORD}).code == "institution_unreachable"
    custodian.faults.out = False
    asked = {"amount": 100, "card": card, "password": PASSWORD}
    assert holder.door.post("/wallet/top-up", asked).code == "wallet_closing"
    assert holder.door.post("/wallet/close", {"password": PASSWORD}).status == 204
    assert holder.person.pk.hex not in custodian.holders


def test_a_frozen_wallet_is_not_closed(holder: Holder) -> None:
    with scope.platform():
        Wallet.objects.update(state=WalletState.FROZEN)
    assert holder.door.post("/wallet/close", {"password": PASSWORD}).code == "wallet_frozen"


def holder_community(holder: Holder) -> Community:
    with scope.platform():
        return holder.person.memberships.get().community


def test_consent_taken_back_stops_it_and_given_again_brings_cards_and_money_back(holder: Holder) -> None:
    holder.top_up(5_000)
    consent.withdraw(holder.person.pk, WALLET)
    with scope.platform():
        assert not Card.objects.exists()
    assert (
        holder.door.post("/wallet/top-up", {"amount": 1, "card": str(holder.person.pk), "password": PASSWORD}).code
        == "consent_required"
    )
    consent.grant(holder.person.pk, WALLET, version=WALLET.version)
    assert [one["last4"] for one in holder.door.post("/wallet/cards/refresh").body["cards"]] == [FIRST[-4:]]
    assert holder.door.get("/wallet").body["free"] == 5_000


def test_no_account_goes_while_money_lies_in_its_wallet(holder: Holder) -> None:
    holder.top_up(5_000)
    holder.prove()
    assert holder.door.post("/rights/cancellation").code == "wallet_not_empty"
    with pytest.raises(Refused, match="wallet_not_empty"):
        consent.withdraw(holder.person.pk, ACCOUNT)
    assert consent.granted(holder.person.pk, ACCOUNT)
    holder.door.post("/wallet/withdraw", {"amount": 5_000, "card": holder.bound_id, "password": PASSWORD})
    assert holder.door.post("/rights/cancellation").code == "wallet_not_empty"  # open, somebody may still send to it
    assert holder.door.post("/wallet/close", {"password": PASSWORD}).status == 204
    assert holder.door.post("/rights/cancellation").status == 201
