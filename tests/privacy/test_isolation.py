"""Row-level security: the database itself shows nobody more than the current scope, whatever a query asks for."""

from uuid import UUID

import pytest
from django.db import ProgrammingError, connection, transaction
from django.db.utils import InternalError

from anju.access.models import Gate
from anju.homes.models import Community, Member
from anju.people.models import Person
from anju.privacy import scope
from anju.privacy.isolation import isolated_models
from anju.privacy.models import AuditEntry, Consent
from anju.privacy.postgresql.base import PreparedCursor
from tests import factories


@pytest.fixture(autouse=True, params=["as written", "prepared"])
def statements(request: pytest.FixtureRequest, db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """How they reach the server: each as text, or prepared by it and asked again, as in the processes that decide about calls."""
    if request.param == "prepared":
        link = connection.connection
        monkeypatch.setattr(link, "cursor_factory", PreparedCursor)
        monkeypatch.setattr(link, "prepare_threshold", 0)


def members() -> set[UUID]:
    return set(Member.objects.values_list("person_id", flat=True))


def test_nothing_is_visible_by_default(resident: Person) -> None:
    assert members() == set()


def test_a_person_sees_their_own_rows_alone(resident: Person, community: Community) -> None:
    factories.resident(community, "102")
    with scope.person(resident.pk):
        assert members() == {resident.pk}


def test_staff_see_their_community_and_no_other(resident: Person, community: Community) -> None:
    elsewhere = factories.community()
    other = factories.resident(elsewhere)
    with scope.person(factories.person().pk, [community.pk]):
        assert members() == {resident.pk}
    with scope.person(factories.person().pk, [elsewhere.pk]):
        assert members() == {other.pk}


def test_nobody_writes_into_another_community(community: Community) -> None:
    elsewhere = factories.community()
    with (
        scope.person(factories.person().pk, [elsewhere.pk]),
        pytest.raises(ProgrammingError, match="row-level security"),
        transaction.atomic(),
    ):
        Gate.objects.create(community=community, name="后门")


def test_the_same_question_asked_again_and_again_is_answered_for_who_asks(
    resident: Person, community: Community
) -> None:
    neighbour = factories.resident(community, "102")
    for _turn in range(8):  # PostgreSQL plans a prepared statement for good at the sixth
        for who in (resident, neighbour):
            with scope.person(who.pk):
                assert members() == {who.pk}
        assert not members()


def test_the_scope_ends_with_its_block(resident: Person) -> None:
    with scope.person(resident.pk):
        assert members()
    assert not members()


def test_a_rollback_does_not_leave_a_wider_scope_behind(resident: Person) -> None:
    with pytest.raises(ZeroDivisionError), scope.platform(), transaction.atomic():
        assert members()
        raise ZeroDivisionError
    assert not members()


def test_raw_sql_is_bound_as_well(resident: Person) -> None:
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from homes_member")
        assert cursor.fetchone() == (0,)


def test_every_isolated_table_is_forced_and_the_app_owns_none(db: None) -> None:
    with connection.cursor() as cursor:
        for model, _ in isolated_models():
            cursor.execute(
                "select relrowsecurity, relforcerowsecurity, pg_get_userbyid(relowner), current_user from pg_class where relname = %s",
                [model._meta.db_table],
            )
            enabled, forced, owner, me = cursor.fetchone()
            assert enabled, model
            assert forced, model
            assert owner != me, model


@pytest.mark.parametrize("model", [Consent, AuditEntry])
def test_proofs_cannot_be_changed_or_removed(person: Person, model: type[Consent] | type[AuditEntry]) -> None:
    table = model._meta.db_table
    for statement in (f"update {table} set actor = null", f"delete from {table}", f"truncate {table}"):
        with pytest.raises((ProgrammingError, InternalError)), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
