"""Closing an account: a day to think again, then everything is gone, and done only when every place has confirmed."""

from datetime import timedelta

import pytest
from django.utils import timezone

from anju.access import actions as access
from anju.access import erasures, gate_link, tasks
from anju.access.gate_link import Inventory
from anju.access.models import Gate, Grant
from anju.cards import actions as cards
from anju.cards.purposes import GATE_CARD
from anju.homes.models import Duty, Member
from anju.people.models import Person
from anju.privacy import erasure, ledger, scope
from anju.privacy.models import Sharing
from anju.privacy.refusals import Refused
from anju.privacy.vault import vault
from anju.rights import cancellation
from anju.rights.models import Request, RightKind, RightState, TargetKind, TargetState
from tests import factories
from tests.doors import Door
from tests.rights.conftest import proven


@pytest.fixture
def gate(community: object) -> Gate:
    """A gate that knows the resident; its device is played by the test."""
    made = factories.gate(community)  # type: ignore[arg-type]
    with scope.platform():
        Gate.objects.filter(pk=made.pk).update(registered_at=timezone.now(), nkey=factories.nkey())
    return made


def _carried_out(person: Person) -> Request:
    """The undo window is over."""
    with scope.platform():
        Request.objects.filter(subject=person.pk).update(carry_out_at=timezone.now() - timedelta(seconds=1))
    for request in cancellation.due():
        cancellation.carry_out(request)
    with scope.platform():
        return Request.objects.get(subject=person.pk, kind=RightKind.CANCEL)


def _told(gate: Gate, person: Person) -> Grant:
    """The gate has been told that the right ended, and says that it has applied it."""
    with scope.platform():
        Grant.objects.filter(gate=gate, person=person).update(sent_rev=100, rev=100, sequence=7)
    access.apply_state(gate.pk, {"applied": 7})
    with scope.platform():
        return Grant.objects.get(gate=gate, person=person)


def test_one_sees_first_what_stops_and_what_the_law_keeps(door: Door) -> None:
    page = door.get("/rights/cancellation").body
    assert "账号无法继续使用，其他功能也会一并停止" in page["stops"]
    assert all(one["how_long"] == "至少 3 年" for one in page["kept"])
    assert page["undo_hours"] == 24
    assert page["request"] is None


def test_a_gate_is_waited_for_once_however_many_rights_hang_on_it(
    door: Door, resident: Person, gate: Gate, django_capture_on_commit_callbacks: object
) -> None:
    factories.agree(resident, GATE_CARD)
    with scope.platform():
        member = Member.objects.get(person=resident)
        cards.issue(factories.staff(member.community, Duty.MANAGER), member, "04A22BFF")
        assert Grant.objects.filter(person=resident, gate=gate, gone=False).count() == 2
    door.post("/rights/cancellation")
    with scope.platform():
        Request.objects.update(carry_out_at=timezone.now() - timedelta(days=1))
    (due,) = cancellation.due()
    cancellation.carry_out(due)
    with scope.platform():
        found = Request.objects.get(pk=due)
        assert found.targets.filter(kind=TargetKind.GATE).count() == 1


def test_it_can_be_taken_back_within_a_day(door: Door, resident: Person) -> None:
    door.post("/rights/cancellation")
    assert door.post("/rights/cancellation").code == "already_asked"
    assert cancellation.due() == []
    assert door.delete("/rights/cancellation").status == 204
    assert door.delete("/rights/cancellation").code == "nothing_to_take_back"
    with scope.platform():
        Request.objects.update(carry_out_at=timezone.now() - timedelta(days=1))
    assert cancellation.due() == []
    assert Door.of(resident).get("/me").status == 200


def test_afterwards_nothing_is_left_of_the_person(
    door: Door, resident: Person, django_capture_on_commit_callbacks: object
) -> None:
    factories.face(resident)
    factories.phone_key(resident)
    door.post("/rights/cancellation")
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        request = _carried_out(resident)
    assert cancellation.settle(request.pk)
    assert not vault().knows(resident.pk)
    with scope.platform():
        assert erasure.left_of(resident.pk) == {}
        assert not Person.objects.filter(pk=resident.pk).exists()
        assert Request.objects.get(pk=request.pk).state == RightState.DONE
    assert door.get("/me").status == 401
    assert str(resident.pk) in {entry.subject for entry in ledger.entries()}


