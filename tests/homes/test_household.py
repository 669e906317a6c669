"""A home's own people: the owner invites, everyone answers for themselves, and removal ends it at every gate."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from anju.access import actions
from anju.access.models import Gate, Grant
from anju.access.purposes import FACE_AT_GATE, GATE_OPENING
from anju.homes.models import Community, Home, Member, MemberInvitation, Role
from anju.homes.purposes import HOME_CERTIFICATION, HOUSEHOLD
from anju.people.models import Person
from anju.privacy import retention, scope
from tests import factories
from tests.access.conftest import gate as gate
from tests.access.conftest import streams as streams
from tests.doors import Door


@pytest.fixture
def home(community: Community, resident: Person) -> Home:
    return factories.home(community)


@pytest.fixture
def owner(resident: Person) -> Door:
    factories.agree(resident, HOUSEHOLD)
    return Door.of(resident)


def invited(owner: Door, home: Home, phone: str, **facts: Any) -> str:
    """The secret in the link that the owner passes on."""
    asked = {"role": "family", "name": "李小红", "phone": phone, **facts}
    answer = owner.post(f"/homes/{home.pk}/invitations", asked)
    assert answer.status == 201, answer.body
    return str(answer.body["link"]).partition("#")[2]


def ways(person: Person) -> list[list[str]]:
    with scope.platform():
        return [one.payload["ways"] for one in Grant.objects.filter(person=person, gone=False)]


def test_a_family_member_joins_with_their_own_account_and_consent(owner: Door, home: Home, gate: Gate) -> None:
    phone = factories.phone()
    secret = invited(owner, home, phone)
    who = factories.person(phone=phone)
    door = Door.of(who)
    asked = {"secret": secret, "name": "李小红"}
    assert door.post("/homes/join/read", {"secret": secret}).body["home"] == "1栋1单元101"
    assert door.post("/homes/join", asked).code == "consent_required"
    factories.agree(who, HOME_CERTIFICATION, GATE_OPENING)
    assert door.post("/homes/join", asked).status == 201
    assert ways(who) == [["remote"]]
    assert "成员已加入" in [one["title"] for one in owner.get("/notices").body["items"]]
    assert door.post("/homes/join", asked).code == "unknown_invitation"


def test_a_link_in_the_wrong_hands_lets_nobody_join(owner: Door, home: Home) -> None:
    secret = invited(owner, home, factories.phone())
    thief = Door.of(factories.person((HOME_CERTIFICATION,)))
    assert thief.post("/homes/join/read", {"secret": secret}).code == "another_phone"
    assert thief.post("/homes/join", {"secret": secret, "name": "王二"}).code == "another_phone"


def test_only_an_owner_invites(home: Home, community: Community) -> None:
    tenant = factories.person((*factories.EVERYTHING, HOUSEHOLD))
    factories.member(tenant, home, Role.TENANT, until=timezone.now() + timedelta(days=9))
    asked = {"role": "family", "name": "李小红", "phone": factories.phone()}
    assert Door.of(tenant).post(f"/homes/{home.pk}/invitations", asked).code == "not_the_owner"


def test_nobodys_number_is_written_down_before_the_owner_has_agreed(home: Home, resident: Person) -> None:
    asked = {"role": "family", "name": "李小红", "phone": factories.phone()}
    assert Door.of(resident).post(f"/homes/{home.pk}/invitations", asked).code == "consent_required"


def test_a_tenant_needs_an_end(owner: Door, home: Home) -> None:
    asked = {"role": "tenant", "name": "李小红", "phone": factories.phone()}
    assert owner.post(f"/homes/{home.pk}/invitations", asked).code == "lease_end"


def test_an_invitation_says_the_same_whether_the_number_is_known_or_not(owner: Door, home: Home) -> None:
    known = factories.person()
    answers = [
        owner.post(f"/homes/{home.pk}/invitations", {"role": "family", "name": "李小红", "phone": phone})
        for phone in (known.phone.open(), factories.phone())
    ]
    shapes = [(one.status, set(one.body["invitation"])) for one in answers]
    assert shapes[0] == shapes[1]
    assert [one["title"] for one in Door.of(known).get("/notices").body["items"]] == ["房屋成员邀请"]


def test_an_invitation_taken_back_leads_nowhere(owner: Door, home: Home) -> None:
    phone = factories.phone()
    secret = invited(owner, home, phone)
    (waiting,) = owner.get(f"/homes/{home.pk}/invitations").body
    assert owner.delete(f"/homes/invitations/{waiting['id']}").status == 204
    door = Door.of(factories.person((HOME_CERTIFICATION,), phone=phone))
    assert door.post("/homes/join", {"secret": secret, "name": "李小红"}).code == "unknown_invitation"


def test_an_invitation_lasts_a_week_and_is_then_deleted(owner: Door, home: Home) -> None:
    phone = factories.phone()
    secret = invited(owner, home, phone)
    with scope.platform():
        MemberInvitation.objects.update(ends_at=timezone.now() - timedelta(seconds=1))
    door = Door.of(factories.person((HOME_CERTIFICATION,), phone=phone))
    assert door.post("/homes/join", {"secret": secret, "name": "李小红"}).code == "unknown_invitation"
    with scope.platform():
        MemberInvitation.objects.update(ends_at=timezone.now() - timedelta(days=1, seconds=1))
    assert retention.expire()["homes.MemberInvitation"] == 1


def test_whoever_is_removed_opens_no_gate_any_more(owner: Door, home: Home, gate: Gate, community: Community) -> None:
    family = factories.person(factories.EVERYTHING)
    member = factories.member(family, home, Role.FAMILY)
    actions.refresh(family.pk, community.pk)
    assert ways(family) == [["remote"]]
    assert owner.delete(f"/homes/members/{member.pk}").status == 204
    assert ways(family) == []
    assert "成员身份已结束" in [one["title"] for one in Door.of(family).get("/notices").body["items"]]


def test_an_owner_does_not_remove_another_owner_and_nobody_removes_a_neighbour(
    owner: Door, home: Home, community: Community
) -> None:
    other = factories.member(factories.person(), home, Role.OWNER)
    neighbour = factories.member(factories.person(), factories.home(community, "102"), Role.FAMILY)
    assert owner.delete(f"/homes/members/{other.pk}").code == "an_owner"
    assert owner.delete(f"/homes/members/{neighbour.pk}").code == "not_the_owner"


def test_a_member_leaves_by_themselves(home: Home) -> None:
    family = factories.person(factories.EVERYTHING)
    member = factories.member(family, home, Role.FAMILY)
    door = Door.of(family)
    assert door.delete(f"/homes/members/{member.pk}").status == 204
    assert door.get("/homes").body == []


def test_a_way_that_the_owner_switches_off_is_gone_at_the_gate(
    owner: Door, home: Home, gate: Gate, community: Community
) -> None:
    family = factories.person(factories.EVERYTHING)
    member = factories.member(family, home, Role.FAMILY)
    factories.phone_key(family)
    assert owner.post(f"/homes/members/{member.pk}/ways", {"off": ["remote"]}).status == 200
    assert ways(family) == [["nearby", "qr"]]
    assert owner.post(f"/homes/members/{member.pk}/ways", {"off": []}).status == 200
    assert ways(family) == [["nearby", "qr", "remote"]]


def test_a_tenants_time_ends_by_itself_and_is_prolonged_by_the_owner(owner: Door, home: Home, gate: Gate) -> None:
    tenant = factories.person(factories.EVERYTHING)
    member = factories.member(tenant, home, Role.TENANT, until=timezone.now() + timedelta(days=1))
    later = timezone.now() + timedelta(days=30)
    assert owner.post(f"/homes/members/{member.pk}/until", {"until": later.isoformat()}).status == 200
    with scope.platform():
        (grant,) = Grant.objects.filter(person=tenant)
    assert grant.payload["until"] == later.isoformat()
    assert owner.post(f"/homes/members/{member.pk}/until", {"until": None}).code == "lease_end"


def test_a_guardian_brings_a_child_into_the_home_and_has_them_enrolled_at_the_gate(
    owner: Door, resident: Person, home: Home, gate: Gate
) -> None:
    child = factories.child(resident).person
    assert owner.post(f"/homes/{home.pk}/children", {"child": str(child.pk)}).code == "consent_required"
    for purpose in (HOME_CERTIFICATION, FACE_AT_GATE):
        asked = {"purpose": purpose.code, "version": purpose.version}
        assert owner.post(f"/children/{child.pk}/consents", asked).status == 201
    assert owner.post(f"/homes/{home.pk}/children", {"child": str(child.pk)}).status == 201
    code = owner.post(f"/children/{child.pk}/face/at-gate", {"anew": False})
    assert code.status == 201 and code.body["text"].startswith("ANJUE1.")
    assert ways(child) == [["face"]]
    with scope.platform():
        member = Member.objects.get(person=child)
    assert owner.delete(f"/homes/members/{member.pk}").status == 204
    assert ways(child) == []


def test_nobody_brings_somebody_elses_child(owner: Door, home: Home) -> None:
    child = factories.child(factories.person()).person
    assert owner.post(f"/homes/{home.pk}/children", {"child": str(child.pk)}).code == "unknown_child"
