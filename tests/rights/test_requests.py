"""What people may ask about their data: some of it is done at once, the rest is answered in fifteen days."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from anju.access.models import Face, Grant
from anju.access.purposes import FACE_OPENING, GATE_OPENING
from anju.homes.models import Community, Member
from anju.notices.models import Notice
from anju.people.models import Person
from anju.privacy import consent, scope
from anju.privacy.refusals import Refused
from anju.rights import actions
from anju.rights.models import REMIND_BEFORE, Request
from tests import factories
from tests.doors import Door
from tests.rights.conftest import code_sent_to, proven


def test_nothing_is_asked_without_proving_who_one_is(resident: Person) -> None:
    door = Door.of(resident)
    for answer in (
        door.post("/rights/requests", {"kind": "explain", "text": "为什么？"}),
        door.post("/rights/cancellation"),
        door.get("/rights/export.json"),
    ):
        assert answer.code == "proof_required"


def test_a_wrong_code_proves_nothing_and_five_end_it(resident: Person) -> None:
    door = Door.of(resident)
    door.post("/rights/proof/code")
    right = code_sent_to(resident)
    wrong = f"{(int(right) + 1) % 10**6:06}"
    assert [door.post("/rights/proof", {"code": wrong}).code for _ in range(5)] == ["code_wrong"] * 5
    assert door.post("/rights/proof", {"code": right}).code == "code_expired"


def test_an_explanation_is_asked_for_and_answered(door: Door, resident: Person, community: Community) -> None:
    asked = door.post("/rights/requests", {"kind": "explain", "text": "人脸特征存在哪里？"}).body
    assert asked["state"] == "received"
    officer = factories.person()
    with scope.platform():
        actions.answer(
            Request.objects.get(pk=asked["id"]), staff=officer, support=True, text="加密存放在平台和门禁上。"
        )
    (shown,) = door.get("/rights/requests").body
    assert (shown["state"], shown["answer"]) == ("done", "加密存放在平台和门禁上。")
    assert [step["state"] for step in shown["steps"]] == ["received", "done"]
    with scope.person(resident.pk):
        assert Notice.objects.filter(person=resident, kind=Notice.Kind.RIGHTS).count() == 1


def test_an_answer_is_due_in_fifteen_days_reminded_and_escalated_once(door: Door) -> None:
    door.post("/rights/requests", {"kind": "explain", "text": "为什么？"})
    assert actions.remind(REMIND_BEFORE) == ([], [])
    with scope.platform():
        request = Request.objects.get()
        assert request.due_at - request.received_at == timedelta(days=15)
        Request.objects.update(due_at=timezone.now() + timedelta(days=4))
        assert actions.remind(REMIND_BEFORE) == ([request], [])
        assert actions.remind(REMIND_BEFORE) == ([], [])
        Request.objects.update(due_at=timezone.now() - timedelta(minutes=1))
        assert actions.remind(REMIND_BEFORE) == ([], [request])
        assert actions.remind(REMIND_BEFORE) == ([], [])
        assert Request.objects.get().overdue


def test_a_supported_correction_is_written(door: Door, resident: Person) -> None:
    body = {"kind": "correct", "place": "homes.Member.name", "text": "欧阳静"}
    asked = door.post("/rights/requests", body).body
    with scope.platform():
        actions.answer(Request.objects.get(pk=asked["id"]), staff=factories.person(), support=True, text="已更正。")
        name = Member.objects.get(person=resident).name
        assert name is not None
        assert name.open() == "欧阳静"


def test_a_refused_correction_changes_nothing_and_says_why(door: Door, resident: Person) -> None:
    with scope.platform():
        before = str(Member.objects.get(person=resident).name)
    asked = door.post("/rights/requests", {"kind": "correct", "place": "homes.Member.name", "text": "欧阳静"}).body
    with scope.platform():
        with pytest.raises(Refused, match="text_length"):
            actions.answer(Request.objects.get(pk=asked["id"]), staff=factories.person(), support=False, text=" ")
        actions.answer(
            Request.objects.get(pk=asked["id"]), staff=factories.person(), support=False, text="与登记不符。"
        )
        assert str(Member.objects.get(person=resident).name) == before
    assert door.get("/rights/requests").body[0]["answer"] == "与登记不符。"


def test_only_what_was_checked_can_be_asked_to_be_corrected(door: Door) -> None:
    places = {one["place"] for one in door.get("/rights/correctable").body}
    assert places == {"homes.Member.name"}
    body = {"kind": "correct", "place": "people.Person.phone", "text": "13900000000"}
    assert door.post("/rights/requests", body).code == "unknown_field"


def test_restricting_stops_the_gate_and_keeps_the_face(resident: Person, community: Community) -> None:
    factories.face(resident)
    door = proven(resident)
    assert door.post("/rights/requests", {"kind": "restrict", "purpose": "face_opening"}).body["state"] == "done"
    assert not consent.granted(resident.pk, FACE_OPENING)
    assert consent.granted(resident.pk, GATE_OPENING)
    with scope.person(resident.pk):
        assert Face.objects.filter(person=resident).exists()
    assert door.delete("/rights/restrictions/face_opening").status == 204
    assert consent.granted(resident.pk, FACE_OPENING)
    assert door.delete("/rights/restrictions/face_opening").code == "not_restricted"


def test_deleting_for_a_purpose_takes_its_consent_back(resident: Person) -> None:
    factories.face(resident)
    proven(resident).post("/rights/requests", {"kind": "delete", "purpose": "face_opening"})
    assert not consent.granted(resident.pk, FACE_OPENING)
    with scope.person(resident.pk):
        assert not Face.objects.filter(person=resident).exists()


def test_the_export_holds_everything_but_what_opens_doors(resident: Person, community: Community) -> None:
    factories.face(resident)
    factories.phone_key(resident)
    with scope.platform():
        name = Member.objects.get(person=resident).name
        assert name is not None
    door = proven(resident)
    response = door.client.get("/api/v1/rights/export.json")
    said = json.loads(response.content)
    by_place = {one["place"]: one["rows"] for one in said["sections"]}
    assert by_place["homes.Member"][0]["name"] == name.open()
    assert by_place["people.Person"][0]["phone"] == (resident.phone.open() if resident.phone else "")
    assert by_place["access.Face"][0]["vectors"] == "（已保存，不予导出）"
    assert len(by_place["consents"]) == 4
    assert door.get("/rights/requests").body[0]["kind"] == "export"


def test_nobody_sees_or_takes_back_anothers_request(door: Door) -> None:
    asked = door.post("/rights/requests", {"kind": "explain", "text": "为什么？"}).body
    other = Door.of(factories.person())
    assert other.get("/rights/requests").body == []
    assert other.delete(f"/rights/requests/{asked['id']}").code == "nothing_to_take_back"
    assert door.delete(f"/rights/requests/{asked['id']}").status == 204
    assert Grant.objects.count() == 0
