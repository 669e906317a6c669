"""A large believable community for load and screenshots: homes, members, made-up faces, a week of entries, a queue."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import numpy as np
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone
from uuid6 import uuid7

from anju.access.models import Entry, Face, Gate, Way
from anju.access.purposes import FACE_OPENING, GATE_OPENING
from anju.homes.models import Application, ApplicationEvent, Community, Duty, Home, Member, Role, StaffRole
from anju.homes.purposes import HOME_CERTIFICATION
from anju.partners.purposes import ACCOUNT
from anju.people import id_number
from anju.people.models import PHONE, Person
from anju.privacy import scope
from anju.privacy.models import Consent, new_id
from anju.privacy.vault import vault
from anju.recognition.faces import DIMENSIONS
from anju.site.demo import build_homes, name

Tell = Callable[[str, int], None]

_NAMES = ("云栖花园", "翠湖天地", "锦绣江南", "阳光里", "梧桐苑", "山水庭院", "星河湾", "春晓家园")
_GATES = ("东门", "西门", "南门", "北门", "地库入口", "1 栋大堂")
_BATCH = 2000
_ENROLLED = 0.7
_WAITING, _DECIDED = 24, 70
_DAYS = 7
_ENTRIES_A_DAY = 1.2
"""Entries a person and day."""


def _citizen(source: random.Random) -> str:
    born = f"{source.randint(1955, 2000)}{source.randint(1, 12):02}{source.randint(1, 28):02}"
    return id_number.of_nobody(born, source.randint(0, 999))


def _phones(source: random.Random, count: int) -> list[str]:
    """So many different numbers that nobody has yet."""
    found: dict[str, None] = {}
    while len(found) < count:
        one = f"+86{source.choice(('135', '139', '158', '187', '199'))}{source.randrange(10**8):08}"
        if vault().find(PHONE, one) is None:
            found[one] = None
    return list(found)


def _people(source: random.Random, count: int) -> list[Person]:
    people = [Person(id=new_id(), phone_verified=True, password=make_password(None)) for _ in range(count)]
    vault().admit(*(one.pk for one in people))
    phones = _phones(source, count)
    for person, phone in zip(people, phones, strict=True):
        person.phone = phone
    Person.objects.bulk_create(people, batch_size=_BATCH)
    vault().claim_many((PHONE, phone, person.pk) for person, phone in zip(people, phones, strict=True))
    return people


def _agree(people: list[Person], faces: set[UUID]) -> None:
    acts = [
        Consent(
            subject=one.pk, actor=one.pk, purpose=purpose.code, version=purpose.version, action=Consent.Action.GRANTED
        )
        for one in people
        for purpose in (ACCOUNT, HOME_CERTIFICATION, GATE_OPENING, FACE_OPENING)
        if purpose is not FACE_OPENING or one.pk in faces
    ]
    Consent.objects.bulk_create(acts, batch_size=_BATCH)


def _households(source: random.Random, homes: list[Home]) -> list[tuple[Home, Role]]:
    """Who lives where: an owner or a tenant first, then family."""
    found: list[tuple[Home, Role]] = []
    for home in homes:
        first = Role.TENANT if source.random() < 0.2 else Role.OWNER
        found.append((home, first))
        found += [(home, Role.FAMILY)] * source.choice((0, 1, 1, 2, 3))
    return found


def _move_in(source: random.Random, people: list[Person], places: list[tuple[Home, Role]]) -> None:
    now = timezone.now()
    members = [
        Member(
            community_id=home.community_id, home=home, person=person, role=role, name=name(source),
            since=now - timedelta(days=source.randint(1, 2000)),
            until=now + timedelta(days=source.randint(20, 400)) if role == Role.TENANT else None,
        )
        for person, (home, role) in zip(people, places, strict=True)
    ]  # fmt: skip
    Member.objects.bulk_create(members, batch_size=_BATCH)


def _faces(people: list[Person]) -> None:
    """Made-up faces: two vectors a person that lie close together, far from everybody else's."""
    numbers = np.random.default_rng(7)
    middles = numbers.normal(size=(len(people), 1, DIMENSIONS))
    vectors = middles + numbers.normal(size=(len(people), 2, DIMENSIONS)) * 0.45
    vectors = (vectors / np.linalg.norm(vectors, axis=2, keepdims=True)).astype("<f4")
    rows = [Face(person=person, vectors=mine.tobytes()) for person, mine in zip(people, vectors, strict=True)]
    Face.objects.bulk_create(rows, batch_size=_BATCH)


_HOURS = (1, 1, 1, 1, 1, 3, 12, 30, 26, 12, 10, 14, 16, 12, 10, 11, 15, 28, 34, 26, 18, 12, 7, 3)
"""How busy each hour of a day is, in Shanghai."""


