"""Meters that report by themselves: what a collector says is billed, once, and only what can be."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from anju.billing import collectors, collectors_api, reported, runs
from anju.billing.collectors import Made
from anju.billing.models import Basis, FeeItem, Meter, Reading, Reported, Run
from anju.homes.models import Community, Duty, Home
from anju.people.models import Person
from anju.privacy import scope
from anju.privacy.models import AuditEntry
from anju.privacy.refusals import Refused
from tests import factories
from tests.billing.conftest import as_, bill, counted, issued, item, place

MONTH = date(2026, 10, 1)
NOW = datetime(2026, 11, 20, 4, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOW)


@pytest.fixture
def water(community: Community) -> FeeItem:
    return item(community, Basis.METER, "3.00", name="水费", daily_most=2)


def hung(where: Home, what: FeeItem, serial: str) -> Meter:
    with scope.platform():
        return Meter.objects.create(community_id=what.community_id, home=where, item=what, serial=serial)


@pytest.fixture
def meter(home: Home, water: FeeItem) -> Meter:
    return hung(home, water, "W-0001")


@pytest.fixture
def made(manager: Person, community: Community) -> Made:
    return added(manager, community)


def added(manager: Person, where: Community, name: str = "一号楼", what: FeeItem | None = None) -> Made:
    return as_(manager, collectors.add, where, name, item=what, quiet_hours=26)


def one(at: str, value: str, meter: str = "W-0001", id: str | None = None) -> dict[str, str]:
    return {"id": id or f"{meter}/{at}/{value}", "meter": meter, "value": value, "at": f"{at}:00+08:00"}


def post(key: str, *readings: dict[str, Any], body: bytes | None = None) -> tuple[int, Any]:
    sent: Any = body if body is not None else {"readings": list(readings)}
    answer = Client().post(
        "/api/v1/meters/readings", sent, content_type="application/json", headers={"Authorization": f"Bearer {key}"}
    )
    return answer.status_code, answer.json()


def told(key: str, *readings: dict[str, Any]) -> list[str]:
    """What became of each: its result, and the code where there is one."""
    status, said = post(key, *readings)
    assert status == 200, said
    return [" ".join(filter(None, (one["result"], one["code"]))) for one in said["readings"]]


def rows() -> list[tuple[str, str, str]]:
    with scope.platform():
        found = Reading.objects.order_by("meter__serial", "day")
        return [(one.meter.serial, one.day.isoformat(), str(one.value)) for one in found]


def test_what_meters_report_is_billed(made: Made, meter: Meter, home: Home, water: FeeItem, manager: Person) -> None:
    readings = one("2026-09-30T23:00", "100.250"), one("2026-10-31T23:30", "112.75")
    assert told(made.key, *readings) == ["taken", "taken"]
    issued(manager, water, MONTH)
    assert bill(home, MONTH).amount == 37_50
    with scope.platform():
        last = Reading.objects.select_related("collector").latest("day")
    assert (last.how, last.collector, last.by, last.day) == ("device", made.collector, None, date(2026, 10, 31))


def test_sent_twice_it_is_taken_once(made: Made, meter: Meter) -> None:
    first = one("2026-11-01T08:00", "100", id="7")
    assert told(made.key, first) == ["taken"]
    assert told(made.key, first, one("2026-11-02T08:00", "101", id="7"), one("2026-11-03T08:00", "101")) == [
        "known", "known", "taken",
    ]  # fmt: skip
    assert told(made.key, one("2026-11-04T08:00", "102", id="9"), one("2026-11-05T08:00", "103", id="9")) == [
        "taken", "known",
    ]  # fmt: skip
    assert rows() == [
        ("W-0001", "2026-11-01", "100.000"), ("W-0001", "2026-11-03", "101.000"), ("W-0001", "2026-11-04", "102.000"),
    ]  # fmt: skip


def test_a_days_last_stands_in_whatever_order_they_come(made: Made, meter: Meter) -> None:
    assert told(made.key, one("2026-11-01T20:00", "101"), one("2026-11-01T08:00", "100")) == ["taken", "taken"]
    assert told(made.key, one("2026-11-01T12:00", "100.5")) == ["taken"]
    assert told(made.key, one("2026-11-01T13:00", "102")) == ["refused above_later"]
    assert told(made.key, one("2026-11-01T23:59", "101.2")) == ["taken"]
    assert rows() == [("W-0001", "2026-11-01", "101.200")]


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (one("2026-11-10T08:00", "99.9"), "backwards"),
        (one("2026-10-01T08:00", "101"), "above_later"),
        (one("2026-11-21T08:00", "101"), "in_the_future"),
        (one("2026-08-01T08:00", "1"), "too_old"),
        (one("2026-11-10T08:00", "101", "W-9999"), "unknown_meter"),
        (one("2026-11-10T08:00", "101", " "), "unknown_meter"),
        (one("2026-11-10T08:00", "-1"), "bad_value"),
        (one("2026-11-10T08:00", "NaN"), "bad_value"),
        (one("2026-11-10T08:00", "101.0001"), "bad_value"),
        ({**one("2026-11-10T08:00", "101"), "at": "2026-11-10T08:00:00"}, "bad_time"),
        ({**one("2026-11-10T08:00", "101"), "at": "yesterday"}, "bad_time"),
        ({**one("2026-11-10T08:00", "101"), "at": "0001-01-01T00:00:00+14:00"}, "too_old"),
        ({**one("2026-11-10T08:00", "101"), "at": "9999-12-31T23:59:59-14:00"}, "in_the_future"),
    ],
    ids=lambda it: it if isinstance(it, str) else "",
)
def test_what_cannot_be_is_refused_and_judged_anew_when_it_comes_again(
    made: Made, meter: Meter, sent: dict[str, str], code: str
) -> None:
    assert told(made.key, one("2026-11-01T08:00", "100")) == ["taken"]
    assert told(made.key, sent, one("2026-11-02T08:00", "100.5")) == [f"refused {code}", "taken"]
    assert told(made.key, sent) == [f"refused {code}"]


def test_a_leap_waits_for_a_person_and_counts_when_they_say_so(
    made: Made, meter: Meter, home: Home, water: FeeItem, manager: Person
) -> None:
    told(made.key, one("2026-09-30T08:00", "100"))
    leap = one("2026-10-31T08:00", "163")  # more than two a day
    assert told(made.key, leap) == ["waiting jump"]
    assert told(made.key, leap) == ["known"]
    assert counted(manager, water, MONTH).problems == [[home.label, "reading"]]
    with scope.platform():
        waits = Reported.objects.get(meter=meter)
    as_(manager, reported.decide, waits, take=True)
    with scope.platform():
        run = Run.objects.get(item=water)
    runs.count(run.pk)
    assert bill(home, MONTH).amount == 189_00
    with pytest.raises(Refused, match="not_waiting"):
        as_(manager, reported.decide, waits, take=True)
    with scope.platform():
        assert AuditEntry.objects.filter(reason="reading_taken", actor=manager.pk).count() == 1


def test_a_leap_that_was_none_is_dropped_and_the_next_reading_counts(
    made: Made, meter: Meter, manager: Person, community: Community
) -> None:
    assert told(made.key, one("2026-11-01T08:00", "100"), one("2026-11-02T08:00", "900")) == ["taken", "waiting jump"]
    assert told(made.key, one("2026-11-03T08:00", "950"), one("2026-11-02T09:00", "901")) == [
        "waiting jump", "waiting jump",
    ]  # fmt: skip
    assert told(made.key, one("2026-11-04T08:00", "103")) == ["taken"]
    with scope.platform():
        waits = Reported.objects.get(meter=meter)
    assert waits.value == 950  # the latest of its meter
    with pytest.raises(Refused, match="above_later"):
        as_(manager, reported.decide, waits, take=True)
    with pytest.raises(Refused, match="not_allowed"):
        as_(factories.staff(community, Duty.CASHIER), reported.decide, waits, take=False)
    as_(manager, reported.decide, waits, take=False)
    assert [value for _serial, _day, value in rows()] == ["100.000", "103.000"]
    with scope.platform():
        assert not Reported.objects.filter(meter__isnull=False).exists()


def test_what_a_person_read_or_a_bill_counts_stays(
    made: Made, meter: Meter, home: Home, water: FeeItem, manager: Person, community: Community
) -> None:
    with scope.platform():
        Reading.objects.create(community=community, meter=meter, day=date(2026, 9, 30), value=100, by=manager.pk)
    assert told(made.key, one("2026-09-30T23:00", "101"), one("2026-11-05T08:00", "110")) == [
        "refused day_read", "taken",
    ]  # fmt: skip
    run = counted(manager, water, MONTH)
    assert told(made.key, one("2026-11-05T09:00", "111"), one("2026-11-05T10:00", "110")) == [
        "refused counted", "taken",
    ]  # fmt: skip
    as_(manager, runs.issue, run)
    assert told(made.key, one("2026-11-05T11:00", "111"), one("2026-11-06T11:00", "111")) == [
        "refused counted", "taken",
    ]  # fmt: skip
    assert bill(home, MONTH).amount == 30_00


def test_it_never_reaches_another_communitys_meters(
    made: Made, meter: Meter, manager: Person, community: Community
) -> None:
    there = factories.community(name="彼处")
    theirs = item(there, Basis.METER, "3.00", name="水费")
    hung(place(there, "301", "80"), theirs, "W-0777")
    hung(place(there, "302", "80"), theirs, "W-0001")
    assert told(made.key, one("2026-11-01T08:00", "5", "W-0777")) == ["refused unknown_meter"]
    assert told(made.key, one("2026-11-01T08:00", "5")) == ["taken"]
    with scope.platform():
        assert set(Reading.objects.values_list("community", flat=True)) == {community.pk}
        assert not Reported.objects.exclude(community=community).exists()
    other = added(factories.staff(there, Duty.MANAGER), there)
    assert told(other.key, one("2026-11-01T08:00", "5", "W-0777", id="1")) == ["taken"]
    with pytest.raises(Refused, match="not_allowed"):
        as_(manager, collectors.renew, other.collector)
    with pytest.raises(Refused, match="bad_item"):
        as_(manager, collectors.add, community, "二号楼", item=theirs, quiet_hours=26)


def test_one_of_an_item_speaks_of_that_items_meters_alone(
    made: Made, meter: Meter, home: Home, water: FeeItem, manager: Person, community: Community
) -> None:
    power = item(community, Basis.METER, "0.50", name="电费")
    hung(home, power, "W-0001")
    hung(home, item(community, Basis.METER, "2.00", name="热水"), "H-1")
    mine = added(manager, community, "水司平台", water)
    assert told(made.key, one("2026-11-01T08:00", "5")) == ["refused meter_twice"]
    assert told(mine.key, one("2026-11-01T08:00", "5"), one("2026-11-01T08:00", "5", "H-1")) == [
        "taken", "refused unknown_meter",
    ]  # fmt: skip
    with scope.platform():
        assert Reading.objects.get().meter == meter


def test_a_key_that_is_wrong_renewed_or_removed_is_none(
    made: Made, meter: Meter, manager: Person, owner: Person, client: Client
) -> None:
    sent = one("2026-11-01T08:00", "5")
    assert post("", sent)[0] == post("wrong", sent)[0] == post("k" * 5000, sent)[0] == 401
    client.force_login(owner)  # nor does signing in help
    assert (
        client.post("/api/v1/meters/readings", {"readings": [sent]}, content_type="application/json").status_code == 401
    )
    now = as_(manager, collectors.renew, made.collector)
    assert (post(made.key, sent)[0], post(now.key, sent)[0]) == (401, 200)
    as_(manager, collectors.remove, made.collector)
    assert post(now.key, one("2026-11-02T08:00", "6"))[0] == 401
    with pytest.raises(Refused, match="unknown_collector"):
        as_(manager, collectors.renew, made.collector)
    with scope.platform():
        made.collector.refresh_from_db()
        assert made.collector.digest is None
        told_of = AuditEntry.objects.filter(actor=manager.pk, target="billing.Collector")
        assert set(told_of.values_list("reason", flat=True)) == {
            "collector_added", "collector_key", "collector_removed",
        }  # fmt: skip
        assert Reading.objects.get().collector == made.collector


def test_the_key_itself_is_kept_nowhere(made: Made) -> None:
    with scope.platform():
        made.collector.refresh_from_db()
    kept = " ".join(str(getattr(made.collector, one.attname)) for one in made.collector._meta.concrete_fields)
    assert made.key not in kept


def test_only_so_much_at_once_and_so_often(made: Made, meter: Meter, monkeypatch: pytest.MonkeyPatch) -> None:
    many = [one("2026-11-01T08:00", "5", id=str(number)) for number in range(collectors_api.MOST + 1)]
    assert post(made.key, *many)[0] == 422
    assert post(made.key, body=b'{"readings": [' + b" " * collectors_api.MOST_BYTES + b"]}")[0] == 413
    assert post(made.key, body=b'{"readings": [{"id": "1", "meter": "W-0001", "value": 5, "at": "x"}]}')[0] == 422
    answers = [post(made.key, many[0])[0] for _ in range(collectors_api.MOST_A_MINUTE + 1)]
    assert (answers[0], answers[-1]) == (200, 429)


def test_a_whole_batch_takes_as_many_statements_as_a_small_one(
    made: Made, community: Community, water: FeeItem, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    serials = [hung(place(community, str(room), "80"), water, f"W-{room}").serial for room in range(101, 131)]
    readings = [one("2026-11-01T08:00", "5", serial) for serial in serials]
    with django_assert_max_num_queries(30):
        assert set(told(made.key, *readings)) == {"taken"}


def test_one_that_has_gone_quiet_is_named(made: Made, meter: Meter, monkeypatch: pytest.MonkeyPatch) -> None:
    with scope.platform():
        assert collectors.quiet([made.collector]) == []
        assert collectors.quiet([made.collector], NOW + timedelta(hours=27)) == [made.collector]
        monkeypatch.setattr(timezone, "now", lambda: NOW + timedelta(hours=27))
        told(made.key, one("2026-11-01T08:00", "5"), one("2026-11-01T08:00", "5", "W-2"))
        made.collector.refresh_from_db()
        assert collectors.quiet([made.collector]) == []
    assert made.collector.last == {"taken": 1, "refused": 1, "faults": [["W-2", "unknown_meter"]]}


def test_what_was_sent_is_forgotten_when_it_cannot_come_again(made: Made, meter: Meter) -> None:
    told(made.key, one("2026-11-01T08:00", "5"))
    assert reported.forget(NOW + timedelta(days=89)) == 0
    assert reported.forget(NOW + timedelta(days=91)) == 1
    assert reported.KEPT > reported.OLDEST
    assert rows() == [("W-0001", "2026-11-01", "5.000")]
