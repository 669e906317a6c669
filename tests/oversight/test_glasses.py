"""Reading in full: so many a day, and in an emergency by two people, with the person concerned told."""

from datetime import timedelta

import pytest
from django.test import override_settings
from django.utils import timezone

from anju.homes.models import Community, Duty, Member
from anju.notices.models import Notice
from anju.oversight import glasses
from anju.oversight.models import Glass
from anju.people.models import Person
from anju.privacy import audit, scope
from anju.privacy.models import AuditEntry
from tests import factories, racing
from tests.console.conftest import Desk

NUMBER = "+8613912345678"
NAME = "欧阳小兰"


@pytest.fixture
def lan(community: Community) -> Person:
    """Somebody who lives in the community."""
    who = factories.person(factories.EVERYTHING, phone=factories.phone())
    factories.member(who, factories.home(community), name=NAME)
    return who


def row_of(who: Person) -> Member:
    with scope.platform():
        return Member.objects.get(person=who)


def asked(desk: Desk, who: Person, reason: str = "safety") -> Glass:
    answer = desk.post(f"glasses/ask/?member={row_of(who).pk}", {"reason": reason})
    assert answer.status_code == 302, answer.content.decode()
    with scope.platform():
        return Glass.objects.get(subject=who.pk, asker=desk.person.pk)


def notices_of(who: Person) -> list[str]:
    with scope.person(who.pk):
        return [one.body.open() for one in Notice.objects.filter(person=who)]


@override_settings(UNMASKS_A_DAY={"reviewer": 2, "manager": 1, "front_desk": 1})
def test_after_so_many_readings_a_day_the_refusal_says_what_to_do(reviewer: Desk, community: Community) -> None:
    application = factories.application(community, "201", name="司马小光")
    ask = {"field": "name", "reason": "review"}
    for _ in range(2):
        assert "司马小光" in reviewer.post(f"reviews/{application.pk}/reveal/", ask).content.decode()
    answer = reviewer.post(f"reviews/{application.pk}/reveal/", ask)
    text = answer.content.decode()
    assert answer.status_code == 429
    assert "司马小光" not in text and "紧急查看" in text and "2 次上限" in text
    assert AuditEntry.objects.filter(action="unmask").count() == 2


@override_settings(UNMASKS_A_DAY={"reviewer": 1, "manager": 1, "front_desk": 1})
def test_yesterdays_readings_do_not_count(
    reviewer: Desk, community: Community, monkeypatch: pytest.MonkeyPatch
) -> None:
    application = factories.application(community, "201", name="司马小光")
    ask = {"field": "name", "reason": "review"}
    assert reviewer.post(f"reviews/{application.pk}/reveal/", ask).status_code == 200
    assert reviewer.post(f"reviews/{application.pk}/reveal/", ask).status_code == 429
    tomorrow = timezone.now() + timedelta(days=1)
    monkeypatch.setattr(audit.timezone, "localtime", lambda: timezone.make_naive(tomorrow).astimezone())
    assert audit.unmasked_today(reviewer.person.pk) == 0


def test_two_readings_at_once_are_not_both_the_last(django_db_setup: None, django_db_blocker: object) -> None:
    with racing.committed(django_db_blocker):
        place = factories.community()
        staff = factories.staff(place, Duty.REVIEWER)
        application = factories.application(place, "201")

        def read() -> object:
            with scope.platform():
                return audit.unmask(
                    application, "name", actor=staff.pk, subject=application.person_id, reason="review", allowance=1
                )

        refused = racing.overtaken(read, read)
        assert getattr(refused, "code", "") == "unmasks_spent"
        assert audit.unmasked_today(staff.pk) == 1


def test_what_two_people_agreed_on_opens_for_a_quarter_of_an_hour_and_the_person_hears(
    manager: Desk, dpo: Desk, lan: Person
) -> None:
    glass = asked(manager, lan)
    assert NAME not in manager.text(f"glasses/{glass.pk}/")
    assert "待批准" in dpo.text("glasses/")
    dpo.post(f"glasses/{glass.pk}/decide/", {"decision": "approve"})
    page = manager.text(f"glasses/{glass.pk}/")
    assert "可以查看的信息" in page and NAME not in page
    assert notices_of(lan) == []
    key = f"member:{row_of(lan).pk}:name"
    assert NAME in manager.post(f"glasses/{glass.pk}/reveal/", {"key": key}).content.decode()
    (told,) = notices_of(lan)
    assert "物业经理" in told and "处理安全事件" in told and "姓名" in told
    (row,) = AuditEntry.objects.filter(action="unmask")
    assert (row.actor, row.subject, row.fields) == (manager.person.pk, lan.pk, ["name"])
    assert row.reason == f"glass:{glass.pk.hex}"
    steps = AuditEntry.objects.filter(action="glass").order_by("id").values_list("reason", "actor")
    assert list(steps) == [("asked", manager.person.pk), ("approved", dpo.person.pk)]
    with scope.platform():
        Glass.objects.filter(pk=glass.pk).update(until=timezone.now())
    late = manager.post(f"glasses/{glass.pk}/reveal/", {"key": key})
    assert late.status_code == 403 and "重新申请" in late.content.decode()


