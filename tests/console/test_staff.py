"""Staff themselves: which duty opens what, their sign-ins, their devices, and how they leave."""

import pytest
from allauth.usersessions.models import UserSession
from django.test import Client

from anju.homes.duties import RIGHTS
from anju.homes.models import Community, Duty, StaffRole
from anju.notices.models import Notice
from anju.partners.purposes import ACCOUNT
from anju.people.models import KnownDevice, Person
from anju.people.signals import new_device
from anju.privacy import consent, scope
from anju.privacy.models import AuditEntry
from anju.site.demo import code_now
from tests import factories
from tests.console.conftest import Desk


def test_the_table_of_duties_is_the_same_on_the_page(manager: Desk) -> None:
    page = manager.text("duties/")
    for right in RIGHTS.values():
        assert str(right.title) in page


@pytest.mark.parametrize("duty", [Duty.AUDITOR, Duty.CASHIER, Duty.DPO, Duty.FRONT_DESK])
def test_only_guards_and_managers_open_gates(duty: Duty, community: Community) -> None:
    gate = factories.gate(community)
    desk = Desk(factories.staff(community, duty))
    assert desk.post(f"monitor/gates/{gate.pk}/open/").status_code == 403
    assert desk.get("monitor/").status_code == 403


def test_an_auditor_reads_the_proofs_and_nothing_else(community: Community) -> None:
    auditor = Desk(factories.staff(community, Duty.AUDITOR))
    who = factories.resident(community)
    for page in ("privacy/auditentry/", "privacy/consent/", "privacy/sharing/", "duties/", "devices/", ""):
        assert auditor.get(page).status_code == 200
    assert str(who.pk) in auditor.text("privacy/consent/")
    for page in ("homes/member/", "homes/home/", "reviews/", "outbox/", "access/entry/", "exports/", "glasses/"):
        assert auditor.get(page).status_code == 403


def test_the_front_desk_sees_residents_masked_and_ends_nobodys_residence(community: Community) -> None:
    front = Desk(factories.staff(community, Duty.FRONT_DESK))
    who = factories.person(factories.EVERYTHING)
    member = factories.member(who, factories.home(community), name="夏侯小玉")
    page = front.text("homes/member/")
    assert "夏***" in page and "夏侯小玉" not in page
    chosen = {"action": "end", "_selected_action": [str(member.pk)], "confirmed": "yes"}
    front.post("homes/member/", chosen)
    with scope.platform():
        member.refresh_from_db()
    assert member.until is None


def test_the_front_desk_passes_on_residents_codes_and_no_colleagues(community: Community) -> None:
    from anju.partners import sms
    from anju.partners.models import OutboxMessage

    front = Desk(factories.staff(community, Duty.FRONT_DESK))
    colleague = factories.staff(community, Duty.MANAGER)
    sms.send("+8613912345678", "验证码 482913", kind=OutboxMessage.Kind.CODE, subject=factories.resident(community).pk)
    theirs = OutboxMessage.objects.latest("id")
    sms.send("+8613912345679", "验证码 482914", kind=OutboxMessage.Kind.CODE, subject=colleague.pk)
    staffs = OutboxMessage.objects.latest("id")
    assert "482913" in front.post(f"outbox/{theirs.pk}/read/").content.decode()
    assert front.post(f"outbox/{staffs.pk}/read/").status_code == 404


def test_a_manager_does_not_choose_who_watches_over_them(manager: Desk, operator: Desk, community: Community) -> None:
    factories.person(phone="+8613912340055")
    form = {"phone": "13912340055", "community": str(community.pk), "duty": "dpo"}
    assert 'value="dpo"' not in manager.text("homes/staffrole/add/")
    assert manager.post("homes/staffrole/add/", form).status_code == 200
    with scope.platform():
        assert not StaffRole.objects.filter(duty=Duty.DPO).exists()
    assert operator.post("homes/staffrole/add/", form).status_code == 302
    with scope.platform():
        role = StaffRole.objects.get(duty=Duty.DPO)
    assert manager.post(f"homes/staffrole/{role.pk}/delete/", {"post": "yes"}).status_code == 403
    manager.post("homes/staffrole/", {"action": "delete_selected", "_selected_action": [str(role.pk)], "post": "yes"})
    with scope.platform():
        assert StaffRole.objects.filter(pk=role.pk).exists()


def test_a_sign_in_to_the_console_leaves_one_row(community: Community) -> None:
    person = factories.staff(community, Duty.GUARD, phone="+8613912340044", password="安居-7391-ok")
    secret = factories.second_factor(person)
    client = Client()
    client.post("/console/account/login/", {"login": "13912340044", "password": "安居-7391-ok"})
    assert not AuditEntry.objects.filter(action="sign_in").exists()
    client.post("/console/account/2fa/authenticate/", {"code": code_now(secret)})
    for _ in range(2):
        assert client.get("/console/").status_code == 200
    (row,) = AuditEntry.objects.filter(action="sign_in")
    assert (row.actor, row.subject) == (person.pk, person.pk)
    page = client.get("/console/devices/").content.decode()
    assert "当前" in page and f"{row.at:%Y}" in page


def test_staff_end_their_own_other_sign_ins_and_nobody_elses(manager: Desk, guard: Desk) -> None:
    mine = Client(headers={"User-Agent": "Mozilla Firefox Windows"})
    mine.force_login(manager.person)
    session = mine.session
    session.save()
    row = UserSession.objects.create(
        user=manager.person, ip="192.0.2.0", session_key=session.session_key, user_agent="Firefox · Windows"
    )
    assert "Firefox · Windows" in manager.text("devices/")
    assert guard.post(f"devices/sessions/{row.pk}/end/").status_code == 404
    assert UserSession.objects.filter(pk=row.pk).exists()
    manager.post(f"devices/sessions/{row.pk}/end/")
    assert not UserSession.objects.filter(pk=row.pk).exists()
    assert "_auth_user_id" not in mine.session


def test_staff_forget_their_own_devices(manager: Desk, guard: Desk) -> None:
    device = KnownDevice.objects.create(person=manager.person, mark=b"m" * 32, label="Edge · Windows")
    assert guard.post(f"devices/{device.pk}/forget/").status_code == 404
    manager.post(f"devices/{device.pk}/forget/")
    assert not KnownDevice.objects.filter(pk=device.pk).exists()


def notices_of(who: Person) -> list[str]:
    with scope.person(who.pk):
        return [one.body.open() for one in Notice.objects.filter(person=who)]


def test_managers_hear_of_their_staffs_new_devices(manager: Desk, guard: Desk, elsewhere: Community) -> None:
    other = factories.staff(elsewhere, Duty.MANAGER)
    new_device.send(sender=Person, person=guard.person, label="Chrome · Windows")
    assert any("Chrome · Windows" in text and str(guard.person) in text for text in notices_of(manager.person))
    assert notices_of(other) == []
    assert len(notices_of(guard.person)) == 1


def test_whoever_closes_their_account_works_nowhere(community: Community, elsewhere: Community) -> None:
    person = factories.staff(community, Duty.MANAGER)
    with scope.platform():
        StaffRole.objects.create(community=elsewhere, person=person, duty=Duty.GUARD)
    desk = Desk(person)
    with scope.person(person.pk):
        consent.withdraw(person.pk, ACCOUNT)
    with scope.platform():
        assert not StaffRole.objects.filter(person=person).exists()
    assert desk.get("homes/member/").status_code in (302, 403)
