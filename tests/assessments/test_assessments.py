"""Sensitive purposes are assessed by one person and approved by another, anew when they change."""

import pytest

from anju.access.purposes import FACE_OPENING
from anju.assessments import actions
from anju.assessments.models import Assessment
from anju.homes.models import Community, Duty
from tests import factories
from tests.console.conftest import Desk

TEXT = "只在门禁处比对，特征加密保存，另有二维码可选，撤回即删除。"
SAID = {"purpose": "face_opening", "necessity": TEXT, "risks": TEXT, "measures": TEXT}


@pytest.fixture
def officer(community: Community) -> Desk:
    return Desk(factories.staff(community, Duty.DPO))


def test_every_sensitive_purpose_needs_one(officer: Desk) -> None:
    assert FACE_OPENING in actions.missing()
    assert "人脸开门" in officer.text("privacy/")
    assert "人脸开门" in officer.text("assessments/")


def test_it_counts_once_a_second_person_approves(officer: Desk, community: Community) -> None:
    officer.post("assessments/new/", SAID)
    made = Assessment.objects.get()
    assert FACE_OPENING in actions.missing()
    assert officer.post(f"assessments/{made.pk}/approve/").status_code == 403
    Desk(factories.staff(community, Duty.MANAGER)).post(f"assessments/{made.pk}/approve/")
    assert FACE_OPENING not in actions.missing()


def test_a_new_version_is_assessed_anew(officer: Desk, community: Community) -> None:
    officer.post("assessments/new/", SAID)
    Desk(factories.staff(community, Duty.MANAGER)).post(f"assessments/{Assessment.objects.get().pk}/approve/")
    Assessment.objects.update(version=FACE_OPENING.version - 1)
    assert FACE_OPENING in actions.missing()


def test_a_word_is_no_assessment_and_nothing_typed_is_lost(officer: Desk) -> None:
    page = officer.post("assessments/new/", {**SAID, "risks": "没有"})
    assert page.status_code == 422
    assert TEXT in page.content.decode()
    assert not Assessment.objects.exists()


@pytest.mark.parametrize("duty", [Duty.REVIEWER, Duty.GUARD, Duty.FRONT_DESK, Duty.CASHIER, Duty.AUDITOR])
def test_other_duties_stay_outside(community: Community, duty: Duty) -> None:
    desk = Desk(factories.staff(community, duty))
    assert desk.get("assessments/").status_code == 403
    assert desk.post("assessments/new/", SAID).status_code == 403
