"""A reading carries a picture of its dial: taken by staff, looked at with a reason, shown to whoever is billed by it, and gone in time."""

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import cv2
import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from anju.billing.models import Basis, Meter, Reading, ReadingPicture
from anju.homes.models import Community, Duty, Home, Role
from anju.people.models import Person
from anju.privacy import retention, scope
from anju.privacy.models import AuditEntry
from anju.privacy.vault import vault
from tests import factories
from tests.billing.conftest import bill, issued, item, place
from tests.billing.conftest import home as home
from tests.billing.conftest import owner as owner
from tests.console.conftest import Desk
from tests.doors import Door

TAKEN_WITH = b"Exif GPS 31.2304 121.4737"
ADD = "billing/reading/add/"


def photo() -> bytes:
    """A dial, and behind it what a phone writes about where it was taken."""
    dial = np.full((240, 320, 3), 40, np.uint8)
    cv2.putText(dial, "00012", (60, 130), cv2.FONT_HERSHEY_SIMPLEX, 2, (255, 255, 255), 3)
    return cv2.imencode(".jpg", dial)[1].tobytes() + TAKEN_WITH


@pytest.fixture
def meter(community: Community, home: Home) -> Meter:
    what = item(community, Basis.METER, "1.00", name="热水")
    with scope.platform():
        made = Meter.objects.create(community=community, home=home, item=what)
        Reading.objects.create(community=community, meter=made, day=date(2026, 9, 30), value=0)
    return made


Take = Callable[..., str]


@pytest.fixture
def take(manager: Desk, meter: Meter) -> Take:
    """Type a reading with a picture, as the form does. Returns the page that follows."""

    def do(picture: bytes | None, day: str = "2026-10-31", value: str = "12") -> str:
        facts: dict[str, Any] = {"meter": str(meter.pk), "day": day, "value": value}
        if picture is not None:
            facts["picture"] = SimpleUploadedFile("dial.jpg", picture, "image/jpeg")
        return manager.post(ADD, facts, follow=True).content.decode()

    return do


def kept() -> ReadingPicture:
    with scope.platform():
        return ReadingPicture.objects.select_related("reading").get()


def test_staff_take_a_picture_and_look_at_it_with_a_reason_beside_the_number(manager: Desk, take: Take) -> None:
    take(photo())
    found = kept()
    with scope.platform():
        stored = found.image.open_bytes()
    assert TAKEN_WITH not in stored and stored.startswith(b"\xff\xd8")
    assert TAKEN_WITH not in bytes(found.image.sealed()) and stored not in bytes(found.image.sealed())
    page = f"billing/reading/{found.pk}/dial/"
    assert page in manager.text("billing/reading/")
    assert "12.000" in manager.text(page) and "base64" not in manager.text(page)
    assert manager.post(page, {"reason": ""}).status_code == 422
    shown = manager.post(page, {"reason": "meter"})
    assert shown.status_code == 200 and re.search(r'src="data:image/jpeg;base64,/9j/', shown.content.decode())
    with scope.platform():
        entry = AuditEntry.objects.get(action=AuditEntry.Action.UNMASK)
    assert (entry.actor, entry.fields, entry.reason) == (manager.person.pk, ["image"], "meter")
    assert "base64" not in manager.text(page)  # this once


def test_whoever_is_billed_by_it_sees_it_and_nobody_else(
    manager: Desk, meter: Meter, take: Take, community: Community, home: Home, owner: Person
) -> None:
    take(photo())
    issued(manager.person, meter.item)
    issued(manager.person, item(community))
    door = Door.of(owner)
    by_name = {one["item"]: one for one in door.get(f"/homes/{home.pk}/fees").body["bills"]}
    assert by_name["热水"]["dial"] is True and by_name["物业费"]["dial"] is False
    path = f"/homes/{home.pk}/bills/{by_name['热水']['id']}/dial"
    answer = door.client.get(f"/api/v1{path}")
    assert answer["Content-Type"] == "image/jpeg" and answer["Cache-Control"] == "no-store"
    assert cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_COLOR).shape == (240, 320, 3)
    assert door.get(f"/homes/{home.pk}/bills/{by_name['物业费']['id']}/dial").code == "no_picture"
    new = factories.person()
    factories.member(new, home, role=Role.TENANT, since=timezone.now())  # the bill is of before
    assert Door.of(new).get(path).status == 404
    neighbour = factories.person()
    factories.member(neighbour, place(community, "1202", "80"))
    assert Door.of(neighbour).get(path).status == 404
    elsewhere = path.replace(str(home.pk), str(place(community, "1203", "80").pk))
    assert door.get(elsewhere).status == 404


def test_staff_of_another_community_do_not_see_it(take: Take, elsewhere: Community) -> None:
    take(photo())
    stranger = Desk(factories.staff(elsewhere, Duty.MANAGER))
    page = f"billing/reading/{kept().pk}/dial/"
    assert stranger.get(page).status_code == 404
    assert stranger.post(page, {"reason": "meter"}).status_code == 404


def test_what_is_no_picture_is_said_to_be_none(take: Take, home: Home) -> None:
    assert "无法读取" in take(b"%PDF-1.7 this is no picture")
    with scope.platform():
        assert not Reading.objects.filter(day=date(2026, 10, 31)).exists()
    take(None)
    with scope.platform():
        assert Reading.objects.filter(day=date(2026, 10, 31)).exists() and not ReadingPicture.objects.exists()


def test_it_goes_when_nobody_can_dispute_the_bill_any_more_and_its_key_with_it(
    manager: Desk, meter: Meter, take: Take, home: Home, owner: Person, django_capture_on_commit_callbacks: Any
) -> None:
    take(photo())
    issued(manager.person, meter.item)
    found = kept()
    assert vault().knows(found.key)
    with scope.platform():
        ReadingPicture.objects.update(at=timezone.now() - timedelta(days=182))
    assert retention.expire()["billing.ReadingPicture"] == 0
    with scope.platform():
        ReadingPicture.objects.update(at=timezone.now() - timedelta(days=184))
    with django_capture_on_commit_callbacks(execute=True):
        assert retention.expire()["billing.ReadingPicture"] == 1
    assert not vault().knows(found.key)
    [one] = Door.of(owner).get(f"/homes/{home.pk}/fees").body["bills"]
    assert one["dial"] is False and one["amount"] == bill(home).amount == 12_00  # the number stays


def test_another_picture_takes_its_place(
    manager: Desk, meter: Meter, take: Take, django_capture_on_commit_callbacks: Any
) -> None:
    take(photo())
    first = kept()
    facts = {"meter": str(meter.pk), "day": "2026-10-31", "value": "13"}
    with django_capture_on_commit_callbacks(execute=True):
        answer = manager.post(
            f"billing/reading/{first.pk}/change/",
            {**facts, "picture": SimpleUploadedFile("dial.jpg", photo(), "image/jpeg")},
        )
    assert answer.status_code == 302
    assert kept().key != first.key and not vault().knows(first.key) and vault().knows(kept().key)


def test_nobody_is_asked_to_agree_to_what_their_contract_needs_and_the_policy_says_so(owner: Person) -> None:
    door = Door.of(owner)
    assert "meters" not in {one["code"] for one in door.get("/purposes").body}
    refused = door.post("/consents", {"purpose": "meters", "action": "granted", "version": 1})
    assert (refused.status, refused.code) == (409, "asked_of_nobody")
