"""The models' own pages: masked, on the record, and no more than their duty."""

import re
from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.test import RequestFactory
from django.utils import timezone

from anju.access.models import Face, Gate, RegistrationCode
from anju.console.admin import AuditEntryAdmin
from anju.homes.models import Building, Community, Duty, Home, Member, StaffRole
from anju.people.models import Person
from anju.privacy import scope
from anju.privacy.models import AuditEntry, Consent
from anju.privacy.staff import OPERATOR
from tests import factories
from tests.console.conftest import Desk


def audits(**wanted: Any) -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(**wanted).order_by("id"))


def test_names_and_numbers_are_masked_everywhere(manager: Desk, operator: Desk, community: Community) -> None:
    who = factories.person(factories.EVERYTHING, phone="+8613912340099")
    member = factories.member(who, factories.home(community), name="上官小刚")
    number = factories.citizen()
    application = factories.application(community, "201", who=who, name="上官小刚", number=number)
    pages = [
        manager.text("homes/member/"),
        manager.text(f"homes/member/{member.pk}/change/"),
        manager.text("homes/application/"),
        manager.text(f"homes/application/{application.pk}/change/"),
        operator.text("people/person/"),
        operator.text(f"people/person/{who.pk}/change/"),
    ]
    for page in pages:
        for secret in ("上官小刚", number, "13912340099"):
            assert secret not in page
    assert "上***" in pages[0]
    assert "****0099" in pages[4]


def test_what_is_added_changed_and_deleted_is_on_the_record_without_values(manager: Desk, community: Community) -> None:
    manager.post("homes/building/add/", {"community": str(community.pk), "name": "九栋", "order": "9"})
    with scope.platform():
        building = Building.objects.get(community=community)
    manager.post(
        f"homes/building/{building.pk}/change/", {"community": str(community.pk), "name": "十栋", "order": "9"}
    )
    manager.post(f"homes/building/{building.pk}/delete/", {"post": "yes"})
    rows = audits(actor=manager.person.pk)
    assert [(row.action, row.fields) for row in rows] == [
        ("add", ["community", "name", "order"]),
        ("change", ["name"]),
        ("delete", []),
    ]
    assert all(row.target_id == str(building.pk) for row in rows)


def test_a_membership_ends_with_its_rights_and_a_row(manager: Desk, community: Community) -> None:
    who = factories.resident(community)
    with scope.platform():
        member = Member.objects.get(person=who)
    chosen = {"action": "end", "_selected_action": [str(member.pk)]}
    assert "确认结束" in manager.post("homes/member/", chosen).content.decode()
    with scope.platform():
        assert Member.objects.living().filter(pk=member.pk).exists()
    manager.post("homes/member/", {**chosen, "confirmed": "yes"})
    with scope.platform():
        assert not Member.objects.living().filter(pk=member.pk).exists()
    (row,) = audits(actor=manager.person.pk)
    assert (row.action, row.subject, row.fields) == ("change", who.pk, ["until"])
    assert "已结束" in manager.text("homes/member/?window=ended")


def test_a_reviewer_cannot_end_memberships(reviewer: Desk, community: Community) -> None:
    who = factories.resident(community)
    with scope.platform():
        member = Member.objects.get(person=who)
    assert reviewer.post("homes/member/", {"action": "end", "_selected_action": [str(member.pk)]}).status_code == 403
    with scope.platform():
        assert Member.objects.living().filter(pk=member.pk).exists()


def test_a_duty_is_given_by_phone_and_taken_back(manager: Desk, community: Community) -> None:
    who = factories.person(phone="+8613912340077")
    form = {"phone": "139 1234 0077", "community": str(community.pk), "duty": "guard"}
    answer = manager.post("homes/staffrole/add/", form)
    assert answer.status_code == 302, answer.content.decode()
    with scope.platform():
        role = StaffRole.objects.get(person=who)
        assert Person.objects.get(pk=who.pk).is_staff
    assert (role.community_id, role.duty) == (community.pk, Duty.GUARD)
    manager.post(f"homes/staffrole/{role.pk}/delete/", {"post": "yes"})
    with scope.platform():
        assert not StaffRole.objects.filter(person=who).exists()
    assert not Person.objects.get(pk=who.pk).is_staff
    assert [row.action for row in audits(actor=manager.person.pk)] == ["add", "delete"]


