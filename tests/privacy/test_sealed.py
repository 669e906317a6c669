"""Personal values in rows: encrypted at rest, masked unless opened, opened by staff on the record alone."""

import pytest
from django.db import connection

from anju.homes.models import Application, Community, Role
from anju.homes.purposes import HOME_CERTIFICATION
from anju.people.models import Person
from anju.privacy import audit, scope
from anju.privacy.models import AuditEntry
from anju.privacy.refusals import Refused
from anju.privacy.vault import Erased, vault
from tests import factories

NAME = "欧阳小明"


@pytest.fixture
def application(person: Person, community: Community) -> Application:
    from anju.homes import actions

    factories.agree(person, HOME_CERTIFICATION)
    home = factories.home(community)
    return actions.apply(person, home, role=Role.OWNER, name=NAME, id_number=factories.citizen())


def stored(application: Application) -> Application:
    with scope.platform():
        return Application.objects.get(pk=application.pk)


def test_a_value_is_masked_however_it_is_printed(application: Application) -> None:
    name = stored(application).name
    for shown in (str(name), f"{name}", repr(name), "%s" % name):  # noqa: UP031
        assert NAME not in shown
    assert str(name) == "欧***"
    assert name.open() == NAME


def test_the_table_holds_no_plain_text(application: Application) -> None:
    with scope.platform(), connection.cursor() as cursor:
        cursor.execute("select a::text from homes_application a where id = %s", [application.pk])
        row = cursor.fetchone()[0]
    assert NAME not in row
    assert NAME.encode().hex() not in row


def test_an_erased_persons_values_show_nothing(application: Application) -> None:
    vault().erase([application.person_id])
    name = stored(application).name
    assert str(name) == ""
    with pytest.raises(Erased):
        name.open()


def test_reading_in_full_needs_a_reason_and_leaves_one_line(application: Application, person: Person) -> None:
    with scope.platform():
        row = Application.objects.get(pk=application.pk)
        who = {"actor": person.pk, "subject": row.person_id, "allowance": 1}
        with pytest.raises(Refused, match="reason_required"):
            audit.unmask(row, "name", reason="curious", **who)
        assert audit.unmask(row, "name", reason=audit.Reason.REVIEW, **who) == NAME
    entry = AuditEntry.objects.get(action=AuditEntry.Action.UNMASK, subject=row.person_id)
    assert (entry.fields, entry.reason) == (["name"], "review")
    assert NAME not in str(entry.__dict__)


def test_only_sealed_fields_are_opened(application: Application) -> None:
    with scope.platform(), pytest.raises(Refused, match="nothing_to_show"):
        audit.unmask(
            Application.objects.get(pk=application.pk), "state", actor=application.person_id,
            subject=application.person_id, reason="review", allowance=1,
        )  # fmt: skip
