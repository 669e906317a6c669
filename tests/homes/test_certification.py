"""Home certification (房屋认证): asking, being decided about, being told."""

from uuid import UUID

import pytest

from anju.homes import actions
from anju.homes.models import Application, Community, Duty, Home, Member
from anju.homes.purposes import HOME_CERTIFICATION
from anju.people.models import Person
from anju.privacy import scope
from anju.privacy.models import AuditEntry, Consent
from anju.privacy.refusals import Refused
from tests import factories
from tests.doors import Answer, Door


@pytest.fixture
def home(community: Community) -> Home:
    return factories.home(community)


def ask(who: Person, home: Home, **facts: str) -> Answer:
    body = {"home": str(home.pk), "role": "owner", "name": "王小明", "id_number": factories.citizen(), **facts}
    return Door.of(who).post("/applications", body)


def decide(staff: Person, application: str, *, approve: bool, reason: str = "") -> Application:
    with scope.platform():
        communities = [one.community_id for one in staff.staff_roles.all()]
    with scope.person(staff.pk, communities):
        one = Application.objects.get(pk=UUID(application))
        return actions.decide(one, staff=staff, approve=approve, reason=reason)


def test_without_consent_nothing_is_collected(person: Person, home: Home) -> None:
    answer = ask(person, home)
    assert (answer.status, answer.code) == (403, "consent_required")
    assert answer.body["purpose"] == HOME_CERTIFICATION.code
    with scope.platform():
        assert not Application.objects.exists()


def test_an_application_is_shown_masked_even_to_its_owner(person: Person, home: Home) -> None:
    factories.agree(person, HOME_CERTIFICATION)
    answer = ask(person, home)
    assert answer.status == 201, answer.body
    assert answer.body["name"] == "王**"
    assert answer.body["id_number"].count("*") == 16
    assert [step["state"] for step in answer.body["history"]] == ["submitted"]


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("000000199003070000", "id_number_check"),
        ("12345", "id_number_form"),
        ("00000019901332" + "0011", "id_number_check"),
        ("一二三四五六七八九十一二三四五六七八", "id_number_form"),
    ],
)
def test_a_wrong_id_number_says_what_is_wrong_and_keeps_nothing(
    person: Person, home: Home, number: str, code: str
) -> None:
    factories.agree(person, HOME_CERTIFICATION)
    right = factories.citizen()
    wrong_digit = right[:17] + ("0" if right[17] != "0" else "1")
    answer = ask(person, home, id_number=wrong_digit if number == "000000199003070000" else number)
    assert answer.status == 422
    assert answer.code == code
    assert answer.body["errors"][0]["field"] == "id_number"
    assert wrong_digit not in str(answer.body)
    with scope.platform():
        assert not Application.objects.exists()


def test_an_impossible_birthday_is_refused(person: Person, home: Home) -> None:
    factories.agree(person, HOME_CERTIFICATION)
    assert ask(person, home, id_number=factories.citizen("19901332")).code == "id_number_date"


def test_asking_twice_for_one_home_is_refused(person: Person, home: Home) -> None:
    factories.agree(person, HOME_CERTIFICATION)
    ask(person, home)
    answer = ask(person, home)
    assert (answer.status, answer.code) == (409, "already_applied")


def test_a_member_need_not_ask_again(community: Community, home: Home) -> None:
    resident = factories.resident(community)
    answer = ask(resident, home)
    assert (answer.status, answer.code) == (409, "already_certified")


def test_messages_come_in_the_callers_language(person: Person, home: Home) -> None:
    answer = Door.of(person, language="en").post("/applications", {"home": str(home.pk)})
    assert answer.status == 422
    assert answer.body["detail"].isascii(), answer.body["detail"]


def test_approval_makes_a_member_and_tells_them(person: Person, home: Home, community: Community) -> None:
    factories.agree(person, HOME_CERTIFICATION)
    application = ask(person, home).body["id"]
    reviewer = factories.staff(community, Duty.REVIEWER)
    decide(reviewer, application, approve=True)
    door = Door.of(person)
    homes = door.get("/homes").body
    assert [one["label"] for one in homes] == ["1栋1单元101"]
    assert homes[0]["members"][0]["you"]
    notices = door.get("/notices").body
    assert notices["unread"] == 1
    assert "1栋1单元101" in notices["items"][0]["body"]
    entry = AuditEntry.objects.get(action=AuditEntry.Action.DECIDE, subject=person.pk)
    assert entry.actor == reviewer.pk


