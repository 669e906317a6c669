"""A period's bills: counted for everybody, looked at, issued once."""

from datetime import date
from decimal import Decimal

import pytest

from anju.billing import runs
from anju.billing.forms import ReadingForm, TariffForm
from anju.billing.models import Basis, Bill, BillState, FeeItem, Meter, Reading, RunState, Tariff
from anju.homes.models import Community, Duty, Home
from anju.people.models import Person
from anju.privacy import scope
from anju.privacy.refusals import Refused
from tests import factories
from tests.billing.conftest import PERIOD, as_, bill, counted, issued, item, place


def read(where: Home, what: FeeItem, *readings: tuple[date, str], start: date | None = None) -> None:
    with scope.platform():
        meter, _made = Meter.objects.get_or_create(home=where, item=what, defaults={"community_id": where.community_id})
        for day, value in readings:
            facts = {"community_id": where.community_id, "day": day, "value": Decimal(value), "start": day == start}
            Reading.objects.create(meter=meter, **facts)


def test_every_home_is_counted_and_nobody_is_asked_before_it_is_issued(
    manager: Person, community: Community, home: Home
) -> None:
    other, unknown = place(community, "1202", "120"), place(community, "1203", None)
    run = counted(manager, item(community))
    assert (run.state, run.homes, run.done, run.amount) == (RunState.DRAFT, 3, 2, 25508 + 34200)
    assert run.problems == [[unknown.label, "area"]]
    assert bill(home).state == BillState.DRAFT
    run = as_(manager, runs.issue, run)
    assert (bill(home).state, bill(home).amount, bill(other).amount) == (BillState.ISSUED, 25508, 34200)
    assert bill(home).due is not None
    with pytest.raises(Refused, match="not_a_draft"):
        as_(manager, runs.issue, run)


def test_a_draft_is_counted_anew_after_a_mistake_was_mended(manager: Person, community: Community, home: Home) -> None:
    what = item(community)
    run = counted(manager, what)
    with scope.platform():
        Tariff.objects.filter(item=what).update(price=Decimal("3.00"))
    assert runs.count(run.pk).amount == 26850


def test_no_draft_is_issued_that_a_reading_has_changed_under(manager: Person, community: Community, home: Home) -> None:
    what = item(community, Basis.METER, "1.00", name="热水")
    read(home, what, (date(2026, 10, 1), "100"), (date(2026, 11, 1), "120"))
    run = counted(manager, what)
    with scope.platform():
        Reading.objects.filter(meter__item=what, day=date(2026, 11, 1)).update(value=Decimal(112))
    with pytest.raises(Refused, match="readings_changed"):
        as_(manager, runs.issue, run)
    assert runs.count(run.pk).amount == 1200
    as_(manager, runs.issue, run)
    assert bill(home).state == BillState.ISSUED


def test_a_period_is_billed_once_unless_it_was_cancelled(manager: Person, community: Community, home: Home) -> None:
    what = item(community)
    run = issued(manager, what)
    with pytest.raises(Refused, match="run_exists"):
        as_(manager, runs.ask, what, PERIOD)
    as_(manager, runs.cancel, run)
    assert bill(home).state == BillState.CANCELLED
    again = counted(manager, what)
    with scope.platform():
        assert Bill.objects.filter(run=again, state=BillState.DRAFT).count() == 1


def test_the_price_of_the_period_holds_not_todays(manager: Person, community: Community, home: Home) -> None:
    what = item(community)
    with scope.platform():
        Tariff.objects.create(community=community, item=what, since=date(2026, 11, 1), price=Decimal("3.10"))
    issued(manager, what)
    issued(manager, what, date(2026, 11, 1))
    assert (bill(home).amount, bill(home, date(2026, 11, 1)).amount) == (25508, 27745)


def test_several_months_in_one_bill(manager: Person, community: Community, home: Home) -> None:
    what = item(community, months=3)
    issued(manager, what)
    assert (bill(home).amount, bill(home).ends) == (76523, date(2026, 12, 31))
    for month in (8, 11, 12):  # of which a month is billed already
        with pytest.raises(Refused, match="run_exists"):
            as_(manager, runs.ask, what, date(2026, month, 1))
    issued(manager, what, date(2026, 7, 1))


