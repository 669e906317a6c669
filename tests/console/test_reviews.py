"""The review queue: masked, decided with reasons, everything on the record."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from anju.homes import actions
from anju.homes.models import Application, Community, Member, Role
from anju.privacy import scope
from anju.privacy.models import AuditEntry
from tests import factories
from tests.console.conftest import Desk

NAME, NUMBER = "欧阳小明", factories.citizen()


@pytest.fixture
def waiting(community: Community) -> Application:
    return factories.application(community, "301", name=NAME, number=NUMBER)


def state(one: Application) -> str:
    with scope.platform():
        return Application.objects.get(pk=one.pk).state


def audits(**wanted: Any) -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(**wanted).order_by("id"))


def test_the_queue_is_masked_and_oldest_first(reviewer: Desk, community: Community, waiting: Application) -> None:
    older = factories.application(community, "302")
    with scope.platform():
        Application.objects.filter(pk=older.pk).update(submitted_at=timezone.now() - timedelta(days=3))
    page = reviewer.text("reviews/")
    assert NAME not in page and NUMBER not in page
    assert "欧***" in page
    assert page.index("302") < page.index("301")
    assert "3 天" in page


def test_an_owner_and_an_objection_are_flagged(reviewer: Desk, community: Community) -> None:
    factories.resident(community, "401")
    contested = factories.application(community, "401")
    assert "已有业主" in reviewer.text("reviews/")
    with scope.person(reviewer.person.pk, [community.pk]):
        actions.decide(contested, staff=reviewer.person, approve=False, reason="已有业主")
    with scope.person(contested.person_id):
        actions.dispute(Application.objects.get(pk=contested.pk), "房产证上是我的名字")
    assert "申诉" in reviewer.text("reviews/rows/")
    assert "房产证上是我的名字" in reviewer.text(f"reviews/{contested.pk}/")


def test_the_review_page_masks_everybody(reviewer: Desk, community: Community, waiting: Application) -> None:
    factories.member(factories.person(), factories.home(community, "301"), Role.FAMILY, name="诸葛大伟")
    page = reviewer.text(f"reviews/{waiting.pk}/")
    for secret in (NAME, NUMBER, "诸葛大伟"):
        assert secret not in page
    assert "诸***" in page
    assert not audits(action="unmask")


def test_a_value_in_full_needs_a_reason(reviewer: Desk, waiting: Application) -> None:
    for reason in ("", "curious"):
        answer = reviewer.post(f"reviews/{waiting.pk}/reveal/", {"field": "id_number", "reason": reason})
        assert answer.status_code == 422
        assert NUMBER not in answer.content.decode()
        assert "请选择查看理由" in answer.content.decode()
    assert not audits(action="unmask")


def test_a_value_in_full_is_shown_once_and_leaves_one_row(reviewer: Desk, waiting: Application) -> None:
    answer = reviewer.post(f"reviews/{waiting.pk}/reveal/", {"field": "id_number", "reason": "review"})
    page = answer.content.decode()
    assert NUMBER in page and NAME not in page
    assert "no-store" in answer.headers["Cache-Control"]
    (row,) = audits(action="unmask")
    assert (row.actor, row.subject, row.fields, row.reason) == (
        reviewer.person.pk,
        waiting.person_id,
        ["id_number"],
        "review",
    )
    assert NUMBER not in reviewer.text(f"reviews/{waiting.pk}/")


@pytest.mark.parametrize("field", ["person", "state", "reason", "nonsense", ""])
def test_nothing_but_the_named_fields_can_be_revealed(reviewer: Desk, waiting: Application, field: str) -> None:
    answer = reviewer.post(f"reviews/{waiting.pk}/reveal/", {"field": field, "reason": "review"})
    assert answer.status_code == 404
    assert not audits(action="unmask")


@pytest.mark.parametrize("page", ["reveal", "decide"])
def test_looking_up_an_address_does_nothing(reviewer: Desk, waiting: Application, page: str) -> None:
    assert reviewer.get(f"reviews/{waiting.pk}/{page}/").status_code == 405
    assert state(waiting) == "submitted"


def test_approving_admits_the_applicant_and_opens_the_next(
    reviewer: Desk, community: Community, waiting: Application
) -> None:
    following = factories.application(community, "302")
    answer = reviewer.post(f"reviews/{waiting.pk}/decide/", {"decision": "approve"})
    assert answer.headers["Location"] == f"/console/reviews/{following.pk}/"
    with scope.platform():
        assert Member.objects.living().filter(person=waiting.person_id, home=waiting.home_id).exists()
    (row,) = audits(action="decide")
    assert (row.actor, row.subject, row.reason) == (reviewer.person.pk, waiting.person_id, "approved")


def test_the_last_decision_leads_back_to_the_queue(reviewer: Desk, waiting: Application) -> None:
    answer = reviewer.post(f"reviews/{waiting.pk}/decide/", {"decision": "approve"}, follow=True)
    assert answer.redirect_chain == [("/console/reviews/", 302)]
    assert "全部处理完毕" in answer.content.decode()


def test_a_refusal_needs_a_reason(reviewer: Desk, waiting: Application) -> None:
    answer = reviewer.post(f"reviews/{waiting.pk}/decide/", {"decision": "refuse", "reason": "  "})
    assert answer.status_code == 422
    assert "请写明不通过的理由" in answer.content.decode()
    assert state(waiting) == "submitted"
    reviewer.post(f"reviews/{waiting.pk}/decide/", {"decision": "refuse", "reason": "房屋选择有误"})
    assert state(waiting) == "refused"


def test_a_colleagues_decision_is_told_kindly(reviewer: Desk, manager: Desk, waiting: Application) -> None:
    manager.post(f"reviews/{waiting.pk}/decide/", {"decision": "refuse", "reason": "房屋选择有误"})
    answer = reviewer.post(f"reviews/{waiting.pk}/decide/", {"decision": "approve"}, follow=True)
    assert answer.status_code == 200
    assert "已由其他同事处理" in answer.content.decode()
    assert state(waiting) == "refused"


def test_a_guard_decides_nothing(guard: Desk, waiting: Application) -> None:
    assert guard.post(f"reviews/{waiting.pk}/decide/", {"decision": "approve"}).status_code == 403
    assert state(waiting) == "submitted"