def test_an_unknown_phone_gets_no_duty(manager: Desk, community: Community) -> None:
    form = {"phone": factories.phone(), "community": str(community.pk), "duty": "guard"}
    assert "还没有账号" in manager.post("homes/staffrole/add/", form).content.decode()


def test_a_duty_held_twice_is_an_error_on_the_form(manager: Desk, community: Community) -> None:
    factories.staff(community, Duty.GUARD, phone="+8613912340066")
    form = {"phone": "13912340066", "community": str(community.pk), "duty": "guard"}
    answer = manager.post("homes/staffrole/add/", form)
    assert answer.status_code == 200
    assert "已经是这个小区的门岗" in answer.content.decode()


def test_a_registration_code_is_shown_once_and_on_the_record(manager: Desk, guard: Desk, community: Community) -> None:
    gate = factories.gate(community)
    assert guard.post(f"access/gate/{gate.pk}/code/").status_code == 403
    assert manager.get(f"access/gate/{gate.pk}/code/").status_code == 403
    with scope.platform():
        assert not RegistrationCode.objects.exists()
    page = manager.post(f"access/gate/{gate.pk}/code/").content.decode()
    found = re.search(r'big-code">\s*([A-Z2-9]{4}-[A-Z2-9]{4})', page)
    assert found and found[1] not in manager.text(f"access/gate/{gate.pk}/change/")
    (row,) = audits(action="gate")
    assert (row.actor, row.reason) == (manager.person.pk, "registration_code")


def test_another_communitys_gate_gives_no_code(manager: Desk, elsewhere: Community) -> None:
    assert manager.post(f"access/gate/{factories.gate(elsewhere).pk}/code/").status_code == 403


def test_proofs_are_changed_by_nobody(operator: Desk, resident: Person) -> None:
    consent = Consent.objects.filter(subject=resident.pk).latest("id")
    row = AuditEntry.objects.create(action="gate", actor=resident.pk, target="access.Gate")
    for page in (f"privacy/consent/{consent.pk}", f"privacy/auditentry/{row.pk}"):
        assert operator.post(f"{page}/change/", {"reason": "x"}).status_code == 403
        assert operator.post(f"{page}/delete/", {"post": "yes"}).status_code == 403


def test_a_page_for_proofs_may_not_be_opened_for_changes_by_mistake(rf: RequestFactory) -> None:
    class Mistaken(AuditEntryAdmin):
        adders = changers = deleters = (Duty.MANAGER,)

    request = rf.get("/")
    request.duties = {OPERATOR: frozenset()}  # type: ignore[attr-defined]
    page = Mistaken(AuditEntry, admin.site)
    assert page.has_view_permission(request)
    assert not page.has_add_permission(request)
    assert not page.has_change_permission(request)
    assert not page.has_delete_permission(request)


def test_a_manager_sees_the_audit_of_their_own_staff_and_people(
    manager: Desk, community: Community, elsewhere: Community
) -> None:
    theirs = factories.staff(elsewhere, Duty.MANAGER)
    mine = factories.resident(community)
    AuditEntry.objects.create(
        action="gate", actor=theirs.pk, target="access.Gate", reason="remote_open", target_id="far"
    )
    AuditEntry.objects.create(
        action="unmask", actor=theirs.pk, subject=mine.pk, target="homes.Application", reason="law"
    )
    AuditEntry.objects.create(action="gate", actor=manager.person.pk, target="access.Gate", reason="registration_code")
    page = manager.text("privacy/auditentry/")
    assert "依法配合调查" in page and "生成接入码" in page
    assert "远程开门" not in page


