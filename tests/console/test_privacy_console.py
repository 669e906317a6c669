"""The data-protection officer's pages: nobody else opens them, and what they answer is carried out."""

from datetime import timedelta

import pytest
from django.utils import timezone

from anju.homes.models import Community, Duty, Member
from anju.notices import actions as notices
from anju.notices.models import Notice
from anju.people.models import Person
from anju.privacy import audit, retention, scope
from anju.privacy.models import AuditEntry
from anju.rights import actions, cancellation
from anju.rights.models import Request, RightKind
from tests import factories
from tests.console.conftest import Desk


@pytest.fixture
def officer(community: Community) -> Desk:
    return Desk(factories.staff(community, Duty.DPO))


def _asked(person: Person, **facts: str) -> Request:
    with scope.person(person.pk):
        return actions.ask(person, RightKind(facts.pop("kind", "explain")), text=facts.pop("text", "为什么？"), **facts)


@pytest.mark.parametrize("duty", [Duty.REVIEWER, Duty.GUARD, Duty.MANAGER, Duty.FRONT_DESK, Duty.CASHIER])
def test_other_duties_stay_outside(community: Community, resident: Person, duty: Duty) -> None:
    console = Desk(factories.staff(community, duty))
    request = _asked(resident)
    assert console.get("privacy/").status_code == 403
    assert console.get(f"privacy/requests/{request.pk}/").status_code == 403
    assert console.post(f"privacy/requests/{request.pk}/answer/", {"text": "x"}).status_code == 403


def test_the_overview_shows_what_is_due(officer: Desk, resident: Person) -> None:
    _asked(resident)
    page = officer.get("privacy/").content.decode()
    assert "等待答复的申请" in page
    assert "解释说明" in page
    assert "没有等待答复的申请" not in page


def test_another_communitys_request_is_not_in_sight(officer: Desk) -> None:
    elsewhere = factories.resident(factories.community())
    request = _asked(elsewhere)
    assert "没有等待答复的申请" in officer.get("privacy/").content.decode()
    assert officer.get(f"privacy/requests/{request.pk}/").status_code == 404


def test_an_answer_is_given_and_carried_out(officer: Desk, resident: Person) -> None:
    request = _asked(resident, kind="correct", place="homes.Member.name", text="欧阳静")
    page = officer.get(f"privacy/requests/{request.pk}/").content.decode()
    assert "欧阳静" in page
    done = officer.post(
        f"privacy/requests/{request.pk}/answer/", {"decision": "support", "text": "已更正。"}, follow=True
    )
    assert "已答复" in done.content.decode()
    with scope.platform():
        name = Member.objects.get(person=resident).name
        assert name is not None
        assert name.open() == "欧阳静"
        assert AuditEntry.objects.filter(subject=resident.pk, action=AuditEntry.Action.DECIDE).count() == 1


def test_an_answer_without_words_keeps_the_page_and_says_why(officer: Desk, resident: Person) -> None:
    request = _asked(resident)
    page = officer.post(f"privacy/requests/{request.pk}/answer/", {"decision": "support", "text": " "})
    assert page.status_code == 422
    assert "请写明答复" in page.content.decode()


def test_an_auditor_sees_the_clock_and_not_the_words(community: Community, resident: Person) -> None:
    request = _asked(resident, text="我的脸在哪里？")
    console = Desk(factories.staff(community, Duty.AUDITOR))
    page = console.get(f"privacy/requests/{request.pk}/").content.decode()
    assert "我的脸在哪里" not in page
    assert console.post(f"privacy/requests/{request.pk}/answer/", {"text": "x"}).status_code == 403


def test_an_account_being_closed_is_shown_place_by_place(officer: Desk, resident: Person) -> None:
    with scope.person(resident.pk):
        request = cancellation.ask(resident)
    cancellation.carry_out(request.pk)
    assert "正在注销的账号" in officer.get("privacy/").content.decode()
    page = officer.get(f"privacy/requests/{request.pk}/").content.decode()
    assert "个人密钥" in page
    assert "登录状态" in page


def test_who_read_what_is_counted(officer: Desk, community: Community, resident: Person) -> None:
    reviewer = factories.staff(community, Duty.REVIEWER, nickname="小周")
    with scope.platform():
        member = Member.objects.get(person=resident)
        audit.record(
            AuditEntry.Action.UNMASK, member, actor=reviewer.pk, subject=resident.pk, fields=["name"], reason="review"
        )
    page = officer.get("privacy/").content.decode()
    assert "小周" in page
    assert "核对房屋认证资料 1" in page


def test_the_first_page_raises_an_alarm_for_what_is_late(officer: Desk, resident: Person) -> None:
    _asked(resident)
    assert "项已逾期" not in officer.text("")
    with scope.platform():
        Request.objects.update(due_at=timezone.now() - timedelta(days=1))
    assert "1 项已逾期" in officer.text("")


def test_a_record_that_should_be_gone_raises_an_alarm(officer: Desk, resident: Person) -> None:
    assert "超过了保存期限" not in officer.text("privacy/")
    notice = notices.tell(resident, Notice.Kind.HOME, "旧消息", "半年前的")
    with scope.platform():
        Notice.objects.filter(pk=notice.pk).update(at=timezone.now() - timedelta(days=200))
    assert "超过了保存期限" in officer.text("privacy/")
    retention.expire()
    assert "超过了保存期限" not in officer.text("privacy/")
