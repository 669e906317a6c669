"""A visitor's face: theirs alone, for the visit alone, and never one that resembles a resident's."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from anju.access import enrolment, sources
from anju.access.models import Grant
from anju.grants.decision import Reason
from anju.privacy import scope
from anju.recognition.faces import FaceReader
from anju.recognition.gallery import Match
from anju.recognition.pictures import decode
from anju.site.tour import photos
from anju.site.tour.photos import Sitter
from anju.visitors import tasks
from anju.visitors.models import Pass, VisitorFace
from anju.visitors.purposes import VISIT_FACE
from tests.doors import Answer
from tests.visitors.conftest import Entrance, Guest, Host


@pytest.fixture(scope="module")
def sitters() -> list[Sitter]:
    return photos.shipped()


def shows(guest: Guest, sitter: Sitter, version: int = VISIT_FACE.version) -> Answer:
    files = [
        SimpleUploadedFile(f"{number}.jpg", photos.frame(photo), "image/jpeg")
        for number, photo in enumerate(sitter.photos[:2])
    ]
    return guest.call("post", f"/face?version={version}", data={"images": files})


def grant_of(guest: Guest) -> dict[str, Any]:
    with scope.platform():
        return dict(Grant.objects.get(person=guest.visitor, gone=False).payload)


def test_a_visitor_who_agrees_comes_in_by_face_inside_the_window_only(
    host: Host, entrance: Entrance, sitters: list[Sitter]
) -> None:
    guest = host.invites()
    guest.agrees()
    assert shows(guest, sitters[0]).status == 201
    assert grant_of(guest)["face"] == {"rev": 1, "strict": True}
    entrance.learns()
    with scope.platform():
        found = sources.template(UUID(guest.visitor))
    assert found is not None
    brain = entrance.machine.brain
    (grant,) = [one for one in brain.grants() if one.face]
    brain.learn_faces([(grant.id, *found)])
    reader, seen = FaceReader(), decode(photos.frame(sitters[0].photos[-1]))
    match: Match[UUID] = brain.gallery().match(reader.embed(seen, reader.find(seen)[0]))
    assert match.key == grant.holder and match.sure
    assert brain.face(match).reason == Reason.RECOGNISED
    entrance.machine.told_the_time(timedelta(hours=4))
    assert brain.face(match).reason == Reason.OUTSIDE_WINDOW


def test_a_visitor_with_two_passes_is_one_person_to_the_gate(
    host: Host, entrance: Entrance, sitters: list[Sitter]
) -> None:
    guest = host.invites(frequent=True)
    guest.agrees()
    shows(guest, sitters[0])
    later = timezone.now() + timedelta(days=1)
    asked = {"home": host.home, "since": later.isoformat(), "until": (later + timedelta(hours=1)).isoformat()}
    assert host.door.post(f"/visitors/{guest.visitor}/passes", asked).status == 201
    entrance.learns()
    brain = entrance.machine.brain
    with scope.platform():
        found = sources.template(UUID(guest.visitor))
    assert found is not None
    brain.learn_faces([(one.id, *found) for one in brain.grants() if one.face])
    reader, seen = FaceReader(), decode(photos.frame(sitters[0].photos[-1]))
    match: Match[UUID] = brain.gallery().match(reader.embed(seen, reader.find(seen)[0]))
    assert match.sure
    assert brain.face(match).open
    entrance.machine.told_the_time(timedelta(hours=5))
    assert brain.face(match).reason == Reason.OUTSIDE_WINDOW
    entrance.machine.told_the_time(timedelta(days=1, minutes=1))
    assert brain.face(match).open


def test_a_face_needs_a_consent_of_its_own_as_it_was_shown(host: Host, sitters: list[Sitter]) -> None:
    guest = host.invites()
    assert shows(guest, sitters[0]).code == "consent_required"
    guest.agrees()
    assert shows(guest, sitters[0], version=9).code == "text_changed"


def test_taking_the_face_back_leaves_the_code(host: Host, entrance: Entrance, sitters: list[Sitter]) -> None:
    guest = host.invites()
    guest.agrees()
    shows(guest, sitters[0])
    assert guest.call("delete", "/face").status == 200
    with scope.platform():
        assert not VisitorFace.objects.exists()
    assert grant_of(guest)["ways"] == ["qr"]
    assert entrance.tries(guest).open


def test_whoever_resembles_a_resident_is_asked_to_use_the_code(host: Host, sitters: list[Sitter]) -> None:
    with scope.person(host.person.pk):
        enrolment.enrol(host.person, [photos.frame(one) for one in sitters[0].photos[:2]])
    guest = host.invites()
    guest.agrees()
    assert shows(guest, sitters[0]).code == "looks_alike"
    assert shows(guest, sitters[1]).status == 201


def test_two_people_are_not_one_visitor(host: Host, sitters: list[Sitter]) -> None:
    guest = host.invites()
    guest.agrees()
    both = Sitter("both", [sitters[0].photos[0], sitters[1].photos[0]])
    assert shows(guest, both).code == "different_people"


def test_a_face_goes_when_the_visit_is_over(host: Host, entrance: Entrance, sitters: list[Sitter]) -> None:
    guest = host.invites()
    guest.agrees()
    shows(guest, sitters[0])
    assert tasks.forget_faces() == 0
    with scope.platform():
        past = timezone.now() - timedelta(minutes=1)
        Pass.objects.update(since=past - timedelta(hours=1), until=past)
    assert tasks.forget_faces() == 1
    with scope.platform():
        assert not VisitorFace.objects.exists()
        assert np.all([not one.payload.get("face") for one in Grant.objects.filter(person=guest.visitor)])
