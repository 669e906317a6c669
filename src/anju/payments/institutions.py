"""Which institutions can be paid through here."""

from uuid import UUID

from anju.partners.alipay import AlipayInstitution
from anju.partners.lianlian import LianLian
from anju.partners.paying import Institution
from anju.partners.unionpay import UnionPayInstitution
from anju.partners.wechat_pay import WeChatPayInstitution
from anju.payments.models import Through
from anju.payments.sources import SOURCES

INSTITUTIONS: dict[Through, Institution] = {
    Through.WECHAT_PAY: WeChatPayInstitution(),
    Through.ALIPAY: AlipayInstitution(),
    Through.UNIONPAY: UnionPayInstitution(),
    Through.WALLET: LianLian(),
}


def contracted() -> list[Through]:
    """Those that this installation has a contract with."""
    return [one for one, its in INSTITUTIONS.items() if its.recipient.address()]


def offered(payer: UUID | None = None) -> list[Through]:
    """Those that this person can pay through; without one, that anybody can."""
    return [
        one for one in contracted() if (its := SOURCES.get(one)) is None or (payer is not None and its.offered(payer))
    ]
