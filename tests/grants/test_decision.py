"""Who may come in."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anju.grants import decision as decisions
from anju.grants import encoding, permits
from anju.grants.decision import Clock, Decision, Reason, decide
from anju.grants.grant import Grant, Way
from anju.grants.permits import TOLERANCE, Permit, Replays
from tests.grants import made
from tests.grants.made import DAY, KEY, NOW, ORDER


def decide_permit(permit: Permit, grant: Grant | None, replays: Replays, clock: Clock) -> Decision:
    """By the only grant there is, never used before."""
    return decisions.decide_permit(permit, [grant] if grant else [], replays, clock, lambda one: 0)


# grants


@given(made.grants(), st.sampled_from(Way), made.clocks)
def test_a_door_opens_only_for_a_way_that_was_granted_and_inside_the_window(
    grant: Grant, way: Way, clock: Clock
) -> None:
    decision = decide(grant, way, clock)
    if decision.open:
        assert way in grant.ways
        assert grant.since <= clock.now
        assert grant.until is None or clock.now < grant.until


@given(made.grants(), st.sampled_from(Way), made.times)
def test_a_lost_clock_never_opens_what_a_true_one_would_not(grant: Grant, way: Way, now: datetime) -> None:
    lost, true = decide(grant, way, Clock(now, sure=False)), decide(grant, way, Clock(now))
    assert true.open or not lost.open


@given(st.sampled_from(Way), made.clocks)
def test_nobody_comes_in_without_a_grant(way: Way, clock: Clock) -> None:
    decision = decide(None, way, clock)
    assert (decision.open, decision.reason, decision.grant) == (False, Reason.REVOKED, None)


@pytest.mark.parametrize(
    ("way", "reason"),
    [(Way.FACE, Reason.RECOGNISED), (Way.QR, Reason.QR_OK), (Way.REMOTE, Reason.REMOTE_OPEN)],
)
def test_a_resident_comes_in_every_way_that_was_granted(way: Way, reason: Reason) -> None:
    grant = made.grant()
    decision = decide(grant, way, Clock(NOW))
    assert (decision.open, decision.reason, decision.grant) == (True, reason, grant)


def test_a_visitor_comes_in_from_the_first_moment_and_not_in_the_last() -> None:
    visitor = made.grant(since=NOW, until=NOW + DAY)
    moment = timedelta(microseconds=1)
    reasons = [decide(visitor, Way.FACE, Clock(at)).reason for at in (NOW - moment, NOW, NOW + DAY - moment, NOW + DAY)]
    outside, inside = Reason.OUTSIDE_WINDOW, Reason.RECOGNISED
    assert reasons == [outside, inside, inside, outside]


def test_a_gate_that_lost_its_clock_lets_residents_in_and_no_visitors() -> None:
    lost = Clock(NOW, sure=False)
    assert decide(made.grant(), Way.FACE, lost).open
    assert decide(made.grant(until=NOW + DAY), Way.FACE, lost).reason == Reason.CLOCK_UNSURE
    assert decide(made.grant(since=NOW + DAY), Way.FACE, lost).reason == Reason.CLOCK_UNSURE
    assert decide(made.grant(until=NOW - DAY), Way.FACE, lost).reason == Reason.OUTSIDE_WINDOW


def test_a_counted_grant_opens_as_often_as_it_says_and_no_more() -> None:
    visit = replace(made.grant(), uses=2)
    reasons = [decide(visit, Way.QR, Clock(NOW), used).reason for used in (0, 1, 2, 3)]
    assert reasons == [Reason.QR_OK, Reason.QR_OK, Reason.USED_UP, Reason.USED_UP]


def test_of_several_rights_of_one_holder_the_one_that_holds_opens() -> None:
    over, now = made.grant(until=NOW - DAY), made.grant()
    for grants in ([over, now], [now, over]):
        decision = decisions.decide_permit(made.permit(), grants, Replays(), Clock(NOW), lambda one: 0)
        assert (decision.open, decision.grant) == (True, now)


# permits


@given(st.integers(-90, 90))
def test_a_permit_opens_within_thirty_seconds_and_never_outside(seconds: int) -> None:
    decision = decide_permit(made.permit(), made.grant(), Replays(), Clock(NOW + timedelta(seconds=seconds)))
    assert decision.open == (abs(seconds) <= 30)
    assert decision.reason == (Reason.QR_OK if abs(seconds) <= 30 else Reason.QR_EXPIRED)


@given(st.lists(st.integers(-30, 30), min_size=2, max_size=6))
def test_a_permit_opens_once_whenever_it_is_shown_again(shown: list[int]) -> None:
    permit, grant, replays = made.permit(), made.grant(), Replays()
    times = [Clock(NOW + timedelta(seconds=seconds)) for seconds in shown]
    reasons = [decide_permit(permit, grant, replays, clock).reason for clock in times]
    assert reasons == [Reason.QR_OK, *[Reason.QR_REPLAYED] * (len(shown) - 1)]


def test_a_used_permit_with_its_signature_rewritten_is_a_replay() -> None:
    permit, grant, replays = made.permit(), made.grant(), Replays()
    assert decide_permit(permit, grant, replays, Clock(NOW)).open
    r, s = permit.signature[:32], int.from_bytes(permit.signature[32:], "big")
    twin = Permit(permit.key, permit.at, permit.nonce, r + (ORDER - s).to_bytes(32, "big"))
    assert twin.verify(made.PUBLIC)
    assert decide_permit(twin, grant, replays, Clock(NOW)).reason == Reason.QR_REPLAYED


def test_a_used_permit_stays_used_after_a_restart_and_among_thousands() -> None:
    permit, grant = made.permit(), made.grant()
    replays = Replays({permit.head: NOW.timestamp()})
    for _ in range(1100):
        assert decide_permit(made.permit(), grant, replays, Clock(NOW)).open
    assert decide_permit(permit, grant, replays, Clock(NOW + TOLERANCE)).reason == Reason.QR_REPLAYED


def test_a_permit_by_another_key_is_unknown() -> None:
    foreign = permits.read(permits.make(KEY, made.OTHER, NOW))
    assert decide_permit(foreign, made.grant(), Replays(), Clock(NOW)).reason == Reason.QR_UNKNOWN


def test_a_permit_whose_key_no_grant_names_is_unknown() -> None:
    for grant in (None, made.grant(keys={}), made.grant(keys={uuid4(): made.PUBLIC})):
        assert decide_permit(made.permit(), grant, Replays(), Clock(NOW)).reason == Reason.QR_UNKNOWN


def test_a_permit_opens_nothing_that_its_grant_does_not() -> None:
    no_qr = made.grant(ways=frozenset({Way.FACE}))
    over = made.grant(until=NOW)
    assert decide_permit(made.permit(), no_qr, Replays(), Clock(NOW)).reason == Reason.WAY_NOT_GRANTED
    assert decide_permit(made.permit(), over, Replays(), Clock(NOW)).reason == Reason.OUTSIDE_WINDOW


def test_a_permit_means_nothing_to_a_gate_that_lost_its_clock() -> None:
    decision = decide_permit(made.permit(), made.grant(), Replays(), Clock(NOW, sure=False))
    assert (decision.open, decision.reason) == (False, Reason.CLOCK_UNSURE)


@given(st.integers(0, 87), st.integers(1, 255))
def test_a_permit_with_any_byte_changed_opens_nothing(place: int, change: int) -> None:
    whole = made.permit()
    raw = bytearray(whole.head + whole.signature)
    raw[place] ^= change
    changed = permits.read(permits.PREFIX + encoding.encode(bytes(raw)))
    assert not decide_permit(changed, made.grant(), Replays(), Clock(whole.at)).open
