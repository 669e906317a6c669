"""Bills of electricity, water and gas companies: who they are, what an account owes, paying it.

By Alipay's 缴费输出 (alipay.ebpp.jfexport.*, open platform, RSA2), set up by ANJU_UTILITIES_APPID, _KEY (our private key, a PEM file) and
_PUBLIC_KEY (Alipay's); _URL: elsewhere than its production. What it pays to companies it takes from the contract's own account there:
the family has no call by which somebody else pays.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Protocol
from uuid import UUID

from alipay import AliPay
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from anju.partners.alipay import Answer, answer, code_of
from anju.partners.paying import Outcome, State, fen, yuan
from anju.partners.purposes import UTILITIES
from anju.privacy import gateway
from anju.privacy.declarations import Category
from anju.privacy.gateway import Recipient
from anju.privacy.refusals import Refused


class Service(StrEnum):
    """What a company delivers."""

    ELECTRIC = "electric"
    WATER = "water"
    GAS = "gas"


@dataclass(frozen=True)
class Company:
    """Who sends the bills. code: by which the provider knows it."""

    service: Service
    code: str
    name: str
    city: str


@dataclass(frozen=True)
class Owed:
    """One bill of an account. period: the company's own word for it, `202610`. amount: fen, with the fine in it."""

    period: str
    amount: int
    fine: int
    number: str
    session: str
    mark: str


class UtilityBills(Protocol):
    """A provider. Each method raises NotDelivered when it does not answer, and Refused when it declines."""

    @property
    def recipient(self) -> Recipient: ...

    def companies(self, service: Service) -> list[Company]: ...

    def look_up(self, person: UUID, company: Company, account: str) -> list[Owed]:
        """What an account owes now; nothing: an empty list."""

    def pay(self, person: UUID, number: str, company: Company, account: str, owed: Owed) -> Outcome:
        """Pay one bill that was looked up just now. number: ours; said again, it is paid once."""

    def query(self, person: UUID, number: str) -> Outcome:
        """What became of it. UNKNOWN: it was never told of it. CLOSED: the company does not get it, the money is still ours."""


def address() -> str | None:
    """Where it is reached; None while it is not set up."""
    if not os.environ.get("ANJU_UTILITIES_APPID"):
        return None
    return os.environ.get("ANJU_UTILITIES_URL", "https://openapi.alipay.com/gateway.do")


ALIPAY_BILLS = Recipient(
    code="alipay_bills",
    title=gettext_lazy("支付宝生活缴费"),
    company=gettext_lazy("支付宝（中国）网络技术有限公司"),
    purpose=UTILITIES,
    fields={
        "account": Category.HOME,
        "company": Category.HOME,
        "amount": Category.PAYMENT,
        "order": Category.PAYMENT,
    },
    why=gettext_lazy("查询您填写的户号欠费多少，并把您缴的钱转给供电、供水、燃气公司"),
    link="https://render.alipay.com/p/c/k2cx0tg8",
    address=address,
)
_STATES = {
    "S": State.DONE,
    "I": State.WAITING,
    "P": State.WAITING,
    "C": State.CLOSED,
    "F": State.CLOSED,
    "W": State.CLOSED,
}
_MOST = 500


@cache
def _client(url: str, app: str) -> AliPay:
    made = AliPay(
        appid=app,
        app_private_key_string=Path(os.environ["ANJU_UTILITIES_KEY"]).read_text(),
        alipay_public_key_string=Path(os.environ["ANJU_UTILITIES_PUBLIC_KEY"]).read_text(),
    )
    made._gateway = url
    return made


def _ask(url: str, method: str, facts: Answer) -> Answer:
    app = os.environ["ANJU_UTILITIES_APPID"]
    return answer(_client(url, app), f"alipay.ebpp.jfexport.{method}", {"biz_type": "JF", **facts})


@dataclass(frozen=True)
class AlipayBills:
    """Alipay as the provider."""

    recipient: Recipient = ALIPAY_BILLS

    def companies(self, service: Service) -> list[Company]:
        facts = {"sub_biz_type": service.upper(), "page_query": False, "page_size": _MOST}
        said = gateway.fetch(self.recipient, lambda url: _ask(url, "chargeinst.query", facts))
        self._require(said)
        return [
            Company(service, str(one["charge_inst"]), str(one["charge_inst_name"]), str(one.get("city", "")))
            for one in said.get("charge_insts", [])
        ]

    def look_up(self, person: UUID, company: Company, account: str) -> list[Owed]:
        facts = {**_of(company), "bill_key": account}
        said = self._share(person, "instbill.query", {"company": company.code, "account": account}, facts)
        self._require(said)
        session = str(said.get("cache_key", ""))
        found = [_owed(one, session) for one in said.get("inst_bills", [])]
        return [one for one in found if one.amount > 0]

    def pay(self, person: UUID, number: str, company: Company, account: str, owed: Owed) -> Outcome:
        facts = {
            **_of(company),
            "bill_key": account,
            "merchant_order_no": number,
            "amount": yuan(owed.amount),
            "cache_key": owed.session,
            "unique_id": owed.mark,
        }
        values = {"company": company.code, "account": account, "order": number, "amount": str(owed.amount)}
        self._require(self._share(person, "bill.create", values, facts))
        return self.query(person, number)

    def query(self, person: UUID, number: str) -> Outcome:
        said = self._share(person, "merchantbill.query", {"order": number}, {"merchant_order_no": number})
        if str(said.get("sub_code", "")).upper().endswith("NOT_EXIST"):
            return Outcome(number, State.UNKNOWN)
        self._require(said)
        amount = fen(said["amount"]) if said.get("amount") else None
        state = _STATES.get(str(said.get("status")), State.WAITING)
        return Outcome(number, state, amount, str(said.get("bill_no", "")))

    def _share(self, person: UUID, method: str, values: Mapping[str, str], facts: Answer) -> Answer:
        send = lambda url, _values: _ask(url, method, facts)  # noqa: E731  what `share` takes
        return gateway.share(self.recipient, person, values, send, ends="order" in values)

    def _require(self, said: Answer) -> None:
        """Raises Refused when it declines."""
        if said.get("code") != "10000":
            text = _("%(provider)s没有受理：%(code)s。请核对缴费单位和户号，或稍后再试。")
            facts = {"provider": self.recipient.title, "code": code_of(said)}
            raise Refused("bill_declined", text % facts, status=409)


def _of(company: Company) -> Answer:
    return {"sub_biz_type": company.service.upper(), "charge_inst": company.code}


def _owed(one: Answer, session: str) -> Owed:
    return Owed(
        period=str(one.get("bill_date", "")),
        amount=fen(one["amount"]),
        fine=fen(one.get("bill_fines") or "0"),
        number=str(one.get("inst_bill_no", "")),
        session=session,
        mark=str(one["uniq_id"]),
    )


PROVIDER: UtilityBills = AlipayBills()
"""Who is asked here."""
