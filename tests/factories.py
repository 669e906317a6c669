"""Rows for tests, made by the same actions as in real life where there is one. Every value is fresh, so tests never meet."""

import io
import os
import random
import secrets
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
from allauth.mfa.adapter import get_adapter as mfa
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import generate_totp_secret
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.utils import timezone

from anju.access.models import Entry, Face, Gate, PhoneKey, Way
from anju.access.purposes import FACE_OPENING, GATE_OPENING
from anju.homes import actions as homes
from anju.homes.models import Application, Building, Community, Duty, Home, Member, Role, StaffRole, Unit
from anju.homes.purposes import HOME_CERTIFICATION
from anju.lifts.models import Lift
from anju.partners.purposes import ACCOUNT
from anju.people import actions as people
from anju.people import guardians, id_number
from anju.people.models import Child, Person
from anju.people.purposes import CHILD
from anju.privacy import consent, scope
from anju.privacy.models import new_id
from anju.privacy.purposes import Purpose
from anju.recognition.faces import DIMENSIONS, Vector
from anju.vehicles import actions as vehicles
from anju.vehicles.models import Car, Space
from anju.vehicles.purposes import VEHICLES
from anju.visitors import actions as visitors
from anju.visitors import own
from anju.visitors.models import Pass
from anju.visitors.purposes import VISIT

_random = random.SystemRandom()
EVERYTHING = (HOME_CERTIFICATION, GATE_OPENING, FACE_OPENING)


def phone() -> str:
    """A mobile number nobody in this run has had."""
    return f"+86139{_random.randrange(10**8):08}"


def citizen(born: str = "19900307") -> str:
    """A well-formed ID number of nobody: area 000000 is not assigned."""
    return id_number.of_nobody(born, _random.randrange(1000))


def name() -> str:
    return _random.choice("王李张刘陈杨赵黄周吴") + "".join(_random.choices("伟芳娜敏静丽强磊军洋", k=2))


def person(agrees: tuple[Purpose, ...] = (), **facts: Any) -> Person:
    """An account; a password makes it slow, so it has none unless asked."""
    made = people.open_account(facts.pop("phone", phone()), facts.pop("password", None), **facts)
    agree(made, *agrees)
    return made


def child(guardian: Person, **facts: Any) -> Child:
    """Somebody under fourteen whose guardian this is."""
    born = facts.pop("born", timezone.localdate() - timedelta(days=8 * 365))
    versions = {purpose.code: purpose.version for purpose in (ACCOUNT, CHILD)}
    return guardians.add(guardian, name=facts.pop("name", name()), birth_date=born, versions=versions).child


def second_factor(who: Person) -> str:
    """Set up an authenticator app for this person. Returns its secret."""
    secret = str(generate_totp_secret())
    Authenticator.objects.create(user=who, type=Authenticator.Type.TOTP, data={"secret": mfa().encrypt(secret)})
    return secret


def agree(who: Person, *purposes: Purpose) -> None:
    for purpose in purposes:
        consent.grant(who.pk, purpose, version=purpose.version)


def community(**facts: Any) -> Community:
    with scope.platform():
        return Community.objects.create(
            name=facts.pop("name", f"{name()}苑"), city="济南", address="历下区安居路 1 号", **facts
        )


def home(place: Community, room: str = "101") -> Home:
    with scope.platform():
        building, _ = Building.objects.get_or_create(community=place, name="1栋", defaults={"order": 1})
        unit, _ = Unit.objects.get_or_create(community=place, building=building, name="1单元", defaults={"order": 1})
        return Home.objects.get_or_create(community=place, unit=unit, room=room, defaults={"floor": int(room[:-2])})[0]


def member(who: Person, where: Home, role: Role = Role.OWNER, **facts: Any) -> Member:
    with scope.platform():
        return Member.objects.create(
            community_id=where.community_id, person=who, home=where, role=role, name=facts.pop("name", name()), **facts
        )


def resident(place: Community, room: str = "101", agrees: tuple[Purpose, ...] = EVERYTHING) -> Person:
    """Somebody who lives there."""
    who = person(agrees)
    member(who, home(place, room))
    return who


def staff(place: Community, *duties: Duty, **facts: Any) -> Person:
    """Somebody who works there."""
    who = person(is_staff=True, **facts)
    with scope.platform():
        for duty in duties:
            StaffRole.objects.create(community=place, person=who, duty=duty)
    return who


def gate(place: Community, title: str = "东门") -> Gate:
    """A gate that staff have added and no device has joined."""
    with scope.platform():
        return Gate.objects.create(community=place, name=title, place="东侧")


def key() -> tuple[ec.EllipticCurvePrivateKey, bytes]:
    """A phone's key: the private half and the public point."""
    private = ec.generate_private_key(ec.SECP256R1())
    return private, private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def phone_key(who: Person) -> PhoneKey:
    with scope.person(who.pk):
        return PhoneKey.objects.create(person=who, public=key()[1], label="Chrome · Android")


