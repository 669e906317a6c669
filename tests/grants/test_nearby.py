"""Permits used nearby: only the phone they were made for, at the gates they name, in their time, once a challenge."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from anju.grants import encoding, nearby, phone_keys
from anju.grants.decision import Clock, Decision, Reason, decide_nearby
from anju.grants.grant import Way
from anju.grants.nearby import BadNearbyPermit, Challenges, NearbyPermit
from tests.grants import made
from tests.grants.made import DAY, KEY, NOW, OTHER, PRIVATE, PUBLIC

PLATFORM = Ed25519PrivateKey.generate()
GATE = uuid4()
PERMIT = NearbyPermit(uuid4(), KEY, PUBLIC, frozenset({GATE}), NOW, NOW + timedelta(hours=12))


def decided(
    permit: NearbyPermit = PERMIT, gate: UUID = GATE, now: timedelta = timedelta(minutes=1), **facts: bool
) -> Decision:
    return decide_nearby(permit, gate, [made.grant()], Clock(NOW + now, **facts), lambda one: 0)


def test_a_permit_is_read_as_it_was_made() -> None:
    assert nearby.read(nearby.make(PLATFORM, PERMIT), PLATFORM.public_key()) == PERMIT


def test_what_another_platform_signed_is_no_permit() -> None:
    with pytest.raises(BadNearbyPermit):
        nearby.read(nearby.make(Ed25519PrivateKey.generate(), PERMIT), PLATFORM.public_key())


@given(st.data())
def test_a_permit_with_any_letter_changed_is_none(data: st.DataObject) -> None:
    text = nearby.make(PLATFORM, PERMIT)
    place = data.draw(st.integers(0, len(text) - 1))
    letter = data.draw(st.characters(codec="ascii").filter(lambda one: one != text[place]))
    with pytest.raises(BadNearbyPermit):
        nearby.read(text[:place] + letter + text[place + 1 :], PLATFORM.public_key())


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused(text: str) -> None:
    with pytest.raises(BadNearbyPermit):
        nearby.read(nearby.PREFIX + text, PLATFORM.public_key())


def test_it_opens_where_and_while_it_says_so() -> None:
    assert decided().reason == Reason.NEARBY_OK
    assert decided(gate=uuid4()).reason == Reason.PERMIT_UNKNOWN
    assert decided(now=timedelta(hours=12)).reason == Reason.PERMIT_EXPIRED
    assert decided(now=-timedelta(minutes=1)).reason == Reason.PERMIT_EXPIRED


def test_a_gate_that_has_lost_its_clock_opens_for_no_permit() -> None:
    assert decided(sure=False).reason == Reason.CLOCK_UNSURE


def test_a_right_that_ended_at_the_gate_ends_the_permit() -> None:
    clock = Clock(NOW + timedelta(minutes=1))
    assert decide_nearby(PERMIT, GATE, [], clock, lambda one: 0).reason == Reason.PERMIT_UNKNOWN
    over = made.grant(until=NOW)
    assert decide_nearby(PERMIT, GATE, [over], clock, lambda one: 0).reason == Reason.OUTSIDE_WINDOW
    without = replace(made.grant(), ways=frozenset({Way.QR}))
    assert decide_nearby(PERMIT, GATE, [without], clock, lambda one: 0).reason == Reason.WAY_NOT_GRANTED


def test_another_key_under_the_same_name_opens_nothing() -> None:
    point = OTHER.public_key().public_bytes(made.Encoding.X962, made.PublicFormat.UncompressedPoint)
    assert decided(replace(PERMIT, public=point)).reason == Reason.PERMIT_UNKNOWN


def test_an_answer_is_worth_nothing_at_another_gate_for_another_challenge_or_with_another_permit() -> None:
    text = nearby.make(PLATFORM, PERMIT)
    challenge = bytes(32)
    signature = phone_keys.sign(PRIVATE, nearby.question(GATE, challenge, text))
    assert phone_keys.verify(PUBLIC, nearby.question(GATE, challenge, text), signature)
    others = [
        nearby.question(uuid4(), challenge, text),
        nearby.question(GATE, b"\1" * 32, text),
        nearby.question(GATE, challenge, nearby.make(PLATFORM, replace(PERMIT, until=NOW + DAY))),
    ]
    assert not any(phone_keys.verify(PUBLIC, other, signature) for other in others)
    assert not phone_keys.verify(PUBLIC, nearby.question(GATE, challenge, text), signature + b"\0")


def test_a_challenge_is_answered_once_and_soon() -> None:
    challenges = Challenges()
    first, second = challenges.ask(0, "a"), challenges.ask(0, "a")
    assert challenges.take(first, 1)
    assert not challenges.take(first, 1)
    assert not challenges.take(second, nearby.CHALLENGE_SECONDS + 1)
    assert not challenges.take(b"x" * 32, 1)


def test_however_many_ask_the_newest_can_still_answer() -> None:
    challenges = Challenges()
    mine = challenges.ask(0, "mine")
    asked = [challenges.ask(0, "a flood") for _ in range(nearby.MOST_CHALLENGES + 10)]
    assert challenges.take(asked[-1], 1)
    assert not challenges.take(asked[0], 1)
    assert challenges.take(mine, 1)
    assert encoding.decode(encoding.encode(asked[1])) == asked[1]
