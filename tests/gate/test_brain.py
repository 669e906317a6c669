"""What a gate knows and decides, and what of it outlives a restart and a loss of its clock."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from anju.gate import clock
from anju.grants.decision import Reason
from anju.grants.grant import Ended, FaceRef, Grant, Way
from anju.recognition.faces import Vector
from anju.recognition.gallery import Match
from tests.gate import made
from tests.gate.made import Gate, Phone, a_face


def face_of(who: Grant) -> Match[UUID]:
    return Match(who.holder, 0.7, 0.2, sure=True)


def recognised(gate: Gate, vector: Vector) -> object:
    match = gate.brain.gallery().match(vector)
    return match.key if match and match.sure else None


# restarts


def test_grants_faces_and_entries_outlive_a_restart(gate: Gate) -> None:
    who, vector = made.grant(), a_face(1)
    gate.knows(who, [vector])
    gate.brain.permit("nonsense")
    told = gate.entries()

    after = gate.restarted()
    assert recognised(after, vector) == who.holder
    assert after.brain.missing_templates() == []
    assert after.entries() == told
    assert after.store.applied() == 1
    after.close()


def test_a_used_code_stays_used_after_a_restart(gate: Gate) -> None:
    phone = Phone()
    gate.learn(made.grant(phone))
    code = phone.permit()
    assert gate.brain.permit(code).open

    after = gate.restarted()
    after.told_the_time()
    assert after.brain.permit(code).reason == Reason.QR_REPLAYED
    after.close()


def test_a_gate_registered_anew_forgets_whom_the_old_registration_let_in(tmp_path: Path) -> None:
    before = Gate(tmp_path)
    who, vector = made.grant(), a_face(1)
    before.knows(who, [vector])
    before.brain.permit("nonsense")
    before.close()

    same_gate = Gate(tmp_path, replace(before.me, jwt="another"))
    assert same_gate.brain.counts == {"grants": 0, "templates": 0, "queued": 1}
    assert same_gate.store.applied() == 0
    same_gate.close()

    another_gate = Gate(tmp_path, replace(before.me, jwt="a third", gate=str(uuid4())))
    assert another_gate.brain.counts["queued"] == 0
    another_gate.close()


# grants


def test_a_lower_or_equal_rev_changes_nothing(gate: Gate) -> None:
    who = made.grant(rev=5)
    gate.learn(who)
    gate.learn(Ended(who.id, 5))
    gate.learn(Ended(who.id, 4))
    assert gate.brain.counts["grants"] == 1
    gate.learn(Ended(who.id, 6))
    assert gate.brain.counts["grants"] == 0
    gate.learn(who)  # an old message comes late
    assert gate.restarted().brain.counts["grants"] == 0


def test_the_last_word_counts_also_within_one_batch(gate: Gate) -> None:
    who = made.grant()
    gate.learn(who, Ended(who.id, 2))
    assert gate.brain.counts["grants"] == 0


def test_a_phone_that_its_owner_removed_opens_nothing(gate: Gate) -> None:
    phone = Phone()
    who = made.grant(phone)
    gate.learn(who)
    assert gate.brain.permit(phone.permit()).open
    gate.learn(made.grant(id=who.id, rev=2))
    assert gate.brain.permit(phone.permit()).reason == Reason.QR_UNKNOWN


def test_a_phone_that_moved_to_another_grant_works_when_the_old_one_ends(gate: Gate) -> None:
    phone = Phone()
    before = made.grant(phone)
    gate.learn(before)
    gate.learn(made.grant(phone))
    gate.learn(Ended(before.id, 2))
    assert gate.brain.permit(phone.permit()).open


# faces


def test_a_face_whose_consent_was_withdrawn_is_nobodys_at_once(gate: Gate) -> None:
    who, vector = made.grant(), a_face(1)
    gate.knows(who, [vector])
    assert recognised(gate, vector) == who.holder
    gate.learn(made.grant(id=who.id, rev=2, ways=frozenset({Way.QR}), face=None))
    assert recognised(gate, vector) is None
    assert gate.brain.counts["templates"] == 0
    assert gate.store.templates() == {}


def test_an_old_enrolment_no_longer_counts_once_there_is_a_new_one(gate: Gate) -> None:
    who, old, new = made.grant(), a_face(1), a_face(2)
    gate.knows(who, [old])
    again = made.grant(id=who.id, rev=2, face=FaceRef(2, strict=False))
    gate.learn(again)
    assert recognised(gate, old) is None
    assert gate.brain.missing_templates() == [who.id]
    gate.brain.learn_faces([(who.id, 2, [new])])
    gate.brain.learn_faces([(who.id, 1, [old])])  # an answer from before comes late
    assert recognised(gate, old) is None
    assert recognised(gate, new) == again.holder


def test_a_face_that_nobody_was_granted_for_is_not_kept(gate: Gate) -> None:
    gate.brain.learn_faces([(uuid4(), 1, [a_face(1)])])
    assert gate.store.templates() == {}


# time


def test_a_decision_follows_the_platforms_time_not_the_machines(gate: Gate) -> None:
    now = datetime.now(UTC)
    visitor = made.grant(since=now - timedelta(hours=1), until=now + timedelta(hours=1))
    gate.learn(visitor)
    decide = gate.brain.face
    assert decide(face_of(visitor)).open
    gate.told_the_time(ahead=timedelta(hours=2))
    assert decide(face_of(visitor)).reason == Reason.OUTSIDE_WINDOW
    assert abs(gate.brain.clock.offset_ms - 7_200_000) < 1000


def test_a_gate_that_was_never_told_the_time_lets_residents_in_and_no_visitors(tmp_path: Path) -> None:
    gate = Gate(tmp_path)
    phone = Phone()
    now = datetime.now(UTC)
    resident, visitor = (
        made.grant(phone),
        made.grant(since=now - timedelta(days=1), until=now + timedelta(days=1)),
    )
    gate.learn(resident, visitor)
    assert gate.brain.face(face_of(resident)).open
    assert gate.brain.remote(resident.id)[0].open
    assert gate.brain.face(face_of(visitor)).reason == Reason.CLOCK_UNSURE
    assert gate.brain.permit(phone.permit()).reason == Reason.CLOCK_UNSURE
    gate.close()


def test_a_known_difference_outlives_a_restart(gate: Gate) -> None:
    gate.told_the_time(ahead=timedelta(minutes=10))
    after = gate.restarted()
    assert after.brain.clock.read().sure
    assert abs(after.brain.clock.offset_ms - 600_000) < 1000
    after.close()


def test_a_machine_that_wakes_in_the_past_knows_that_its_clock_is_lost(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime.now(UTC)
    visitor = made.grant(since=made.LONG_AGO, until=now + timedelta(days=1))
    resident = made.grant()
    gate.learn(resident, visitor)
    after = gate.restarted()

    class Epoch(datetime):
        @classmethod
        def now(cls, tz: object = None) -> "Epoch":
            return cls(1970, 1, 1, tzinfo=UTC)

    monkeypatch.setattr(clock, "datetime", Epoch)
    read = after.brain.clock.read()
    assert not read.sure
    assert now - timedelta(seconds=5) < read.now  # surely not earlier than the platform's last word
    assert after.brain.face(face_of(resident)).open
    assert after.brain.face(face_of(visitor)).reason == Reason.CLOCK_UNSURE
    after.close()


# opening from elsewhere


def test_staff_open_without_a_grant_and_it_is_recorded(gate: Gate) -> None:
    decision, entry = gate.brain.remote(None)
    assert decision.open
    assert gate.door.opened == 1
    [told] = gate.entries()
    assert (told["id"], told["way"], told["result"], told["holder"]) == (entry, "remote", "granted", None)


def test_an_unknown_grant_does_not_open_remotely(gate: Gate) -> None:
    decision, _ = gate.brain.remote(uuid4())
    assert decision.reason == Reason.REVOKED
    assert gate.door.opened == 0