def test_the_receipt_can_be_read_without_the_account_and_names_nobody(
    door: Door, resident: Person, nobody: Door
) -> None:
    number = door.post("/rights/cancellation").body["id"]
    _carried_out(resident)
    receipt = nobody.get(f"/rights/receipts/{number}").body
    assert receipt["state"] == "erasing"
    assert {one["kind"] for one in receipt["targets"]} == {"rows", "key", "sessions"}
    assert str(resident.pk) not in str(receipt)


def test_it_waits_for_an_offline_gate(
    door: Door, resident: Person, gate: Gate, django_capture_on_commit_callbacks: object
) -> None:
    access.refresh_everywhere(resident.pk)
    door.post("/rights/cancellation")
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        request = _carried_out(resident)
    assert not cancellation.settle(request.pk)
    with scope.platform():
        waits = request.targets.get(kind=TargetKind.GATE)
        assert (waits.place, waits.state) == (str(gate.pk), TargetState.PENDING)
        assert Person.objects.filter(pk=resident.pk).exists()


def test_a_gate_is_believed_only_when_its_tables_show_it(
    door: Door,
    resident: Person,
    gate: Gate,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: object,
) -> None:
    access.refresh_everywhere(resident.pk)
    door.post("/rights/cancellation")
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        request = _carried_out(resident)
    ended = _told(gate, resident)
    assert not cancellation.settle(request.pk), "the gate's word is not enough"

    monkeypatch.setattr(gate_link, "inventory", lambda *_, **__: Inventory(1, 1, {ended.pk: (1, True)}))
    assert erasures.confirm(gate.pk) is erasures.Answer.HOLDS
    assert not cancellation.settle(request.pk)
    with scope.platform():
        assert request.targets.get(kind=TargetKind.GATE).state == TargetState.FAILED
        assert Gate.objects.get(pk=gate.pk).suspect_since is not None

    _told(gate, resident)
    monkeypatch.setattr(gate_link, "inventory", lambda *_, **__: Inventory(1, 0, {}))
    assert erasures.confirm(gate.pk) is erasures.Answer.HOLDS, "one grant too many lies there"

    _told(gate, resident)
    monkeypatch.setattr(gate_link, "inventory", lambda *_, **__: Inventory(0, 0, {}))
    assert erasures.confirm(gate.pk) is erasures.Answer.CONFIRMED
    assert cancellation.settle(request.pk)


def test_a_gate_that_does_not_answer_confirms_nothing(
    resident: Person, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    access.refresh_everywhere(resident.pk)
    with scope.platform():
        Member.objects.filter(person=resident).update(until=timezone.now())
    access.refresh_everywhere(resident.pk)
    _told(gate, resident)

    def silent(*_: object, **__: object) -> None:
        raise Refused("gate_silent", "…")

    monkeypatch.setattr(gate_link, "inventory", silent)
    assert erasures.confirm(gate.pk) is erasures.Answer.SILENT
    with scope.platform():
        assert Grant.objects.filter(person=resident, gone=True).exists()
    assert tasks.confirm_erasure is not None


def test_somebody_who_proved_nothing_closes_no_account(resident: Person) -> None:
    assert Door.of(resident).post("/rights/cancellation").code == "proof_required"
    assert proven(resident).post("/rights/cancellation").status == 201


def test_it_waits_for_partners_that_keep_something_and_not_for_an_authority(
    door: Door, resident: Person, django_capture_on_commit_callbacks: object
) -> None:
    for recipient in ("sms", "authority", "push_google"):  # a push service keeps nothing
        Sharing.objects.create(
            subject=resident.pk, recipient=recipient, purpose="account", fields=["phone"], result=Sharing.Result.SENT
        )
    door.post("/rights/cancellation")
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        request = _carried_out(resident)
    assert not cancellation.settle(request.pk)
    with scope.platform():
        assert [one.place for one in request.targets.filter(kind=TargetKind.PARTNER)] == ["sms"]
    cancellation.partner_confirms(request, "sms", actor=factories.person().pk)
    assert cancellation.settle(request.pk)