def test_a_total_is_shared_by_area_to_the_last_fen(manager: Person, community: Community, home: Home) -> None:
    for room in ("1202", "1203"):
        place(community, room, "89.50")
    run = issued(manager, item(community, Basis.SHARED), total=10_000)
    assert run.amount == 10_000
    other = item(community, Basis.SHARED, name="公摊电费")
    for total in (None, -500):
        with pytest.raises(Refused, match="no_total"):
            as_(manager, runs.ask, other, PERIOD, total)


def test_water_by_steps_of_the_year_and_a_missing_reading_is_named(
    manager: Person, community: Community, home: Home
) -> None:
    tiers = [["180", "2.07"], ["260", "4.07"], ["", "6.07"]]
    what = item(community, Basis.TIERED, name="水费", tiers=tiers)
    read(home, what, (date(2025, 12, 31), "1000"), (date(2026, 9, 30), "1170"), (date(2026, 10, 31), "1190"))
    late = place(community, "1202", "80")
    read(late, what, (date(2026, 9, 30), "500"))
    run = issued(manager, what)
    assert bill(home).amount == 6140  # ten units at 2.07, ten at 4.07
    assert run.problems == [[late.label, "reading"]]


def test_a_new_meter_counts_from_where_it_starts(manager: Person, community: Community, home: Home) -> None:
    what = item(community, Basis.METER, "1.00", name="热水")
    changed = date(2026, 10, 20)
    days = [(date(2026, 9, 30), "990"), (date(2026, 10, 19), "1000"), (changed, "5"), (date(2026, 10, 31), "12")]
    read(home, what, *days, start=changed)
    issued(manager, what)
    assert bill(home).amount == 17_00


def test_chosen_homes_only(manager: Person, community: Community, home: Home) -> None:
    what = item(community, Basis.FIXED, "30", name="垃圾清运费")
    place(community, "1202", "80")
    with scope.platform():
        what.homes.set([home])
    assert issued(manager, what).homes == 1


def test_without_a_price_nothing_is_counted(manager: Person, community: Community, home: Home) -> None:
    what = item(community)
    with pytest.raises(Refused, match="no_tariff"):
        counted(manager, what, date(2019, 1, 1))


def test_only_who_keeps_fees_makes_bills(community: Community, home: Home) -> None:
    for duty in (Duty.CASHIER, Duty.GUARD, Duty.REVIEWER):
        with pytest.raises(Refused, match="not_allowed"):
            as_(factories.staff(community, duty), runs.ask, item(community, name=str(duty)), PERIOD)


@pytest.mark.parametrize("later", [date(2026, 11, 8), date(2026, 11, 11)])
def test_a_reading_after_a_bill_loses_no_unit_for_the_next(
    manager: Person, community: Community, home: Home, later: date
) -> None:
    what = item(community, Basis.METER, "1.00", name="热水")
    read(home, what, (date(2026, 9, 30), "0"), (date(2026, 11, 5), "10"))
    issued(manager, what)
    read(home, what, (later, "15"), (date(2026, 12, 5), "30"))
    issued(manager, what, date(2026, 11, 1))
    assert (bill(home).amount, bill(home, date(2026, 11, 1)).amount) == (10_00, 20_00)


def test_a_reading_that_stands_in_a_bill_is_not_changed(manager: Person, community: Community, home: Home) -> None:
    what = item(community, Basis.METER, "1.00", name="热水")
    read(home, what, (date(2026, 9, 30), "0"), (date(2026, 11, 5), "10"), (date(2026, 11, 20), "12"))
    issued(manager, what)
    with scope.platform():
        for one in Reading.objects.all():
            said = {"meter": one.meter_id, "day": one.day, "value": one.value, "start": one.start}
            assert ReadingForm(said, instance=one).is_valid() is (one.day == date(2026, 11, 20))
        meter = Meter.objects.get(home=home)
        assert ReadingForm({"meter": meter.pk, "day": date(2026, 11, 25), "value": "13"}).is_valid()


def test_a_form_that_lacks_what_it_is_about_says_so(community: Community) -> None:
    with scope.platform():
        assert "meter" in ReadingForm({"day": "2026-11-20", "value": "12"}).errors
        assert "item" in TariffForm({"since": "2027-01-01", "price": "3"}).errors
