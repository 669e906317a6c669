"""Keeping account numbers, and what they owe."""

import re
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.homes.models import Member
from anju.partners.purposes import UTILITIES
from anju.partners.utility_bills import PROVIDER, Company, Owed, Service
from anju.people.limits import one_at_a_time
from anju.people.models import Person
from anju.privacy import consent, scope
from anju.privacy.gateway import NotDelivered
from anju.privacy.models import Sharing
from anju.privacy.refusals import Refused
from anju.utilities.models import UtilityAccount, UtilityBill, UtilityState

MOST = 12
"""Accounts that somebody may keep."""
MOST_A_DAY = 100
"""Questions to the provider in somebody's name."""
_NUMBER = re.compile(r"[0-9A-Za-z]{4,32}")


def offered() -> bool:
    """Whether this installation has a contract with a provider."""
    return PROVIDER.recipient.address() is not None


def require_offered() -> None:
    """Raises Refused."""
    if not offered():
        text = _("本小区还没有开通生活缴费，请到供电、供水、燃气公司的营业厅或 App 缴纳。")
        raise Refused("not_offered", text, status=409)


def unreachable() -> Refused:
    text = _("暂时连不上代缴机构，没有扣款。请稍后再试。")
    return Refused("provider_unreachable", text, status=503)


def companies(service: Service) -> list[Company]:
    """Raises Refused."""
    require_offered()
    try:
        return PROVIDER.companies(service)
    except NotDelivered as error:
        raise unreachable() from error


def of(person: Person) -> QuerySet[UtilityAccount]:
    return UtilityAccount.objects.filter(owner=person.pk)


def add(person: Person, home: UUID, service: Service, company: str, number: str) -> UtilityAccount:
    """Keep an account number. home: one of the person's own. Raises Refused."""
    consent.require(person.pk, UTILITIES)
    member = Member.objects.living().filter(person=person, home=home, person__child__isnull=True).first()
    if member is None:
        raise Refused("unknown_home", _("您没有这套房屋，请先完成房屋认证。"), status=404, field="home")
    number = re.sub(r"[\s-]", "", number)
    if _NUMBER.fullmatch(number) is None:
        raise Refused("bad_account", _("户号是 4 到 32 位数字或字母，请看账单或缴费通知。"), field="number")
    known = next((one for one in companies(service) if one.code == company), None)
    if known is None:
        raise Refused("unknown_company", _("没有这个缴费单位，请重新选择。"), field="company")
    return _keep(person, member.community_id, known, number)


@transaction.atomic
def _keep(person: Person, community: UUID, company: Company, number: str) -> UtilityAccount:
    Person.objects.select_for_update(no_key=True).get(pk=person.pk)  # two at once count each other
    mine = list(of(person))
    if len(mine) >= MOST:
        raise Refused("too_many_accounts", _("最多保存 %(most)s 个户号，请先删除不用的。") % {"most": MOST}, status=409)
    if any(one.company == company.code and one.number and one.number.open() == number for one in mine):
        raise Refused("known_account", _("这个户号已经保存过了。"), status=409, field="number")
    made = UtilityAccount(
        owner=person.pk,
        community_id=community,
        service=company.service.value,
        company=company.code,
        company_name=company.name[:80],
    )
    made.number = number
    made.save()
    return made


@transaction.atomic
def remove(person: Person, account: UUID) -> None:
    """Forget an account number. Raises Refused while money for it is on its way."""
    found = of(person).select_for_update().filter(pk=account).first()
    if found is None:
        raise unknown()
    if UtilityBill.objects.filter(account=found, state=UtilityState.PAID).exists():
        raise Refused("being_paid", _("这个户号有一笔缴费正在办理，请等有结果后再删除。"), status=409)
    found.delete()


def unknown() -> Refused:
    return Refused("unknown_account", _("没有找到这个户号，请刷新页面。"), status=404)


def mine(person: Person, account: UUID) -> UtilityAccount:
    """Raises Refused."""
    found = of(person).filter(pk=account).first()
    if found is None:
        raise unknown()
    return found


def owed(account: UtilityAccount) -> list[Owed]:
    """What it owes now, as the company says. Must stand outside a transaction. Raises Refused."""
    require_offered()
    if account.number is None:
        raise unknown()
    _require_few_questions(account.owner)
    try:
        with one_at_a_time(account.owner):
            return PROVIDER.look_up(account.owner, company_of(account), account.number.open())
    except NotDelivered as error:
        raise unreachable() from error


def _require_few_questions(person: UUID) -> None:
    """What others owe is nobody's business: numbers are not tried one after another. Raises Refused."""
    since = timezone.now() - timedelta(days=1)
    with scope.platform():
        asked = Sharing.objects.filter(subject=person, recipient=PROVIDER.recipient.code, at__gte=since)
        if asked.filter(result=Sharing.Result.SENT).count() >= MOST_A_DAY:
            raise Refused("too_many_questions", _("今天查询的次数太多了，请明天再试。"), status=429)


def company_of(account: UtilityAccount) -> Company:
    return Company(Service(account.service), account.company, account.company_name, "")
