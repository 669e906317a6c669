"""Cards: handed out to whoever agreed, open the gate, and end with the loss, the consent or the home."""

import pytest

from anju.cards.models import Card
from anju.cards.purposes import GATE_CARD
from anju.grants.decision import Reason
from anju.grants.grant import Way
from anju.homes import actions as homes
from anju.homes.models import Community, Member
from anju.people.models import Person
from anju.privacy import consent, scope
from tests import factories
from tests.access.conftest import gate as gate
from tests.access.conftest import streams as streams
from tests.console.conftest import Desk
from tests.console.conftest import desk as desk
from tests.console.conftest import manager as manager
from tests.doors import Door
from tests.visitors.conftest import Entrance
from tests.visitors.conftest import entrance as entrance


@pytest.fixture
def member(resident: Person) -> Member:
    factories.agree(resident, GATE_CARD)
    with scope.platform():
        return Member.objects.get(person=resident)


def issue(manager: Desk, member: Member, number: str = "04 a2-2b:ff") -> int:
    return manager.post(f"cards/{member.pk}/issue/", {"number": number}).status_code


def holds(entrance: Entrance, number: str) -> Reason:
    """What becomes of this card before the gate's reader."""
    entrance.learns()
    entrance.sets()
    return entrance.machine.brain.mark(f"card:{number}", Way.CARD, Reason.CARD_UNKNOWN).reason


def test_a_card_opens_the_gate_which_knows_no_number(manager: Desk, member: Member, entrance: Entrance) -> None:
    assert issue(manager, member) == 302
    assert holds(entrance, "04A22BFF") == Reason.CARD_OK
    assert holds(entrance, "04A22BFE") == Reason.CARD_UNKNOWN
    entrance.machine.store.close()
    kept = (entrance.machine.home / "gate.db").read_bytes()
    assert b"04A22BFF" not in kept and b"04a22bff" not in kept


def test_staff_see_the_last_four_only(manager: Desk, member: Member, community: Community) -> None:
    issue(manager, member, "04A22BFF")
    page = manager.text(f"cards/?community={community.pk}&home=1-1-101")
    assert "****2BFF" in page and "04A22BFF" not in page


def test_nobody_gets_a_card_before_they_agreed(manager: Desk, resident: Person) -> None:
    with scope.platform():
        member = Member.objects.get(person=resident)
    assert issue(manager, member) == 409
    with scope.platform():
        assert not Card.objects.exists()


def test_a_card_that_somebody_holds_is_given_to_nobody_else(
    manager: Desk, member: Member, community: Community
) -> None:
    issue(manager, member, "04A22BFF")
    other = factories.resident(community, "102")
    factories.agree(other, GATE_CARD)
    with scope.platform():
        theirs = Member.objects.get(person=other)
    assert issue(manager, theirs, "04A22BFF") == 409


def test_a_lost_card_opens_nothing_from_that_moment(
    manager: Desk, member: Member, resident: Person, entrance: Entrance
) -> None:
    issue(manager, member, "04A22BFF")
    door = Door.of(resident)
    (card,) = door.get("/cards").body
    assert card["number"] == "****2BFF"
    assert door.post(f"/cards/{card['id']}/lost").status == 204
    assert holds(entrance, "04A22BFF") == Reason.CARD_UNKNOWN
    assert door.post(f"/cards/{card['id']}/lost").code == "unknown_card"


def test_a_new_card_ends_the_old_one(manager: Desk, member: Member, entrance: Entrance) -> None:
    issue(manager, member, "04A22BFF")
    issue(manager, member, "0B0B0B0B")
    assert holds(entrance, "04A22BFF") == Reason.CARD_UNKNOWN
    assert holds(entrance, "0B0B0B0B") == Reason.CARD_OK


@pytest.mark.parametrize("ends", ["consent", "home", "way"])
def test_a_card_ends_with_the_consent_the_home_or_the_owners_word(
    manager: Desk, member: Member, resident: Person, entrance: Entrance, ends: str
) -> None:
    issue(manager, member, "04A22BFF")
    if ends == "consent":
        with scope.person(resident.pk):
            consent.withdraw(resident.pk, GATE_CARD)
    elif ends == "home":
        with scope.platform():
            homes.end_membership(member)
    else:
        Door.of(resident).post(f"/homes/members/{member.pk}/ways", {"off": ["card"]})
    assert holds(entrance, "04A22BFF") == Reason.CARD_UNKNOWN


def test_a_number_that_no_card_has_is_refused(manager: Desk, member: Member) -> None:
    assert issue(manager, member, "no card") == 422
