"""Rentals: listed without the door, seen by a pass, let by a lease that makes a tenant until its last minute."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import cv2
import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from anju.access import actions
from anju.access.models import Gate, Grant
from anju.access.purposes import GATE_OPENING
from anju.homes import actions as homes
from anju.homes.models import Community, Home, Member, Role
from anju.homes.purposes import HOME_CERTIFICATION
from anju.people.models import Person
from anju.privacy import consent, scope
from anju.rentals import leases
from anju.rentals.models import Lease, Listing
from anju.rentals.purposes import RENTAL
from anju.rights import export
from tests import factories
from tests.access.conftest import gate as gate
from tests.access.conftest import streams as streams
from tests.doors import Answer, Door

FACTS = {
    "title": "南向两居，近地铁",
    "text": "采光好，家电齐全，拎包入住，楼下就是公园。",
    "terms": "不养宠物",
    "rent": 350_000,
    "deposit": 350_000,
    "rooms": 2,
    "fewest_months": 3,
}


@pytest.fixture
def home(community: Community) -> Home:
    return factories.home(community, "101")


@dataclass
class Side:
    person: Person
    door: Door


@pytest.fixture
def landlord(resident: Person, home: Home) -> Side:
    factories.agree(resident, RENTAL)
    return Side(resident, Door.of(resident))


@pytest.fixture
def tenant(db: None) -> Side:
    who = factories.person((RENTAL,))
    return Side(who, Door.of(who))


@pytest.fixture
def listing(landlord: Side, home: Home) -> str:
    asked = {**FACTS, "home": str(home.pk), "available_from": timezone.localdate().isoformat()}
    made = landlord.door.post("/rentals", asked)
    assert made.status == 201, made.body
    number = str(made.body["listing"]["id"])
    assert landlord.door.post(f"/rentals/{number}/publish", {"published": True}).status == 200
    return number


def a_photo(size: tuple[int, int] = (400, 300)) -> SimpleUploadedFile:
    pixels = np.random.default_rng(1).integers(0, 255, (size[1], size[0], 3), np.uint8)
    done, made = cv2.imencode(".jpg", pixels)
    assert done
    comment = b"GPS 36.6669,117.0204"
    marked = made.tobytes()[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + made.tobytes()[2:]
    return SimpleUploadedFile("room.jpg", marked, "image/jpeg")


def applies(tenant: Side, listing: str, days: int = 120, **facts: Any) -> Answer:
    now = timezone.now()
    asked = {"name": "李小红", "since": now.isoformat(), "until": (now + timedelta(days=days)).isoformat(), **facts}
    return tenant.door.post(f"/rentals/{listing}/leases", asked)


def leased(landlord: Side, tenant: Side, listing: str) -> str:
    """An active lease's id."""
    lease = str(applies(tenant, listing).body["leases"][0]["id"])
    assert landlord.door.post(f"/leases/{lease}/answer", {"agree": True}).status == 200
    factories.agree(tenant.person, HOME_CERTIFICATION)
    answer = tenant.door.post(f"/leases/{lease}/confirm")
    assert answer.status == 200, answer.body
    return lease


def ways(person: Person) -> list[list[str]]:
    with scope.platform():
        return [one.payload["ways"] for one in Grant.objects.filter(person=person, gone=False)]


def test_anybody_finds_a_published_home_without_door_or_owner(listing: str, landlord: Side, nobody: Door) -> None:
    (found,) = nobody.get("/rentals", most=400_000, rooms=2).body
    assert (found["id"], found["rent"], found["building"], found["floor"]) == (listing, 350_000, "1栋", 1)
    text = str(found)
    assert "101" not in text and landlord.person.phone.open()[3:] not in text
    assert nobody.get("/rentals", most=300_000).body == []
    assert nobody.get("/rentals", q="没有这个小区").body == []


def test_what_is_not_published_is_nobodys_to_see(listing: str, landlord: Side, nobody: Door) -> None:
    assert landlord.door.post(f"/rentals/{listing}/publish", {"published": False}).status == 200
    assert nobody.get("/rentals").body == []
    assert nobody.get(f"/rentals/{listing}").code == "unknown_listing"


def test_only_an_owner_lets_a_home(home: Home, tenant: Side) -> None:
    asked = {**FACTS, "home": str(home.pk), "available_from": timezone.localdate().isoformat()}
    assert tenant.door.post("/rentals", asked).code == "not_the_owner"


def test_without_consent_nothing_is_listed(resident: Person, home: Home) -> None:
    asked = {**FACTS, "home": str(home.pk), "available_from": timezone.localdate().isoformat()}
    assert Door.of(resident).post("/rentals", asked).code == "consent_required"


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("title", "短", "title_form"),
        ("rent", 0, "rent_form"),
        ("rooms", 0, "rooms_form"),
        ("fewest_months", 99, "months_form"),
    ],
)
def test_what_makes_no_sense_is_refused_at_its_field(
    landlord: Side, home: Home, field: str, value: Any, code: str
) -> None:
    asked = {**FACTS, "home": str(home.pk), "available_from": timezone.localdate().isoformat(), field: value}
    answer = landlord.door.post("/rentals", asked)
    assert (answer.code, answer.body["errors"][0]["field"]) == (code, field)