def test_the_operator_deactivates_accounts_but_not_their_own(operator: Desk, person: Person) -> None:
    chosen = [str(person.pk), str(operator.person.pk)]
    operator.post("people/person/", {"action": "deactivate", "_selected_action": chosen})
    assert not Person.objects.get(pk=person.pk).is_active
    assert Person.objects.get(pk=operator.person.pk).is_active
    (row,) = audits(actor=operator.person.pk)
    assert (row.action, row.subject, row.fields) == ("change", person.pk, ["is_active"])


def test_a_gate_offline_is_said_so(manager: Desk, community: Community) -> None:
    gate = factories.gate(community)
    assert "未接入" in manager.text("access/gate/")
    with scope.platform():
        Gate.objects.filter(pk=gate.pk).update(
            registered_at=timezone.now(), seen_at=timezone.now() - timedelta(hours=1)
        )
    assert "离线" in manager.text(f"access/gate/{gate.pk}/change/")


def test_the_self_test_measures_and_names_nobody(manager: Desk, community: Community) -> None:
    page = manager.text("self-test/")
    assert "开始自检" in page and "ruler" not in page
    for room in ("101", "102", "201"):
        who = factories.person(factories.EVERYTHING)
        factories.member(who, factories.home(community, room), name="公孙小明")
        factories.face(who)
    page = manager.post("self-test/").content.decode()
    assert "分得开" in page and "ruler" in page
    assert "公**" not in page and "公孙小明" not in page
    assert "读取本小区人脸特征" in manager.text("privacy/auditentry/")


def test_the_self_test_counts_residents_who_look_alike(manager: Desk, community: Community) -> None:
    twins = [factories.person(factories.EVERYTHING) for _ in range(2)]
    for one, room in zip(twins, ("101", "102"), strict=True):
        factories.member(one, factories.home(community, room))
    first = factories.face(twins[0])
    with scope.person(twins[1].pk):
        Face.objects.create(person=twins[1], vectors=first.vectors.open_bytes())
    page = manager.post("self-test/").content.decode()
    assert "有住户靠近门槛" in page
    assert re.search(r"容易混淆的住户对数</td><td><strong>1</strong>", page)


def test_a_manager_there_changes_nothing_here_where_they_only_review(
    community: Community, elsewhere: Community
) -> None:
    person = factories.staff(elsewhere, Duty.MANAGER)
    with scope.platform():
        StaffRole.objects.create(community=community, person=person, duty=Duty.REVIEWER)
    desk = Desk(person)
    here, there = factories.home(community), factories.home(elsewhere)
    form = {"room": "999", "floor": "9"}
    assert desk.get(f"homes/home/{here.pk}/change/").status_code == 200
    assert desk.post(f"homes/home/{here.pk}/change/", {**form, "unit": str(here.unit_id)}).status_code == 403
    assert desk.post(f"homes/home/{here.pk}/delete/", {"post": "yes"}).status_code == 403
    assert (
        desk.post("homes/home/add/", {**form, "unit": str(here.unit_id)}).status_code == 200
    )  # the form, with an error
    assert desk.post(f"homes/home/{there.pk}/change/", {**form, "unit": str(here.unit_id)}).status_code == 302
    with scope.platform():
        assert Home.objects.get(pk=here.pk).room == "101"
        assert Home.objects.get(room="999").unit_id == there.unit_id  # a home stays where it was built


def test_a_new_home_belongs_where_its_unit_does(manager: Desk, community: Community) -> None:
    unit = factories.home(community).unit
    answer = manager.post("homes/home/add/", {"unit": str(unit.pk), "room": "305", "floor": "3", "area": ""})
    assert answer.status_code == 302
    with scope.platform():
        assert Home.objects.get(room="305").community_id == community.pk


def test_two_homes_of_a_unit_cannot_share_a_room(manager: Desk, community: Community) -> None:
    factories.home(community, "101")
    second = factories.home(community, "102")
    answer = manager.post(f"homes/home/{second.pk}/change/", {"room": "101", "floor": "1", "area": ""})
    assert answer.status_code == 200
    assert "已经存在" in answer.content.decode()
