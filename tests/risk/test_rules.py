"""Risk rules as data: what each looks at, that its word can be explained, and objecting to it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.utils import timezone

from anju.homes.models import Community
from anju.people.models import Person
from anju.privacy import scope
from anju.risk.judging import Facts, Past, judge, told
from anju.risk.models import Act, Block, Outcome, Rule, Sign, Verdict
from tests import factories
from tests.doors import Door
from tests.peers.lianlian import LianLian
from tests.wallet.conftest import PASSWORD, SECOND, with_wallet
from tests.wallet.conftest import custodian as custodian
from tests.wallet.conftest import serving as serving


def before(minutes: int) -> datetime:
    return timezone.now() - timedelta(minutes=minutes)


def only(sign: Sign, most: int, minutes: int = 0, act: Act = Act.REFUSE) -> Rule:
    """One rule, and no other."""
    Rule.objects.all().delete()
    return Rule.objects.create(sign=sign, act=act, kinds=["transfer"], most=most, minutes=minutes)


def facts(
    amount: int = 100, past: tuple[Past, ...] = (), device: datetime | None = None, password: datetime | None = None,
    payee: UUID | None = None, kind: str = "transfer",
) -> Facts:  # fmt: skip
    return Facts(kind, amount, payee, past, device, password)


def ago(minutes: int, amount: int = 100, kind: str = "transfer", payee: UUID | None = None) -> Past:
    return Past(kind, amount, payee, before(minutes))


Made = Callable[[], Facts]
EACH: list[tuple[Sign, int, int, Made, Made]] = [
    (Sign.AMOUNT, 500, 0, lambda: facts(499), lambda: facts(500)),
    (Sign.TOTAL, 500, 60, lambda: facts(100, (ago(61, 400),)), lambda: facts(100, (ago(59, 400),))),
    (Sign.COUNT, 3, 60, lambda: facts(1, (ago(10), ago(61))), lambda: facts(1, (ago(10), ago(20)))),
    (Sign.NEW_DEVICE, 500, 60, lambda: facts(500, device=before(61)), lambda: facts(500, device=before(59))),
    (Sign.NEW_PASSWORD, 500, 60, lambda: facts(499, password=before(1)), lambda: facts(500, password=before(1))),
    (
        Sign.CASH_OUT,
        500,
        60,
        lambda: facts(600, (ago(61, 600, "top_up"),)),
        lambda: facts(600, (ago(59, 600, "top_up"),)),
    ),
]
"""A rule, what it lets pass and what it does not; made when it is tried, for they are of a time."""


@pytest.mark.parametrize(("sign", "most", "minutes", "harmless", "caught"), EACH)
def test_each_sign_speaks_from_its_number_on_and_not_before(
    db: None, sign: Sign, most: int, minutes: int, harmless: Made, caught: Made
) -> None:
    only(sign, most, minutes)
    assert judge(uuid4(), harmless()).outcome == Outcome.ALLOW
    verdict = judge(uuid4(), caught())
    assert verdict.outcome == Outcome.REFUSE
    [reason] = verdict.reasons
    assert reason["found"] >= most and told(reason).endswith("。")


def test_many_payees_are_counted_once_each(db: None) -> None:
    only(Sign.PAYEES, 3, 60)
    one, two, three = uuid4(), uuid4(), uuid4()
    assert judge(uuid4(), facts(past=(ago(1, payee=one), ago(2, payee=one)), payee=two)).outcome == Outcome.ALLOW
    assert judge(uuid4(), facts(past=(ago(1, payee=one), ago(2, payee=three)), payee=two)).outcome == Outcome.REFUSE


def test_a_rule_for_other_movements_or_out_of_use_says_nothing(db: None) -> None:
    rule = only(Sign.AMOUNT, 1)
    assert judge(uuid4(), facts(kind="pay")).outcome == Outcome.ALLOW
    Rule.objects.filter(pk=rule.pk).update(active=False)
    assert judge(uuid4(), facts()).outcome == Outcome.ALLOW
    with scope.platform():
        assert not Verdict.objects.exists()


def test_refusing_goes_before_proving_and_both_reasons_stand(db: None) -> None:
    only(Sign.AMOUNT, 50, act=Act.PROVE)
    Rule.objects.create(sign=Sign.COUNT, act=Act.REFUSE, kinds=["transfer"], most=1, minutes=60)
    verdict = judge(uuid4(), facts())
    assert verdict.outcome == Outcome.REFUSE and len(verdict.reasons) == 2


def test_nothing_goes_to_a_blocked_payee_until_it_is_lifted(db: None) -> None:
    Rule.objects.all().delete()
    payee = uuid4()
    with scope.platform():
        block = Block.objects.create(person=payee, why="冒充物业收款", by=uuid4())
    assert judge(uuid4(), facts(payee=payee)).outcome == Outcome.REFUSE
    with scope.platform():
        Block.objects.filter(pk=block.pk).update(ended_at=timezone.now())
    assert judge(uuid4(), facts(payee=payee)).outcome == Outcome.ALLOW


def test_a_resident_is_told_why_and_objects_once(custodian: LianLian, community: Community) -> None:
    only(Sign.AMOUNT, 1_000)
    holder = with_wallet(custodian, community, "1201", amount=5_000)
    other = with_wallet(custodian, community, "1202", SECOND)
    body = {"amount": 2_000, "phone": other.phone, "password": PASSWORD}
    stopped = holder.door.post("/wallet/transfer", body)
    assert stopped.code == "risk_refused" and "单笔 20.00 元，达到了 10.00 元" in stopped.body["detail"]
    [verdict] = holder.door.get("/risk/verdicts").body
    path = f"/risk/verdicts/{verdict['id']}/appeal"
    assert other.door.post(path, {"plea": "这不是我的"}).code == "unknown_verdict"
    assert holder.door.post(path, {"plea": "？"}).code == "bad_plea"
    assert holder.door.post(path, {"plea": "给邻居的团购款"}).body["appeal"] == "waiting"
    assert holder.door.post(path, {"plea": "给邻居的团购款"}).code == "appealed"
    assert holder.balance == 5_000


def test_a_new_device_proves_by_code_what_a_known_one_does_without(custodian: LianLian, community: Community) -> None:
    holder = with_wallet(custodian, community, "1201", amount=20_000)
    other = with_wallet(custodian, community, "1202", SECOND)
    body = {"amount": 10_000, "phone": other.phone, "password": PASSWORD}
    assert holder.door.post("/wallet/transfer", body).code == "proof_required"
    holder.prove()
    assert holder.door.post("/wallet/transfer", body).body["state"] == "done"
    [verdict] = [one for one in holder.door.get("/risk/verdicts").body if "首次登录" in "".join(one["reasons"])][:1]
    assert verdict["outcome"] == "prove"


def test_nobody_sees_a_neighbours_verdicts(db: None, community: Community) -> None:
    only(Sign.AMOUNT, 1)
    one: Person = factories.resident(community, "1201")
    judge(one.pk, facts())
    assert len(Door.of(one).get("/risk/verdicts").body) == 1
    assert Door.of(factories.resident(community, "1202")).get("/risk/verdicts").body == []
