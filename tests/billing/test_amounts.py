"""What things cost."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anju.billing.amounts import LateFee, Tier, plain, shared, tiered

WATER = [Tier(Decimal(180), Decimal("2.07")), Tier(Decimal(260), Decimal("4.07")), Tier(None, Decimal("6.07"))]
units = st.decimals(0, 2000, places=3)


@pytest.mark.parametrize(
    ("quantity", "price", "fen"),
    [("89.50", "2.85", 25508), ("0", "2.85", 0), ("100", "0.0050", 50), ("1", "0.0049", 0), ("1", "0.005", 1)],
)
def test_a_plain_amount_is_rounded_half_up_once(quantity: str, price: str, fen: int) -> None:
    assert plain(Decimal(quantity), Decimal(price)) == fen


@pytest.mark.parametrize(
    ("used", "before", "fen"), [(100, 0, 20700), (180, 0, 37260), (200, 0, 45400), (20, 170, 6140), (300, 0, 94100)]
)
def test_steps_go_on_from_what_was_used_before(used: int, before: int, fen: int) -> None:
    assert tiered(Decimal(used), WATER, Decimal(before)) == fen


@given(first=units, second=units)
def test_what_is_used_in_two_parts_costs_what_it_costs_in_one(first: Decimal, second: Decimal) -> None:
    apart = tiered(first, WATER) + tiered(second, WATER, first)
    assert abs(tiered(first + second, WATER) - apart) <= 1  # each part is rounded by itself


@given(
    total=st.integers(1, 10**9),
    weights=st.lists(st.decimals("0.01", 999, places=2), min_size=1, max_size=60),
)
def test_shares_add_up_and_none_is_off_by_a_fen(total: int, weights: list[Decimal]) -> None:
    by = dict(enumerate(weights))
    found = shared(total, by)
    assert sum(found.values()) == total
    for key, weight in by.items():
        assert abs(found[key] - Decimal(total) * weight / sum(weights)) < 1


def test_the_fee_for_paying_late_begins_after_the_days_of_grace() -> None:
    due = date(2026, 10, 31)
    rule = LateFee(Decimal(5), grace=3, cap=30)
    assert rule.accrued(100_00, due, due, due + timedelta(days=3)) == 0
    assert rule.accrued(100_00, due, due, due + timedelta(days=13)) == 50
    assert rule.accrued(100_00, due, due + timedelta(days=8), due + timedelta(days=13)) == 25
    assert rule.most(100_00) == 30_00