def test_nobody_approves_their_own(manager: Desk, lan: Person) -> None:
    glass = asked(manager, lan)
    answer = manager.post(f"glasses/{glass.pk}/decide/", {"decision": "approve"})
    assert answer.status_code == 403 and "不能批准自己的申请" in answer.content.decode()
    assert "小兰" not in manager.text(f"glasses/{glass.pk}/")


def test_nobody_looks_through_somebody_elses(manager: Desk, dpo: Desk, desk: object, lan: Person) -> None:
    glass = asked(manager, lan)
    dpo.post(f"glasses/{glass.pk}/decide/", {"decision": "approve"})
    key = f"member:{row_of(lan).pk}:name"
    assert dpo.post(f"glasses/{glass.pk}/reveal/", {"key": key}).status_code == 403
    colleague: Desk = desk(Duty.MANAGER)  # type: ignore[operator]
    answer = colleague.post(f"glasses/{glass.pk}/reveal/", {"key": key})
    assert answer.status_code == 403 and NAME not in answer.content.decode()
    assert not AuditEntry.objects.filter(action="unmask").exists()


def test_a_refused_one_opens_nothing(manager: Desk, dpo: Desk, lan: Person) -> None:
    glass = asked(manager, lan)
    dpo.post(f"glasses/{glass.pk}/decide/", {"decision": "refuse"})
    answer = manager.post(f"glasses/{glass.pk}/reveal/", {"key": f"member:{row_of(lan).pk}:name"})
    assert answer.status_code == 403
    assert dpo.post(f"glasses/{glass.pk}/decide/", {"decision": "approve"}).status_code == 409


def test_it_is_not_for_people_of_other_communities(manager: Desk, elsewhere: Community) -> None:
    stranger = factories.resident(elsewhere)
    answer = manager.post(f"glasses/ask/?member={row_of(stranger).pk}", {"reason": "safety"})
    assert answer.status_code == 404
    with scope.platform():
        assert not Glass.objects.exists()


def test_the_database_itself_wants_two_people(community: Community, manager: Desk, lan: Person) -> None:
    from django.db import IntegrityError, transaction

    glass = asked(manager, lan)
    with scope.platform(), pytest.raises(IntegrityError), transaction.atomic():
        Glass.objects.filter(pk=glass.pk).update(decider=manager.person.pk)


def test_two_deciders_at_once_decide_once(django_db_setup: None, django_db_blocker: object) -> None:
    with racing.committed(django_db_blocker):
        place = factories.community()
        asker, first, second = (factories.staff(place, Duty.MANAGER) for _ in range(3))
        glass = Glass.objects.create(community=place, subject=asker.pk, asker=asker.pk, reason="safety")

        def decide(who: Person, approve: bool) -> object:
            with scope.platform():
                return glasses.decide(glass, staff=who, approve=approve)

        refused = racing.overtaken(lambda: decide(first, False), lambda: decide(second, True))
        assert getattr(refused, "code", "") == "already_decided"
        glass.refresh_from_db()
        assert (glass.step, glass.decider, glass.until) == ("refused", first.pk, None)


def test_what_nobody_decided_on_in_a_day_is_asked_for_anew(manager: Desk, dpo: Desk, lan: Person) -> None:
    glass = asked(manager, lan)
    with scope.platform():
        Glass.objects.filter(pk=glass.pk).update(at=timezone.now() - timedelta(hours=25))
    answer = dpo.post(f"glasses/{glass.pk}/decide/", {"decision": "approve"})
    assert answer.status_code == 410 and "重新提交" in answer.content.decode()
    assert "已过期" in manager.text("glasses/")
    assert manager.post(f"glasses/ask/?member={row_of(lan).pk}", {"reason": "safety"}).status_code == 302


def test_the_same_is_not_asked_for_twice(manager: Desk, lan: Person) -> None:
    asked(manager, lan)
    assert manager.post(f"glasses/ask/?member={row_of(lan).pk}", {"reason": "safety"}).status_code == 409