def test_a_refusal_needs_a_reason_and_the_applicant_reads_it(person: Person, home: Home, community: Community) -> None:
    factories.agree(person, HOME_CERTIFICATION)
    application = ask(person, home).body["id"]
    reviewer = factories.staff(community, Duty.REVIEWER)
    with pytest.raises(Refused, match="reason_required"):
        decide(reviewer, application, approve=False)
    decide(reviewer, application, approve=False, reason="姓名与登记的业主不一致")
    mine = Door.of(person).get("/applications").body[0]
    assert (mine["state"], mine["reason"]) == ("refused", "姓名与登记的业主不一致")


def test_a_refused_applicant_may_object_and_is_looked_at_again(
    person: Person, home: Home, community: Community
) -> None:
    factories.agree(person, HOME_CERTIFICATION)
    application = ask(person, home).body["id"]
    reviewer = factories.staff(community, Duty.REVIEWER)
    decide(reviewer, application, approve=False, reason="材料不清楚")
    answer = Door.of(person).post(f"/applications/{application}/dispute", {"text": "我是新买的房子，可提供合同"})
    assert answer.body["state"] == "disputed"
    decide(reviewer, application, approve=True)
    assert Door.of(person).get("/homes").body


def test_a_decision_is_taken_once(person: Person, home: Home, community: Community) -> None:
    factories.agree(person, HOME_CERTIFICATION)
    application = ask(person, home).body["id"]
    reviewer = factories.staff(community, Duty.REVIEWER)
    decide(reviewer, application, approve=True)
    with pytest.raises(Refused, match="already_decided"):
        decide(reviewer, application, approve=False, reason="晚了一步")


@pytest.mark.parametrize("duty", [Duty.GUARD, None])
def test_only_reviewers_decide(person: Person, home: Home, community: Community, duty: Duty | None) -> None:
    factories.agree(person, HOME_CERTIFICATION)
    application = ask(person, home).body["id"]
    staff = factories.staff(community, *([duty] if duty else []))
    with scope.person(staff.pk, [community.pk]):
        one = Application.objects.get(pk=application)
        with pytest.raises(Refused, match="not_allowed"):
            actions.decide(one, staff=staff, approve=True, reason="")


def test_a_reviewer_of_another_community_sees_nothing(person: Person, home: Home) -> None:
    factories.agree(person, HOME_CERTIFICATION)
    ask(person, home)
    elsewhere = factories.community()
    stranger = factories.staff(elsewhere, Duty.REVIEWER)
    with scope.person(stranger.pk, [elsewhere.pk]):
        assert not Application.objects.exists()


def test_another_person_cannot_see_or_withdraw_an_application(person: Person, home: Home) -> None:
    factories.agree(person, HOME_CERTIFICATION)
    application = ask(person, home).body["id"]
    other = Door.of(factories.person())
    assert other.get("/applications").body == []
    assert other.post(f"/applications/{application}/withdraw").status == 404


def test_withdrawing_the_consent_ends_the_membership_and_erases_the_name(
    person: Person, home: Home, community: Community
) -> None:
    factories.agree(person, HOME_CERTIFICATION)
    application = ask(person, home).body["id"]
    decide(factories.staff(community, Duty.REVIEWER), application, approve=True)
    door = Door.of(person)
    answer = door.delete(f"/consents/{HOME_CERTIFICATION.code}")
    assert "姓名" in answer.body["erased"]
    assert door.get("/homes").body == []
    assert door.get("/applications").body == []
    with scope.platform():
        assert not Member.objects.filter(person=person).exists()
    acts = Consent.objects.filter(subject=person.pk, purpose=HOME_CERTIFICATION.code).values_list("action", flat=True)
    assert sorted(acts) == ["granted", "withdrawn"]


def test_messages_about_a_home_go_with_the_consent(community: Community) -> None:
    application = factories.application(community)
    reviewer = factories.staff(community, Duty.REVIEWER)
    decide(reviewer, str(application.pk), approve=False, reason="姓名与登记的业主张三丰不一致")
    door = Door.of(application.person)
    assert "张三丰" in door.get("/notices").body["items"][0]["body"]
    door.delete(f"/consents/{HOME_CERTIFICATION.code}")
    assert door.get("/notices").body["items"] == []


def test_one_person_cannot_fill_the_reviewers_queue(person: Person, community: Community) -> None:
    factories.agree(person, HOME_CERTIFICATION)
    for room in range(101, 106):
        assert ask(person, factories.home(community, str(room))).status == 201
    answer = ask(person, factories.home(community, "106"))
    assert (answer.status, answer.code) == (409, "too_many_applications")
    (first, *_) = Door.of(person).get("/applications").body
    Door.of(person).post(f"/applications/{first['id']}/withdraw")
    assert ask(person, factories.home(community, "106")).status == 201
