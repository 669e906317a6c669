"""Enrolling at the gate: the platform says who may, and holds no face."""

import pytest

from anju.access import gate_link
from anju.access.models import Face, Gate, GateFace, Grant
from anju.access.purposes import FACE_AT_GATE, FACE_OPENING
from anju.grants import invitations
from anju.homes.models import Community
from anju.people.models import Person
from anju.privacy import consent, scope
from tests import factories
from tests.doors import Door


@pytest.fixture
def neighbour(community: Community, gate: Gate) -> Person:
    """Somebody who lives there and agrees to enrol at gates."""
    who = factories.resident(community)
    factories.agree(who, FACE_AT_GATE)
    return who


def _face(person: Person) -> object:
    with scope.platform():
        return Grant.objects.get(person=person, gone=False).payload["face"]


def test_a_code_is_made_that_the_gate_can_check(neighbour: Person) -> None:
    code = Door.of(neighbour).post("/face/at-gate", {}).body
    invitation = invitations.read(code["text"], gate_link.platform_key().public_key())
    with scope.platform():
        assert invitation.holder == Grant.objects.get(person=neighbour).holder
    assert _face(neighbour) == {"rev": invitation.rev, "strict": False, "here": True}
    with scope.person(neighbour.pk):
        assert not Face.objects.exists()
    assert Door.of(neighbour).get("/face").body["state"] == "at_gate"


def test_the_same_enrolment_serves_further_gates_until_it_is_made_anew(neighbour: Person) -> None:
    door, key = Door.of(neighbour), gate_link.platform_key().public_key()
    revs = [
        invitations.read(door.post("/face/at-gate", {"anew": anew}).body["text"], key).rev
        for anew in (False, False, True)
    ]
    assert revs[0] == revs[1] == revs[2] - 1


def test_it_asks_for_a_consent_of_its_own(community: Community, gate: Gate) -> None:
    who = factories.resident(community)  # who agrees to everything else
    answer = Door.of(who).post("/face/at-gate", {})
    assert (answer.code, answer.body["purpose"]) == ("consent_required", "face_at_gate")


def test_whose_face_the_platform_has_removes_it_first(neighbour: Person) -> None:
    factories.face(neighbour)
    assert Door.of(neighbour).post("/face/at-gate", {}).code == "enrolled_here"


def test_without_a_gate_there_is_nowhere_to_enrol(person: Person) -> None:
    from anju.homes.purposes import HOME_CERTIFICATION

    factories.agree(person, HOME_CERTIFICATION, FACE_AT_GATE)
    assert Door.of(person).post("/face/at-gate", {}).code == "no_gate"


def test_taking_the_consent_back_makes_every_gate_forget(neighbour: Person) -> None:
    Door.of(neighbour).post("/face/at-gate", {})
    Door.of(neighbour).delete("/consents/face_at_gate")
    assert _face(neighbour) is None
    with scope.person(neighbour.pk):
        assert not GateFace.objects.exists()
    assert consent.granted(neighbour.pk, FACE_OPENING), "the other way is not touched"


def test_removing_the_face_keeps_the_consent(neighbour: Person) -> None:
    Door.of(neighbour).post("/face/at-gate", {})
    assert Door.of(neighbour).delete("/face").body["state"] == "none"
    assert _face(neighbour) is None
    assert consent.granted(neighbour.pk, FACE_AT_GATE)