def _moment(source: random.Random, now: datetime) -> datetime:
    day = timezone.localtime(now) - timedelta(days=source.uniform(0, _DAYS))
    hour = source.choices(range(24), _HOURS)[0]
    at = day.replace(hour=hour, minute=source.randrange(60), second=source.randrange(60))
    return at if at <= now else at - timedelta(days=1)


def _entries(source: random.Random, gates: list[Gate], people: list[Person], faces: set[UUID]) -> int:
    now = timezone.now()
    rows = []
    for _ in range(int(len(people) * _DAYS * _ENTRIES_A_DAY)):
        person = source.choice(people)
        gate = source.choice(gates)
        stranger = source.random() < 0.04
        way = Way.FACE if person.pk in faces and source.random() < 0.8 else source.choice((Way.QR, Way.REMOTE))
        opened = {Way.FACE: "recognised", Way.QR: "qr_ok", Way.REMOTE: "remote_open"}[way]
        score = round(source.gauss(0.27 if stranger else 0.74, 0.06), 3) if way == Way.FACE or stranger else None
        rows.append(
            Entry(
                id=UUID(int=uuid7().int), community_id=gate.community_id, gate=gate,
                person=None if stranger else person, at=_moment(source, now),
                way=Way.FACE if stranger else way,
                result=Entry.Result.REFUSED if stranger else Entry.Result.GRANTED,
                reason="not_recognised" if stranger else opened,
                score=score, second=score and round(score - abs(source.gauss(0.4, 0.1)), 3),
            )
        )  # fmt: skip
    Entry.objects.bulk_create(rows, batch_size=_BATCH)
    return len(rows)


def _application(source: random.Random, person: Person, home: Home) -> Application:
    return Application(
        community_id=home.community_id,
        person=person,
        home=home,
        role=source.choice(Role.values),
        name=name(source),
        id_number=_citizen(source),
        contested=source.random() < 0.2,
    )


def _applications(source: random.Random, homes: list[Home]) -> None:
    """Applications that wait for a reviewer, and those of the last two weeks that were decided."""
    now = timezone.now()
    people = _people(source, _WAITING + _DECIDED)
    _agree(people, set())
    rows, times = [], []
    for number, (person, home) in enumerate(zip(people, source.sample(homes, len(people)), strict=True)):
        waits = number < _WAITING
        at = now - (timedelta(hours=source.uniform(0, 30)) if waits else timedelta(days=source.uniform(1.5, 14)))
        row = _application(source, person, home)
        if not waits:
            row.state = source.choices((Application.State.APPROVED, Application.State.REFUSED), (9, 1))[0]
            row.decided_at = at + timedelta(hours=source.uniform(0.2, 20))
        rows.append(row)
        times.append(at)
    Application.objects.bulk_create(rows)
    for row, at in zip(rows, times, strict=True):  # the insert stamped its own time
        row.submitted_at = at
    Application.objects.bulk_update(rows, ["submitted_at"])
    ApplicationEvent.objects.bulk_create(
        [
            ApplicationEvent(application=one, community_id=one.community_id, person=one.person, state=one.state)
            for one in rows
        ]
    )


def _employ(community: Community) -> None:
    """The demo's staff work here as well."""
    for duty in Duty.values:
        for person in Person.objects.filter(staff_roles__duty=duty).distinct():
            StaffRole.objects.get_or_create(community=community, person=person, duty=duty)


@transaction.atomic
def seed(count: int, tell: Tell) -> str:
    """Make a community of so many homes. Returns its name; `tell` hears of each step."""
    source = random.Random(count)  # noqa: S311  demo data, not a secret
    with scope.platform():
        taken = set(Community.objects.values_list("name", flat=True))
        title = next((one for one in _NAMES if one not in taken), f"{_NAMES[0]} {len(taken)}")
        community = Community.objects.create(name=title, city="济南", address=f"高新区云栖路 {len(taken) + 1} 号")
        homes = build_homes(community, count)
        tell("homes / 房屋", len(homes))
        lived_in = source.sample(homes, int(len(homes) * 0.93))
        places = _households(source, lived_in)
        people = _people(source, len(places))
        enrolled = [one for one in people if source.random() < _ENROLLED]
        faces = {one.pk for one in enrolled}
        _agree(people, faces)
        _move_in(source, people, places)
        tell("residents / 住户", len(people))
        _faces(enrolled)
        tell("made-up faces / 人脸特征", len(enrolled))
        gates = Gate.objects.bulk_create([Gate(community=community, name=one, place=one) for one in _GATES])
        tell("entries / 通行记录", _entries(source, gates, people, faces))
        if len(homes) >= _WAITING + _DECIDED:
            _applications(source, homes)
            tell("waiting applications / 待审核", _WAITING)
        _employ(community)
    return title
