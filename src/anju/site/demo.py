"""A believable community to try things in. Everything goes through the same actions as real life does."""

import json
import random
import secrets
import time
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

from allauth.mfa.adapter import get_adapter as mfa
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, generate_totp_secret, hotp_value
from django.db import transaction
from django.utils import timezone

from anju.access import actions as access
from anju.access.models import Gate
from anju.access.purposes import GATE_OPENING
from anju.billing import runs
from anju.billing.models import Basis, FeeItem, Tariff
from anju.homes.models import Building, Community, Duty, Home, Member, Role, StaffRole, Unit
from anju.homes.purposes import HOME_CERTIFICATION
from anju.installation.paths import VAR
from anju.installation.ports import NEARBY
from anju.intercom.purposes import INTERCOM, INTERCOM_MESSAGE
from anju.people import actions as people
from anju.people.models import Person
from anju.privacy import consent, scope

FILE = VAR / "demo.json"
COMMUNITY = "安居示范小区"
GATE = "东门"
HOMES = 144
RESIDENT = "resident"
PEOPLE = {
    RESIDENT: ("小安", "+8613800138001"),
    "reviewer": ("审核员小周", "+8613800138002"),
    "manager": ("经理老陈", "+8613800138003"),
    "guard": ("门岗老李", "+8613800138004"),
    "operator": ("运维", "+8613800138005"),
    "dpo": ("负责人小林", "+8613800138006"),
    "front_desk": ("前台小杨", "+8613800138007"),
    "auditor": ("审计员老高", "+8613800138008"),
    "cashier": ("收费员小方", "+8613800138009"),
}

_FAMILY = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史"
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰红建国志文辉力学祥东海山仁波宁贵福生龙元全胜才发武新利清飞彬富顺信子星光天达安岩中茂进林有坚和彪博诚先敬"


def name(source: random.Random) -> str:
    """A made-up Chinese name."""
    return source.choice(_FAMILY) + "".join(source.choice(_GIVEN) for _ in range(source.choice((1, 2, 2))))


def _second_factor(person: Person) -> str:
    seed = cast(str, generate_totp_secret())
    Authenticator.objects.create(user=person, type=Authenticator.Type.TOTP, data={"secret": mfa().encrypt(seed)})
    return seed


def code_now(secret: str) -> str:
    """What an authenticator app with this secret shows now."""
    return cast(str, format_hotp_value(hotp_value(secret, int(time.time()) // 30)))


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
            ]
            made += Home.objects.bulk_create(rows[: homes - len(made)])
    return made


def _join(community: Community, role: str) -> tuple[Person, dict[str, str]]:
    """One of PEOPLE with an account, and how to sign in as them."""
    nickname, phone = PEOPLE[role]
    password = secrets.token_urlsafe(9)
    works = role != RESIDENT
    person = people.open_account(phone, password, nickname=nickname, is_staff=works, is_superuser=role == "operator")
    sign_in = {"phone": phone.removeprefix("+86"), "password": password}
    if works:
        sign_in["totp"] = _second_factor(person)
    if role in Duty.values:
        StaffRole.objects.create(community=community, person=person, duty=role)
    return person, sign_in


def _move_in(person: Person, home: Home) -> None:
    for purpose in (HOME_CERTIFICATION, GATE_OPENING, INTERCOM, INTERCOM_MESSAGE):
        consent.grant(person.pk, purpose, version=purpose.version)
    Member.objects.create(
        community_id=home.community_id,
        person=person,
        home=home,
        role=Role.OWNER,
        name=name(random.Random(1)),  # noqa: S311
    )


def _ask_for_fees(community: Community, manager: Person) -> None:
    """This month's property fee of every home."""
    month = timezone.localdate().replace(day=1)
    item = FeeItem.objects.create(
        community=community, name="物业费", basis=Basis.AREA, due_days=30, late_rate=5, late_cap=30
    )
    Tariff.objects.create(community=community, item=item, since=month.replace(month=1), price=Decimal("2.85"))
    runs.issue(manager, runs.count(runs.ask(manager, item, month).pk))


@transaction.atomic
def prepare() -> dict[str, Any]:  # Any: JSON
    """The demo community with its staff, one resident and one gate.

    Returns the sign-ins by role and the gate's registration code; they also stand in var/demo.json (mode 0600).
    """
    if FILE.exists():
        return cast(dict[str, Any], json.loads(FILE.read_text()))
    with scope.platform():
        community = Community.objects.create(name=COMMUNITY, city="济南", address="历下区安居路 1 号")
        homes = build_homes(community, HOMES)
        made: dict[str, Any] = {"community": str(community.pk)}
        for role in PEOPLE:
            person, made[role] = _join(community, role)
            if role == RESIDENT:
                _move_in(person, homes[0])
            if role == Duty.MANAGER:
                _ask_for_fees(community, person)
        address = f"http://localhost:{NEARBY}"
        gate = Gate.objects.create(
            community=community,
            name=GATE,
            place="小区东侧主入口",
            local_address=address,
            latitude=36.6669,
            longitude=117.0204,
        )
        made["gate"] = {"id": str(gate.pk), "code": access.make_code(gate, staff=None)}
    FILE.touch(0o600)
    FILE.write_text(json.dumps(made, ensure_ascii=False, indent=1))
    return made


def gate_is_registered(home: Path) -> bool:
    """Whether a device in this folder has become a gate."""
    return (home / "registration.json").exists()


def new_gate_code(gate: str) -> str:
    """A fresh registration code for the demo gate."""
    with scope.platform():
        return access.make_code(Gate.objects.get(pk=gate), staff=None)