def test_a_photograph_loses_what_its_camera_wrote_into_it(listing: str, landlord: Side, nobody: Door) -> None:
    answer = landlord.door.send_files(f"/rentals/{listing}/photos", photos=[a_photo()])
    assert answer.status == 200, answer.body
    (photo,) = answer.body["listing"]["photos"]
    shown = nobody.client.get(f"/api/v1/rentals/{listing}/photos/{photo}")
    assert shown.status_code == 200 and shown.headers["Content-Type"] == "image/jpeg"
    assert b"GPS" not in shown.content
    assert cv2.imdecode(np.frombuffer(shown.content, np.uint8), cv2.IMREAD_COLOR).shape == (300, 400, 3)
    landlord.door.post(f"/rentals/{listing}/publish", {"published": False})
    assert nobody.client.get(f"/api/v1/rentals/{listing}/photos/{photo}").status_code == 404
    assert landlord.door.client.get(f"/api/v1/rentals/{listing}/photos/{photo}").status_code == 200


def test_photographs_are_named_in_what_an_owner_takes_away(listing: str, landlord: Side) -> None:
    landlord.door.send_files(f"/rentals/{listing}/photos", photos=[a_photo()])
    with scope.person(landlord.person.pk):
        sections = export.sections(landlord.person.pk)
    rows = next(one.rows for one in sections if one.place == "rentals.ListingPhoto")
    assert rows[0]["picture"] == "（照片，可在应用中查看和保存）"


def test_what_is_no_photograph_is_refused(listing: str, landlord: Side) -> None:
    wrong = SimpleUploadedFile("x.jpg", b"no picture", "image/jpeg")
    assert landlord.door.send_files(f"/rentals/{listing}/photos", photos=[wrong]).code == "bad_photo"


def test_a_viewing_that_the_owner_agrees_to_comes_with_a_pass(listing: str, landlord: Side, tenant: Side) -> None:
    at = (timezone.now() + timedelta(hours=5)).isoformat()
    asked = tenant.door.post(f"/rentals/{listing}/viewings", {"at": at, "name": "李小红", "phone": "13900139000"})
    assert asked.status == 201, asked.body
    (waiting,) = landlord.door.get("/rentals/dealings").body["viewings"]
    assert (waiting["side"], waiting["name"], waiting["link"]) == ("owner", "李小红", "")
    assert landlord.door.post(f"/viewings/{waiting['id']}/answer", {"agree": True}).status == 200
    (mine,) = tenant.door.get("/rentals/dealings").body["viewings"]
    assert mine["state"] == "confirmed" and "/visit#" in mine["link"]
    (visit,) = landlord.door.get("/visitors/passes").body
    assert visit["visitor"]["name"] == "李小红"
    assert datetime.fromisoformat(visit["until"]) - datetime.fromisoformat(visit["since"]) == timedelta(minutes=75)


def test_a_cancelled_viewing_leaves_no_pass_and_nothing_written_for_it(
    listing: str, landlord: Side, tenant: Side
) -> None:
    at = (timezone.now() + timedelta(hours=5)).isoformat()
    tenant.door.post(f"/rentals/{listing}/viewings", {"at": at, "name": "李小红", "phone": "13900139000"})
    (waiting,) = landlord.door.get("/rentals/dealings").body["viewings"]
    landlord.door.post(f"/viewings/{waiting['id']}/answer", {"agree": True})
    assert tenant.door.post(f"/viewings/{waiting['id']}/cancel").status == 200
    assert landlord.door.get("/visitors/passes").body == []


def test_who_takes_the_consent_back_is_no_visitor_either(listing: str, landlord: Side, tenant: Side) -> None:
    at = (timezone.now() + timedelta(hours=5)).isoformat()
    tenant.door.post(f"/rentals/{listing}/viewings", {"at": at, "name": "李小红", "phone": "13900139000"})
    (waiting,) = landlord.door.get("/rentals/dealings").body["viewings"]
    landlord.door.post(f"/viewings/{waiting['id']}/answer", {"agree": True})
    with scope.person(tenant.person.pk):
        consent.withdraw(tenant.person.pk, RENTAL)
    assert landlord.door.get("/visitors/passes").body == []


def test_nobody_asks_twice_or_for_their_own(listing: str, landlord: Side, tenant: Side) -> None:
    asked = {"at": (timezone.now() + timedelta(hours=5)).isoformat(), "name": "李小红", "phone": "13900139000"}
    assert tenant.door.post(f"/rentals/{listing}/viewings", asked).status == 201
    assert tenant.door.post(f"/rentals/{listing}/viewings", asked).code == "asked_already"
    assert landlord.door.post(f"/rentals/{listing}/viewings", asked).code == "own_listing"


