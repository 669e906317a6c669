"""Everything tried by everybody who may not, and every sensitive reading on the record once."""

import pytest

from anju.homes.admin import MemberAdmin
from anju.homes.models import Community, Duty, Member
from anju.oversight.models import Disclosure, Export, Glass
from anju.partners import sms
from anju.partners.models import OutboxMessage
from anju.people.models import Person
from anju.privacy import scope
from anju.privacy.models import AuditEntry
from anju.site.report import Bar, Figure
from tests import factories, figures
from tests.console.conftest import Desk
from tests.oversight import exposure
from tests.oversight.test_disclosures import form


def test_nothing_comes_of_what_one_may_not_do(db: None) -> None:
    found = exposure.run()
    figures.note("4 tried", Figure(found.tried, "requests", 3000, Bar.AT_LEAST))
    figures.note("4 over-exposures", Figure(len(found.exposed) + len(found.undeclared), "addresses", 0))
    assert found.undeclared == []
    assert found.exposed == []
    assert found.tried > 3000


def test_the_trial_finds_a_page_that_lets_everybody_in(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    from anju.console import pages

    monkeypatch.setattr(pages, "holds", lambda request, allowed: True)
    found = exposure.run((Duty.CASHIER,)).exposed
    assert any("/console/incidents/ " in one for one in found)


def test_the_trial_finds_rows_of_another_community(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        scope, "enter", lambda person, communities=(): scope._current.set(scope.Scope(person, frozenset("*")))
    )
    found = exposure.run((Duty.GUARD,)).exposed
    assert any("guard get /console/monitor/" in one for one in found)


def test_the_trial_finds_a_right_too_many(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MemberAdmin, "viewers", tuple(Duty))
    found = exposure.run((Duty.AUDITOR,)).exposed
    assert found and all("homes/member" in one for one in found)


# --- on the record, once --------------------------------------------------------------------------------------------------


def rows() -> int:
    return AuditEntry.objects.exclude(action="sign_in").count()


@pytest.fixture
def second(community: Community) -> Desk:
    return Desk(factories.staff(community, Duty.MANAGER))


def test_reading_a_value(reviewer: Desk, community: Community) -> None:
    application = factories.application(community, "201")
    before = rows()
    reviewer.post(f"reviews/{application.pk}/reveal/", {"field": "name", "reason": "review"})
    assert rows() - before == 1


def test_reading_a_text_message(manager: Desk, resident: Person) -> None:
    sms.send("+8613912345678", "482913", kind=OutboxMessage.Kind.CODE, subject=resident.pk)
    before = rows()
    manager.post(f"outbox/{OutboxMessage.objects.latest('id').pk}/read/")
    assert rows() - before == 1


def test_the_self_test(manager: Desk, community: Community) -> None:
    before = rows()
    manager.post("self-test/", {"community": str(community.pk)})
    assert rows() - before == 1


def test_a_break_glass_and_each_step_to_it(manager: Desk, second: Desk, community: Community, resident: Person) -> None:
    with scope.platform():
        member = Member.objects.get(person=resident)
    manager.post(f"glasses/ask/?member={member.pk}", {"reason": "safety"})
    with scope.platform():
        glass = Glass.objects.get()
    for act in (
        lambda: second.post(f"glasses/{glass.pk}/decide/", {"decision": "approve"}),
        lambda: manager.post(f"glasses/{glass.pk}/reveal/", {"key": f"member:{member.pk}:name"}),
    ):
        before = rows()
        act()
        assert rows() - before == 1


def test_an_export_and_each_step_to_it(manager: Desk, second: Desk, community: Community) -> None:
    from anju.oversight import exports

    manager.post("exports/", {"community": str(community.pk), "what": "residents", "reason": "roll"})
    with scope.platform():
        export = Export.objects.get()
    for act in (
        lambda: second.post(f"exports/{export.pk}/decide/", {"decision": "approve"}),
        lambda: exports.make(export.pk, community.pk),
        lambda: manager.post(f"exports/{export.pk}/download/"),
    ):
        before = rows()
        act()
        assert rows() - before == 1


def test_a_disclosure_and_each_step_to_it(manager: Desk, second: Desk, community: Community) -> None:
    dpo = Desk(factories.staff(community, Duty.DPO))
    manager.post("disclosures/new/", form(community, factories.resident(community)))
    with scope.platform():
        disclosure = Disclosure.objects.get()
    path = f"disclosures/{disclosure.pk}"
    for act, more in (
        (lambda: dpo.post(f"{path}/document/"), 1),
        (lambda: dpo.post(f"{path}/decide/", {"decision": "approve"}), 1),
        (lambda: second.post(f"{path}/decide/", {"decision": "approve"}), 1),
        (lambda: manager.post(f"{path}/produce/"), 2),  # the making, and the one person's
        (lambda: manager.post(f"{path}/hand-over/"), 1),
    ):
        before = rows()
        act()
        assert rows() - before == more


def test_looking_at_what_is_masked_is_not_on_the_record(manager: Desk, resident: Person) -> None:
    before = rows()
    for page in ("homes/member/", "reviews/", "outbox/", "access/entry/"):
        manager.text(page)
    assert rows() == before
