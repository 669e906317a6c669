"""A believable community to try things in. Everything goes through the same actions as real life does."""

import json
import random
import secrets
from pathlib import Path
from typing import Any, cast

from allauth.mfa.adapter import get_adapter as mfa
from allauth.mfa.models import Authenticator
from django.db import transaction

from anju.access import actions as access
from anju.access.models import Gate
from anju.homes.models import Building, Community, Duty, Home, Member, Role, StaffRole, Unit
from anju.installation.paths import VAR
from anju.partners.purposes import ACCOUNT
from anju.people import id_number
from anju.people.adapters import PHONE
from anju.people.models import Person
from anju.privacy import consent, scope
from anju.privacy.models import new_id
from anju.privacy.vault import vault

FILE = VAR / "demo.json"
COMMUNITY = "安居示范小区"
GATE = "东门"

_FAMILY = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文"
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰红建国志文辉力学祥东海山仁波宁贵福生龙元全胜才发武新利清飞彬富顺信子星光天达安岩中茂进林有坚和彪博诚先敬震振壮会思群豪心邦承乐绍功松善厚庆民友裕河哲江浩亮政谦亨奇固之轮翰朗伯宏言若鸣朋斌梁栋维启克伦翔旭鹏泽晨辰士以"


def name(source: random.Random) -> str:
    """A made-up Chinese name."""
    return source.choice(_FAMILY) + "".join(source.choice(_GIVEN) for _ in range(source.choice((1, 2, 2))))


def citizen(source: random.Random) -> str:
    """A well-formed ID number of nobody: area 000000 is not assigned."""
    first = f"000000{source.randint(1955, 2000)}{source.randint(1, 12):02}{source.randint(1, 28):02}{source.randint(0, 999):03}"
    return first + id_number.check_digit(first)


def _person(phone: str, password: str, **facts: Any) -> Person:  # Any: the model's own fields
    person = Person(id=new_id(), phone_verified=True, **facts)
    vault().admit(person.pk)
    person.phone = phone
    person.set_password(password)
    person.save()
    vault().claim(PHONE, phone, person.pk)
    consent.grant(person.pk, ACCOUNT, version=ACCOUNT.version)
    return person


def _second_factor(person: Person) -> str:
    from allauth.mfa.totp.internal.auth import generate_totp_secret

    seed = cast(str, generate_totp_secret())
    Authenticator.objects.create(user=person, type=Authenticator.Type.TOTP, data={"secret": mfa().encrypt(seed)})
    return seed


def build_homes(community: Community, homes: int) -> list[Home]:
    """Buildings of two units, 18 floors, two homes a floor, until there are enough."""
    made: list[Home] = []
    number = 0
    while len(made) < homes:
        number += 1
        building = Building.objects.create(community=community, name=f"{number}栋", order=number)
        for stair in (1, 2):
            unit = Unit.objects.create(community=community, building=building, name=f"{stair}单元", order=stair)
            rows = [
                Home(community=community, unit=unit, room=f"{floor}{door:02}", floor=floor, area=88 + door * 10)
                for floor in range(1, 19)
                for door in (1, 2)
            ][: homes - len(made)]
            made += Home.objects.bulk_create(rows)
    return made


@transaction.atomic
def prepare() -> dict[str, Any]:
    """The demo community with its staff, one resident and one gate. Returns the sign-ins, also in var/demo.json (mode 0600)."""
    if FILE.exists():
        return cast(dict[str, Any], json.loads(FILE.read_text()))
    with scope.platform():
        community = Community.objects.create(name=COMMUNITY, city="济南", address="历下区安居路 1 号")
        homes = build_homes(community, 144)
        made: dict[str, Any] = {}
        source = random.Random(1)  # noqa: S311  demo data, not a secret
        phones = {"resident": "+8613800138001", "reviewer": "+8613800138002", "manager": "+8613800138003", "guard": "+8613800138004", "operator": "+8613800138005"}
        for role, phone in phones.items():
            password = secrets.token_urlsafe(9)
            staff = role != "resident"
            person = _person(phone, password, is_staff=staff, is_superuser=role == "operator")
            person.nickname = {"resident": "小安", "reviewer": "审核员小周", "manager": "经理老陈", "guard": "门岗老李", "operator": "运维"}[role]
            person.save(update_fields=["nickname"])
            made[role] = {"phone": phone.removeprefix("+86"), "password": password}
            if staff:
                made[role]["totp"] = _second_factor(person)
            if role in Duty.values:
                StaffRole.objects.create(community=community, person=person, duty=role)
            if role == "resident":
                from anju.homes.purposes import HOME_CERTIFICATION

                consent.grant(person.pk, HOME_CERTIFICATION, version=HOME_CERTIFICATION.version)
                Member.objects.create(community=community, person=person, home=homes[0], role=Role.OWNER, name=name(source))
        gate = Gate.objects.create(community=community, name=GATE, place="小区东侧主入口")
        made["gate"] = {"id": str(gate.pk), "code": access.make_code(gate, staff=None)}
        made["community"] = str(community.pk)
    FILE.touch(0o600)
    FILE.write_text(json.dumps(made, ensure_ascii=False, indent=1))
    return made


def gate_is_registered(home: Path) -> bool:
    return (home / "registration.json").exists()