def test_a_lease_makes_the_tenant_a_member_for_its_term(listing: str, landlord: Side, tenant: Side, gate: Gate) -> None:
    lease = leased(landlord, tenant, listing)
    with scope.platform():
        member, row = Member.objects.get(person=tenant.person), Lease.objects.get(pk=lease)
        assert (member.role, member.since, member.until) == (Role.TENANT, row.since, row.until)
        assert Listing.objects.get(pk=listing).state == "let"
    factories.agree(tenant.person, GATE_OPENING)
    actions.refresh(tenant.person.pk, gate.community_id)
    assert ways(tenant.person) == [["remote"]]


def test_the_door_is_told_only_once_the_lease_is_offered(listing: str, landlord: Side, tenant: Side) -> None:
    lease = applies(tenant, listing).body["leases"][0]
    assert lease["home"] == ""
    landlord.door.post(f"/leases/{lease['id']}/answer", {"agree": True})
    assert tenant.door.get("/rentals/dealings").body["leases"][0]["home"] == "1栋1单元101"


def test_nothing_begins_before_the_tenant_has_agreed_to_what_it_needs(
    listing: str, landlord: Side, tenant: Side
) -> None:
    lease = applies(tenant, listing).body["leases"][0]["id"]
    assert tenant.door.post(f"/leases/{lease}/confirm").code == "consent_required"
    factories.agree(tenant.person, HOME_CERTIFICATION)
    assert tenant.door.post(f"/leases/{lease}/confirm").code == "lease_moved"


@pytest.mark.parametrize("side", ["landlord", "tenant"])
def test_ending_a_lease_ends_every_right_the_same_minute(
    listing: str, landlord: Side, tenant: Side, gate: Gate, side: str
) -> None:
    lease = leased(landlord, tenant, listing)
    factories.agree(tenant.person, GATE_OPENING)
    actions.refresh(tenant.person.pk, gate.community_id)
    assert ways(tenant.person)
    ender = landlord if side == "landlord" else tenant
    assert ender.door.post(f"/leases/{lease}/end").status == 200
    assert ways(tenant.person) == []
    assert tenant.door.get("/homes").body == []
    other = tenant if side == "landlord" else landlord
    assert "租约已终止" in [one["title"] for one in other.door.get("/notices").body["items"]]


def test_a_lease_that_runs_out_is_noted(listing: str, landlord: Side, tenant: Side) -> None:
    lease = leased(landlord, tenant, listing)
    past = timezone.now() - timedelta(minutes=1)
    with scope.platform():
        Lease.objects.filter(pk=lease).update(since=past - timedelta(days=100), until=past)
    assert leases.close_past() == 1
    assert tenant.door.get("/rentals/dealings").body["leases"][0]["state"] == "ended"


def test_a_tenancy_that_staff_end_ends_the_lease(listing: str, landlord: Side, tenant: Side) -> None:
    leased(landlord, tenant, listing)
    with scope.platform():
        homes.end_membership(Member.objects.get(person=tenant.person))
    assert tenant.door.get("/rentals/dealings").body["leases"][0]["state"] == "ended"


@pytest.mark.parametrize(("days", "code"), [(20, "lease_short"), (36 * 32, "lease_long")])
def test_a_term_that_the_owner_did_not_offer_is_refused(listing: str, tenant: Side, days: int, code: str) -> None:
    assert applies(tenant, listing, days).code == code


def test_a_third_person_sees_and_changes_nothing_of_it(listing: str, landlord: Side, tenant: Side) -> None:
    lease = leased(landlord, tenant, listing)
    other = Door.of(factories.person((RENTAL,)))
    assert other.get("/rentals/dealings").body == {"viewings": [], "leases": []}
    assert other.post(f"/leases/{lease}/end").code == "unknown_lease"
    assert other.post(f"/leases/{lease}/answer", {"agree": True}).code == "unknown_lease"


def test_who_takes_the_consent_back_rents_nothing_any_more(listing: str, landlord: Side, tenant: Side) -> None:
    leased(landlord, tenant, listing)
    with scope.person(tenant.person.pk):
        consent.withdraw(tenant.person.pk, RENTAL)
    assert tenant.door.get("/homes").body == []
    with scope.platform():
        assert not Lease.objects.exists()


def test_an_owner_who_takes_the_consent_back_has_no_listing_and_no_tenant(
    listing: str, landlord: Side, tenant: Side, nobody: Door
) -> None:
    leased(landlord, tenant, listing)
    with scope.person(landlord.person.pk):
        consent.withdraw(landlord.person.pk, RENTAL)
    assert tenant.door.get("/homes").body == []
    assert nobody.get("/rentals").body == []
