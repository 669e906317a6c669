"""A licensed institution on loopback, a bank behind it, and residents with wallets."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from anju.homes.models import Community
from anju.ledger import queries as ledger
from anju.partners import lianlian
from anju.partners.purposes import PAYING, WALLET
from anju.people.models import Person, RealName
from anju.people.purposes import REAL_NAME
from anju.privacy import scope
from anju.wallet import books
from tests import factories
from tests.doors import Answer, Door
from tests.peers import lianlian as peers
from tests.peers.lianlian import BankCard, LianLian
from tests.rights.conftest import code_sent_to

PASSWORD = "384756"
FIRST, SECOND = "6214830100799658", "6222021234567894"


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LianLian]:
    with peers.running(tmp_path_factory.mktemp("lianlian")) as its:
        yield its


@pytest.fixture
def custodian(serving: LianLian, monkeypatch: pytest.MonkeyPatch) -> LianLian:
    """One with a contract, that behaves."""
    for name, text in serving.environment.items():
        monkeypatch.setenv(name, text)
    serving.clear()
    lianlian._keys.cache_clear()
    return serving


@dataclass
class Holder:
    """A resident, their bank card and their door."""

    person: Person
    card: BankCard
    door: Door
    phone: str

    def prove(self) -> None:
        """By the code in a text message."""
        assert self.door.post("/rights/proof/code").status == 204
        assert self.door.post("/rights/proof", {"code": code_sent_to(self.person)}).status == 204

    @property
    def balance(self) -> int:
        return ledger.balance(books.wallet(self.person.pk)).posted

    def top_up(self, amount: int) -> Answer:
        return self.door.post("/wallet/top-up", {"amount": amount, "card": str(self.bound_id), "password": PASSWORD})

    @property
    def bound_id(self) -> str:
        return str(self.door.get("/wallet").body["cards"][0]["id"])


def somebody(its: LianLian, community: Community, room: str, number: str = FIRST) -> Holder:
    """A resident whose name is checked, with a card at the bank, and no wallet yet."""
    who = factories.resident(community, room, (PAYING, WALLET, REAL_NAME))
    with scope.platform():
        known = RealName.objects.create(person=who, name="张小明", id_number=factories.citizen())
    phone = "13800138000"
    card = BankCard(number, known.name.open(), known.id_number.open(), phone)
    its.bank[number] = card
    return Holder(who, card, Door.of(who), who.phone.open())


def with_wallet(its: LianLian, community: Community, room: str, number: str = FIRST, amount: int = 0) -> Holder:
    """The same with an open wallet, and something on it."""
    who = somebody(its, community, room, number)
    assert who.door.post("/wallet/open", {"card": number, "phone": who.card.phone}).status == 204
    opened = who.door.post("/wallet/open/confirm", {"code": its.code, "password": PASSWORD})
    assert opened.status == 200, opened.body
    while amount:
        part = min(amount, its.free_of_codes)
        assert who.top_up(part).body["state"] == "done"
        amount -= part
    return who


@pytest.fixture
def holder(custodian: LianLian, community: Community) -> Holder:
    return with_wallet(custodian, community, "1201")
