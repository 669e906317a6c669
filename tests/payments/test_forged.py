"""Whatever somebody makes of a notification, nothing is taken that the institution has not signed."""

import json
import random
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlencode

from django.test import Client

from anju.homes.models import Community
from anju.payments.models import PaymentState, Through
from anju.people.models import Person
from tests.payments.conftest import Bill
from tests.payments.test_paying import each, state
from tests.peers import unionpay
from tests.peers.institution import Institution

TRIES = 400


def _torn(content: bytes, pick: random.Random) -> bytes:
    """One byte other, missing or too many."""
    at = pick.randrange(len(content))
    other = bytes([pick.choice([one for one in range(256) if one != content[at]])])
    return pick.choice(
        [
            content[:at] + other + content[at + 1 :],
            content[:at] + content[at + 1 :],
            content[:at] + other + content[at:],
        ]
    )


def _wechat(headers: dict[str, str], body: bytes, pick: random.Random) -> Iterator[tuple[dict[str, str], bytes]]:
    signed = [name for name in headers if name.startswith("Wechatpay") and name != "Wechatpay-Serial"]
    while True:
        yield headers, _torn(body, pick)
        name = pick.choice(signed)
        changed = (
            _torn(headers[name].encode(), pick)
            .decode("latin-1")
            .replace("\n", " ")
            .replace("\r", " ")
            .replace("\0", " ")
        )
        if changed.strip() != headers[name].strip():
            yield {**headers, name: changed}, body
        yield {one: text for one, text in headers.items() if one != name}, body
        said = json.loads(body)
        said["resource"]["associated_data"] = pick.choice(["", "refund", None])
        yield headers, json.dumps(said).encode()


def _alipay(headers: dict[str, str], body: bytes, pick: random.Random) -> Iterator[tuple[dict[str, str], bytes]]:
    said = dict(parse_qsl(body.decode()))
    while True:
        name = pick.choice([one for one in said if one != "sign_type"])
        yield headers, urlencode({**said, name: f"{said[name]}1"}).encode()
        yield headers, urlencode({one: text for one, text in said.items() if one != name}).encode()
        yield headers, urlencode({**said, "sign_type": "RSA"}).encode()
        yield headers, urlencode({**said, "more": "1"}).encode()
        yield headers, _torn(said["sign"].encode(), pick)


def _unionpay(headers: dict[str, str], body: bytes, pick: random.Random) -> Iterator[tuple[dict[str, str], bytes]]:
    said = dict(parse_qsl(body.decode()))
    strange = unionpay.pem(unionpay.Chain.made(unionpay.OWN).own).decode()
    while True:
        name = pick.choice(list(said))
        yield headers, urlencode({**said, name: f"{said[name]}1"}).encode()
        yield headers, urlencode({one: text for one, text in said.items() if one != name}).encode()
        yield headers, urlencode([*said.items(), (name, said[name])]).encode()
        yield headers, urlencode({**said, "more": "1"}).encode()
        yield headers, urlencode({**said, "signPubKeyCert": strange}).encode()
        yield headers, urlencode({**said, "signMethod": pick.choice(["11", "12"])}).encode()
        yield (
            headers,
            urlencode({**said, "signature": _torn(said["signature"].encode(), pick).decode("latin-1")}).encode(),
        )


CHANGED = {Through.WECHAT_PAY: _wechat, Through.ALIPAY: _alipay, Through.UNIONPAY: _unionpay}


@each
def test_no_changed_notification_is_taken(
    institution: Institution, payer: Person, community: Community, bill: Bill, through: Through
) -> None:
    payment = bill.begin(payer, community, through)
    order = institution.pay_unheard(payment.number)
    headers, body = institution.notification(order)
    made = CHANGED[through](headers, body, random.Random(5))
    for _ in range(TRIES):
        changed, content = next(made)
        kind = changed.get("Content-Type", "text/plain")
        more = {name: text for name, text in changed.items() if name != "Content-Type"}
        answer = Client().post(f"/api/v1/payments/heard/{through}", content, content_type=kind, headers=more)
        assert answer.status_code == 401, (changed, content)
    assert state(payment) == PaymentState.WAITING and bill.told == []
