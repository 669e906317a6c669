"""An institution on loopback, somebody who pays, and something to pay for."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID, uuid4

import pytest

from anju.homes.models import Community
from anju.ledger import actions as ledger
from anju.ledger.models import Rule
from anju.partners import alipay, unionpay, wechat_pay
from anju.partners.purposes import PAYING
from anju.payments import actions
from anju.payments.goals import GOALS, Goal
from anju.payments.models import Payment, Through
from anju.people.models import Person
from tests import factories
from tests.peers import institution as peers
from tests.peers import unionpay as unionpay_peers
from tests.peers.institution import Institution
from tests.peers.unionpay import UnionPay

KIND = "test"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Institution]:
    folder = tmp_path_factory.mktemp("institution")
    with peers.running(folder) as its, unionpay_peers.running(folder / "unionpay", its):
        yield its


@pytest.fixture
def institution(running: Institution, monkeypatch: pytest.MonkeyPatch) -> Institution:
    """All of them, with a contract, that behave."""
    for name, text in running.environment.items():
        monkeypatch.setenv(name, text)
    running.faults = peers.Faults()
    running.orders.clear()
    wechat_pay._client.cache_clear()
    alipay._client.cache_clear()
    unionpay._signer.cache_clear()
    unionpay._trust.cache_clear()
    beside_of(running).backs.clear()
    return running


def beside_of(institution: Institution) -> UnionPay:
    assert institution.unionpay is not None
    return institution.unionpay


@pytest.fixture
def beside(institution: Institution) -> UnionPay:
    """UnionPay, which runs beside the others."""
    return beside_of(institution)


@pytest.fixture
def payer(db: None) -> Person:
    return factories.person((PAYING,))


class Bill:
    """Something that is paid for. told: what its room heard."""

    def __init__(self) -> None:
        self.thing = uuid4()
        self.told: list[tuple[str, int]] = []
        self.account = ledger.open_account("income", Rule.CREDIT, thing=self.thing, slots=4)

    def begin(self, payer: Person, community: Community, through: Through, amount: int = 12_345) -> Payment:
        facts = {"kind": KIND, "thing": self.thing, "title": "物业费"}
        return actions.begin(payer.pk, community.pk, through, amount, **facts)


@contextmanager
def registered() -> Iterator[Bill]:
    """Something to pay for that payments know of as long as this lasts."""
    made = Bill()

    def account(payment: Payment) -> UUID:
        assert payment.thing == made.thing
        return made.account

    Goal(
        KIND,
        account,
        lambda payment: made.told.append(("paid", payment.amount)),
        lambda refund: made.told.append(("returned", refund.amount)),
    )
    try:
        yield made
    finally:
        del GOALS[KIND]


@pytest.fixture
def bill(db: None) -> Iterator[Bill]:
    with registered() as made:
        yield made
