"""Entries: what gates report is counted once, belongs to the right person, and is seen by nobody else."""

import asyncio
import json
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.utils import timezone
from uuid6 import uuid7

from anju.access import actions, entries, erasures, gate_link, listeners, tasks
from anju.access.models import Entry, Gate, Grant
from anju.access.purposes import FACE_OPENING, GATE_OPENING
from anju.bus import client as bus
from anju.bus import subjects
from anju.homes import actions as homes
from anju.homes.models import Community, Member
from anju.people.models import Person
from anju.privacy import scope
from anju.privacy import tasks as privacy
from anju.privacy.models import new_id
from tests import factories
from tests.access.conftest import join
from tests.doors import Door


def said(holder: UUID | None, **facts: Any) -> bytes:
    """An entry as a gate sends it."""
    entry = {
        "id": str(uuid7()), "at": timezone.now().isoformat(), "grant": None, "holder": str(holder) if holder else None,
        "way": "face", "result": "granted", "reason": "recognised", "score": 0.71, "second": 0.12, "offset_ms": 3,
    }  # fmt: skip
    return json.dumps({**entry, **facts}).encode()


def holder(person: Person, gate: Gate) -> UUID:
    with scope.platform():
        return Grant.objects.get(person=person, gate=gate).holder


def store(gate: Gate, *messages: bytes) -> int:
    return entries.store([(f"entries.{gate.pk}", message) for message in messages])


def mine(person: Person) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = Door.of(person).get("/entries").body["items"]
    return items


def test_an_entry_is_seen_by_the_person_it_belongs_to(resident: Person, gate: Gate) -> None:
    assert store(gate, said(holder(resident, gate))) == 1
    (entry,) = mine(resident)
    assert entry["gate"]["name"] == "东门"
    assert (entry["way"], entry["result"], entry["reason_text"]) == ("face", "granted", "人脸识别通过")


def test_an_entry_sent_twice_counts_once(resident: Person, gate: Gate) -> None:
    message = said(holder(resident, gate))
    assert store(gate, message) == 1
    assert store(gate, message, message) == 0
    assert len(mine(resident)) == 1


def test_a_neighbour_sees_nothing_of_it(resident: Person, gate: Gate, community: Community) -> None:
    store(gate, said(holder(resident, gate)))
    assert mine(factories.resident(community, "102")) == []


def test_a_gate_cannot_speak_of_another_gates_holders(resident: Person, gate: Gate) -> None:
    elsewhere = factories.community()
    foreign = join(factories.gate(elsewhere))
    store(foreign, said(holder(resident, gate)))
    assert mine(resident) == []
    with scope.platform():
        assert Entry.objects.get(gate=foreign).person_id is None


def test_a_stranger_belongs_to_nobody(gate: Gate) -> None:
    store(gate, said(None, result="refused", reason="not_recognised"))
    with scope.platform():
        assert Entry.objects.get(gate=gate).person_id is None


@pytest.mark.parametrize(
    "nonsense",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"id": 5}',
        said(None, id="x"),
        said(None, way="window"),
        said(None, at="soon"),
        said(None, at="2026-11-24T10:00:00"),
        said(None)[:-1],
        said(None, offset_ms=2**40),
        said(None, score=float("nan")),
        said(None, reason="\0"),
        said(None, at="0001-01-01T00:00:00+14:00"),
        b"[" * 90_000,
    ],
)
def test_nonsense_is_dropped_and_what_comes_with_it_is_kept(resident: Person, gate: Gate, nonsense: bytes) -> None:
    assert store(gate, nonsense, said(holder(resident, gate))) == 1
    assert len(mine(resident)) == 1


def test_a_clock_that_is_ahead_writes_no_future(resident: Person, gate: Gate) -> None:
    store(gate, said(holder(resident, gate), at=(timezone.now() + timedelta(days=900)).isoformat()))
    with scope.platform():
        assert Entry.objects.get(person=resident).at <= timezone.now()


def test_what_arrives_after_the_withdrawal_is_nobodys(resident: Person, gate: Gate) -> None:
    factories.face(resident)
    known = holder(resident, gate)
    Door.of(resident).delete(f"/consents/{GATE_OPENING.code}")
    store(gate, said(known, way="qr"), said(known, way="face"))
    assert [one["way"] for one in mine(resident)] == ["face"]
    Door.of(resident).delete(f"/consents/{FACE_OPENING.code}")
    assert mine(resident) == []
    store(gate, said(known, way="face"))
    assert mine(resident) == []


@pytest.mark.parametrize("bad", [{"offset_ms": "soon"}, {"queued": [1]}, {"door": "x" * 9000}, {"grants": 1e400}])
def test_a_gate_that_reports_nonsense_does_not_break_the_monitor(gate: Gate, bad: dict[str, Any]) -> None:
    report = {"applied": 3, "version": "1", "offset_ms": 4, "queued": 0, "door": "closed", **bad}
    with pytest.raises((ValueError, TypeError, OverflowError)):
        actions.apply_state(gate.pk, report)
    with scope.platform():
        assert Gate.objects.get(pk=gate.pk).report == {}


