"""The consent centre: what is really held, until when, who saw it, who received it, and what a withdrawal would take."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from anju.access.purposes import FACE_OPENING
from anju.homes.models import Application, Community, Duty
from anju.homes.purposes import HOME_CERTIFICATION
from anju.people.models import Person
from anju.privacy import audit, scope
from anju.privacy.declarations import LASTS, Retention
from anju.privacy.models import AuditEntry, Sharing
from tests import factories
from tests.doors import Door


def held(door: Door, purpose: str) -> dict[str, Any]:
    found = {one["purpose"]: one for one in door.get("/privacy/held").body}
    return {one["title"]: one for one in found[purpose]["fields"]} if purpose in found else {}


def test_what_is_held_is_counted_from_the_rows_and_shown_masked(community: Community) -> None:
    application = factories.application(community, name="王小明")
    fields = held(Door.of(application.person), HOME_CERTIFICATION.code)
    assert (fields["姓名"]["count"], fields["姓名"]["values"]) == (1, ["王**"])
    assert "*" in fields["身份证号"]["values"][0]
    assert "王小明" not in str(fields)


def test_a_clock_says_until_when(person: Person) -> None:
    factories.agree(person)
    from anju.notices import actions as notices
    from anju.notices.models import Notice

    notices.tell(person, Notice.Kind.SECURITY, "标题", "内容")
    title = held(Door.of(person), "account")["标题"]
    until = timezone.datetime.fromisoformat(title["until"])
    assert abs(until - timezone.now() - LASTS[Retention.HALF_YEAR]) < timedelta(minutes=1)


def test_nothing_of_others_is_counted(community: Community) -> None:
    mine, theirs = factories.application(community), factories.application(community, room="102")
    assert held(Door.of(mine.person), HOME_CERTIFICATION.code)["姓名"]["count"] == 1
    assert theirs.person_id != mine.person_id


def test_a_person_sees_who_looked_and_why(community: Community) -> None:
    application = factories.application(community)
    reviewer = factories.staff(community, Duty.REVIEWER, nickname="小李")
    with scope.platform():
        row = Application.objects.get(pk=application.pk)
        audit.unmask(
            row, "id_number", actor=reviewer.pk, subject=application.person_id, reason="review", allowance=9
        )  # fmt: skip
    (look,) = Door.of(application.person).get("/privacy/seen").body
    assert (look["who"], look["fields"], look["why"]) == ("审核员 小李", ["身份证号"], "核对房屋认证资料")
    assert Door.of(reviewer).get("/privacy/seen").body == []


def test_ones_own_acts_are_no_news(person: Person) -> None:
    audit.record(AuditEntry.Action.CHANGE, person, actor=person.pk, subject=person.pk)
    assert Door.of(person).get("/privacy/seen").body == []


def test_a_person_sees_who_received_what(person: Person) -> None:
    for result in (Sharing.Result.SENT, Sharing.Result.REFUSED):
        Sharing.objects.create(subject=person.pk, recipient="sms", purpose="account", fields=["phone"], result=result)
    newest, first = Door.of(person).get("/privacy/received").body
    assert (first["recipient"], first["purpose"], first["fields"]) == ("短信服务商", "注册与登录", ["电话号码"])
    assert (first["result_text"], newest["result_text"]) == ("已发出", "已拦截")


def test_a_withdrawal_says_beforehand_what_it_takes_and_takes_it(resident: Person) -> None:
    factories.face(resident)
    factories.phone_key(resident)
    door = Door.of(resident)
    preview = door.get(f"/privacy/withdrawal/{HOME_CERTIFICATION.code}").body
    assert set(preview["ends"]) == {"手机与二维码开门", "人脸开门"}
    assert {"title": "人脸特征", "count": 1} in preview["erases"]
    assert door.get(f"/privacy/withdrawal/{HOME_CERTIFICATION.code}").body == preview  # looking changes nothing
    promised = {one["title"] for one in preview["erases"]}
    done = door.delete(f"/consents/{HOME_CERTIFICATION.code}").body
    assert promised <= set(done["erased"])
    again = door.get(f"/privacy/withdrawal/{HOME_CERTIFICATION.code}").body
    assert again["erases"] == []


def test_one_purpose_leaves_its_neighbours_alone(resident: Person) -> None:
    factories.face(resident)
    preview = Door.of(resident).get(f"/privacy/withdrawal/{FACE_OPENING.code}").body
    assert preview["ends"] == []
    assert preview["erases"][0]["title"] == "人脸特征"


@pytest.mark.parametrize(
    "path", ["held", "seen", "received", "proof", "proof.pdf", "withdrawal/account"]
)  # fmt: skip
def test_only_oneself_or_a_guardian_looks(nobody: Door, person: Person, path: str) -> None:
    assert nobody.get(f"/privacy/{path}").code == "sign_in"
    answer = Door.of(person).get(f"/privacy/{path}", child=str(factories.person().pk))
    assert answer.code == "unknown_child"


def test_a_guardian_looks_for_their_child(person: Person) -> None:
    child = factories.child(person, name="王小安")
    fields = {one["purpose"]: one for one in Door.of(person).get("/privacy/held", child=str(child.pk)).body}
    assert fields["child"]["fields"][0]["values"] == ["王**"]