def nkey() -> str:
    """A gate's public NKey."""
    import nkeys

    seed = nkeys.encode_seed(secrets.token_bytes(32), nkeys.PREFIX_BYTE_USER)
    return str(nkeys.from_seed(bytearray(seed)).public_key.decode())


def photographs() -> Path:
    """The folder of test photographs; skips, and says so, where there is none."""
    folder = Path(os.environ.get("ANJU_TEST_FACES", Path(__file__).resolve().parents[2] / "shared" / "faces"))
    if not folder.is_dir():
        pytest.skip(f"no test photographs in {folder}: set ANJU_TEST_FACES to a folder with one folder a person")
    return folder


def box_key() -> bytes:
    """The public half of a gate's sealing key."""
    return X25519PrivateKey.generate().public_key().public_bytes_raw()


def vectors(count: int = 2, noise: float = 0.02) -> list[Vector]:
    """A made-up face: vectors of length 1 that lie close together."""
    source = np.random.default_rng(secrets.randbits(64))
    middle = source.normal(size=DIMENSIONS)
    found = [middle + source.normal(size=DIMENSIONS) * noise * np.linalg.norm(middle) for _ in range(count)]
    return [np.asarray(one / np.linalg.norm(one), np.float32) for one in found]


def face(who: Person) -> Face:
    """A made-up face enrolled for this person."""
    with scope.person(who.pk):
        return Face.objects.create(person=who, vectors=np.stack(vectors()).astype("<f4").tobytes())


def application(place: Community, room: str = "101", role: Role = Role.OWNER, **facts: Any) -> Application:
    """Somebody's open application for a home there."""
    who = facts.pop("who", None) or person(EVERYTHING)
    where = home(place, room)
    with scope.person(who.pk):
        return homes.apply(
            who, where, role=role, name=facts.pop("name", name()), id_number=facts.pop("number", citizen())
        )


def entry(at: Gate, who: Person | None = None, **facts: Any) -> Entry:
    """Something that happened at a gate."""
    known = {"way": Way.FACE, "result": Entry.Result.GRANTED, "reason": "recognised", "at": timezone.now(), **facts}
    with scope.platform():
        return Entry.objects.create(id=new_id(), community_id=at.community_id, gate=at, person=who, **known)


def visit(host: Person, where: Home, **facts: Any) -> Pass:
    """Somebody whom this resident expects, and who has agreed, with a phone."""
    now = timezone.now()
    window = visitors.Window(facts.pop("since", now), facts.pop("until", now + timedelta(hours=3)))
    with scope.person(host.pk):
        made = visitors.invite(
            host,
            home=where.pk,
            name=facts.pop("name", name()),
            phone=facts.pop("phone", phone()),
            window=window,
            **facts,
        )
        expected = made.visit.visitor
    own.accept(expected, version=VISIT.version, public=key()[1])
    with scope.platform():
        return Pass.objects.select_related("visitor", "home__unit__building").get(pk=made.visit.pk)


def workbook(*rows: Sequence[object]) -> bytes:
    """An Excel file with these rows."""
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(list(row))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def plate() -> str:
    """A number plate that no camera takes for another of this run."""
    return (
        "鲁"
        + _random.choice("ABCEFHJK")
        + "".join(_random.choices("1347", k=3))
        + _random.choice("AEFHJKLM")
        + _random.choice("9347")
    )


def space(place: Community, where: Home | None = None, title: str = "") -> Space:
    """A parking space, of this home when said."""
    with scope.platform():
        return Space.objects.create(community=place, name=title or f"B1-{_random.randrange(10**6)}", home=where)


def car(who: Person, where: Home, text: str = "") -> Car:
    """A resident's registered car."""
    agree(who, VEHICLES)
    with scope.person(who.pk):
        return vehicles.add_car(who, home=where.pk, plate=text or plate())


def barrier(place: Community, title: str = "车库入口", direction: str = "in") -> Gate:
    """A barrier that staff have added and no device has joined."""
    with scope.platform():
        return Gate.objects.create(community=place, name=title, kind=Gate.Kind.BARRIER, direction=direction)


def unit(place: Community, title: str) -> Unit:
    """A further stairwell of the first building."""
    with scope.platform():
        building, _ = Building.objects.get_or_create(community=place, name="1栋", defaults={"order": 1})
        return Unit.objects.create(community=place, building=building, name=title, order=9)


def lift(where: Home, *gates: Gate, **facts: Any) -> Lift:
    """The lift of this home's stairwell, called by these gates."""
    with scope.platform():
        made = Lift.objects.create(
            community_id=where.community_id,
            unit=where.unit,
            name=facts.pop("name", "客梯"),
            address=facts.pop("address", "modbus://127.0.0.1:502/1"),
            **facts,
        )
        made.gates.set(gates)
    return made