def test_a_gate_does_not_choose_where_its_answers_go(gate: Gate) -> None:
    mine, victim = f"_INBOX_{gate.pk}.a", f"cmd.{uuid4()}"

    async def ask(client: Any) -> list[str]:
        heard: list[str] = []

        async def hear(message: Any) -> None:
            heard.append(message.subject)

        for subject in (mine, victim):
            await client.subscribe(subject, cb=hear)
        serving = asyncio.create_task(listeners.listen(client))
        await asyncio.sleep(0.2)
        for subject in (victim, mine):
            await client.publish(f"ask.{gate.pk}.time", b"{}", reply=subject)
        for _ in range(50):
            await asyncio.sleep(0.1)
            if heard:
                break
        serving.cancel()
        return heard

    assert bus.run(ask, 10) == [mine]


def test_an_unknown_gate_is_nobody(db: None) -> None:
    assert entries.store([(subjects.ENTRIES.replace("*", str(uuid4())), said(None))]) == 0


def test_entries_come_page_by_page(resident: Person, gate: Gate) -> None:
    store(gate, *(said(holder(resident, gate)) for _ in range(5)))
    door = Door.of(resident)
    first = door.get("/entries", limit=3).body
    second = door.get("/entries", limit=3, before=first["next"]).body
    assert (len(first["items"]), len(second["items"]), second["next"]) == (3, 2, None)
    assert not {one["id"] for one in first["items"]} & {one["id"] for one in second["items"]}


def test_entries_go_after_half_a_year(resident: Person, gate: Gate) -> None:
    store(
        gate,
        said(holder(resident, gate)),
        said(holder(resident, gate), at=(timezone.now() - timedelta(days=184)).isoformat()),
    )
    privacy.expire(0)
    assert len(mine(resident)) == 1


def test_a_person_only_opens_gates_they_have(resident: Person, gate: Gate) -> None:
    foreign = join(factories.gate(factories.community()))
    answer = Door.of(resident).post(f"/gates/{foreign.pk}/open")
    assert (answer.status, answer.code) == (404, "unknown_gate")


def test_opening_needs_the_consent(community: Community, gate: Gate) -> None:
    quiet = factories.resident(community, "106", agrees=())
    assert Door.of(quiet).post(f"/gates/{gate.pk}/open").code == "consent_required"


def test_a_gate_that_does_not_answer_is_said_to_be_silent(resident: Person, gate: Gate) -> None:
    answer = Door.of(resident).post(f"/gates/{gate.pk}/open")
    assert (answer.status, answer.code) == (504, "gate_silent")
    assert "二维码" in answer.body["detail"]  # what to do instead


def test_an_end_is_not_believed_because_the_gate_says_so(
    resident: Person, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    with scope.platform():
        homes.end_membership(Member.objects.get(person=resident))
    tasks.send_grants([str(gate.pk)])
    with scope.platform():
        ended = Grant.objects.get(person=resident)
    actions.apply_state(gate.pk, {"applied": ended.sequence - 1})
    assert erasures.confirm(gate.pk) is erasures.Answer.NOTHING_TO_CONFIRM
    actions.apply_state(gate.pk, {"applied": ended.sequence})
    assert erasures.confirm(gate.pk) is erasures.Answer.SILENT  # nobody answers for this gate
    with scope.platform():
        assert Grant.objects.filter(person=resident).exists()
    monkeypatch.setattr(gate_link, "inventory", lambda *_, **__: gate_link.Inventory(0, 0, {}))
    assert erasures.confirm(gate.pk) is erasures.Answer.CONFIRMED
    with scope.platform():
        assert not Grant.objects.filter(person=resident).exists()


def test_what_nobody_here_knows_of_is_ended_at_the_gate(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    stranger = new_id()
    pages = [gate_link.Inventory(1, 1, {stranger: (3, True)}), gate_link.Inventory(1, 1, {})]
    monkeypatch.setattr(gate_link, "inventory", lambda *_, **__: pages.pop(0))
    told: list[UUID] = []
    monkeypatch.setattr(gate_link, "end_unknown", lambda _, grants: told.extend(grants))
    assert erasures.survey(gate.pk) is erasures.Answer.HOLDS
    assert told == [stranger]
    with scope.platform():
        assert Gate.objects.get(pk=gate.pk).suspect_since is not None
    monkeypatch.setattr(gate_link, "inventory", lambda *_, **__: gate_link.Inventory(0, 0, {}))
    assert erasures.survey(gate.pk) is erasures.Answer.CONFIRMED
    with scope.platform():
        assert Gate.objects.get(pk=gate.pk).suspect_since is None
