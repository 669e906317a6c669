"""The outbox: staff pass texts on, one at a time, on the record."""

import pytest

from anju.homes import staffing
from anju.homes.models import Community, Duty
from anju.partners import sms
from anju.partners.models import OutboxMessage
from anju.people.models import Person
from anju.privacy import scope
from anju.privacy.models import AuditEntry
from tests import factories
from tests.console.conftest import Desk

TEXT = "【安居】验证码 482913"


def text_to(subject: Person | None) -> OutboxMessage:
    sms.send("+8613912345678", TEXT, kind=OutboxMessage.Kind.CODE, subject=subject.pk if subject else None)
    found = OutboxMessage.objects.first()
    assert found is not None
    return found


def test_texts_and_numbers_are_masked(manager: Desk, resident: Person) -> None:
    text_to(resident)
    page = manager.text("outbox/")
    assert "****5678" in page
    assert "482913" not in page and "13912345678" not in page


def test_reading_a_text_leaves_one_row(manager: Desk, resident: Person) -> None:
    message = text_to(resident)
    answer = manager.post(f"outbox/{message.pk}/read/")
    assert TEXT in answer.content.decode()
    assert "no-store" in answer.headers["Cache-Control"]
    (row,) = AuditEntry.objects.filter(action="unmask")
    assert (row.actor, row.subject, row.fields, row.reason) == (manager.person.pk, resident.pk, ["text"], "deliver")


def test_a_text_cannot_be_read_by_looking_up_an_address(manager: Desk, resident: Person) -> None:
    message = text_to(resident)
    assert manager.get(f"outbox/{message.pk}/read/").status_code == 405
    assert not AuditEntry.objects.filter(action="unmask").exists()


def test_somebody_who_is_just_signing_up_can_be_helped(manager: Desk) -> None:
    message = text_to(None)
    assert TEXT in manager.post(f"outbox/{message.pk}/read/").content.decode()


def test_texts_to_other_communities_and_to_operators_are_not_there(manager: Desk, elsewhere: Community) -> None:
    for who in (factories.resident(elsewhere), factories.person(is_staff=True, is_superuser=True)):
        message = text_to(who)
        assert str(message.pk) not in manager.text("outbox/rows/")
        answer = manager.post(f"outbox/{message.pk}/read/")
        assert answer.status_code == 404
        assert "482913" not in answer.content.decode()


def test_giving_somebody_a_duty_opens_none_of_their_codes(
    manager: Desk, community: Community, elsewhere: Community
) -> None:
    neighbour, colleague = factories.resident(elsewhere), factories.staff(elsewhere, Duty.MANAGER)
    with scope.platform():
        for who in (neighbour, colleague):
            staffing.appoint(who, community, Duty.GUARD)
    for who in (neighbour, colleague):
        message = text_to(who)
        assert str(message.pk) not in manager.text("outbox/rows/")
        assert manager.post(f"outbox/{message.pk}/read/").status_code == 404


def test_whoever_works_here_alone_can_be_helped(manager: Desk, community: Community) -> None:
    message = text_to(factories.staff(community, Duty.GUARD))
    assert TEXT in manager.post(f"outbox/{message.pk}/read/").content.decode()


@pytest.mark.parametrize("who", ["guard", "reviewer"])
def test_guards_and_reviewers_read_no_texts(who: str, request: pytest.FixtureRequest, resident: Person) -> None:
    desk: Desk = request.getfixturevalue(who)
    message = text_to(resident)
    assert desk.post(f"outbox/{message.pk}/read/").status_code == 403
    assert not AuditEntry.objects.filter(action="unmask").exists()
