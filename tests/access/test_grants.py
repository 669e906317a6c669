"""What gates are told about people: never more than holds, and never later than the change."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from anju.access import actions, enrolment, gate_link, tasks
from anju.access.models import Face, Gate, Grant, PhoneKey, RegistrationCode
from anju.access.purposes import FACE_OPENING, GATE_OPENING
from anju.bus import client as bus
from anju.bus import subjects
from anju.grants import encoding, signing
from anju.grants.grant import Ended, Way, parse
from anju.grants.grant import Grant as GateGrant
from anju.homes import actions as homes
from anju.homes.models import Community, Member
from anju.homes.purposes import HOME_CERTIFICATION
from anju.people.models import Person
from anju.privacy import scope
from tests import factories
from tests.access.conftest import join
from tests.doors import Door


def held(person: Person) -> list[Grant]:
    with scope.platform():
        return list(Grant.objects.filter(person=person))


def told(gate: Gate) -> list[GateGrant | Ended]:
    """Send what waits and read it from the stream as the gate would, signatures checked."""
    tasks.send_grants([str(gate.pk)])

    async def read(client: Any) -> list[GateGrant | Ended]:
        stream = client.jetstream()
        found = []
        for subject in await subjects_of(stream, gate):
            message = await stream.get_last_msg(subjects.GRANTS_STREAM, subject)
            header = (message.headers or {}).get(signing.HEADER)
            assert signing.verify(gate_link.platform_key().public_key(), subject, message.data, header)
            found.append(parse(message.data))
        return found

    return bus.run(read)


async def subjects_of(stream: Any, gate: Gate) -> list[str]:
    info = await stream.stream_info(subjects.GRANTS_STREAM, subjects_filter=subjects.grants(gate.pk))
    return list(info.state.subjects or {})


def refresh(person: Person, community: Community) -> None:
    actions.refresh(person.pk, community.pk)


def test_a_resident_who_agrees_may_open_from_the_phone(resident: Person, gate: Gate) -> None:
    assert [one.payload["ways"] for one in held(resident)] == [["remote"]]


def test_a_gate_that_joins_learns_everybody_who_lives_there(resident: Person, gate: Gate, community: Community) -> None:
    other = factories.resident(community, "102")
    second = join(factories.gate(community, "西门"))
    ids = {grant.gate_id for grant in [*held(resident), *held(other)]}
    assert second.pk in ids
    assert len(told(second)) == 2


def test_without_any_agreed_way_a_gate_is_told_nothing(community: Community, gate: Gate) -> None:
    quiet = factories.resident(community, "103", agrees=(HOME_CERTIFICATION,))
    refresh(quiet, community)
    assert held(quiet) == []


def test_a_gate_is_told_opaque_ids_windows_and_keys_and_nothing_else(resident: Person, gate: Gate) -> None:
    key = factories.phone_key(resident)
    refresh(resident, gate.community)
    (grant,) = [one for one in told(gate) if isinstance(one, GateGrant)]
    assert grant.ways == {Way.REMOTE, Way.QR, Way.NEARBY}
    assert list(grant.keys) == [key.pk]
    (row,) = held(resident)
    said = json.loads(gate_link.message(row))
    assert set(said) == {"id", "rev", "holder", "ways", "from", "until", "keys", "face", "marks", "uses", "floors"}
    assert str(resident.pk) not in json.dumps(said)


def test_a_phone_key_appears_and_disappears_at_the_gate(resident: Person, gate: Gate) -> None:
    door = Door.of(resident)
    made = door.post("/keys", {"public": encoding.encode(factories.key()[1]), "label": "小安的手机"})
    assert made.status == 201, made.body
    assert any(isinstance(one, GateGrant) and one.keys for one in told(gate))
    assert door.delete(f"/keys/{made.body['id']}").status == 204
    assert all(isinstance(one, GateGrant) and not one.keys for one in told(gate))


def test_a_key_that_is_none_is_refused(resident: Person, gate: Gate) -> None:
    door = Door.of(resident)
    for public in ("", "AAAA", "%%%", "A" * 87):
        assert door.post("/keys", {"public": public, "label": "x"}).code == "bad_key"


def test_nobody_registers_a_sixth_phone_or_another_ones_key(resident: Person, community: Community, gate: Gate) -> None:
    public = encoding.encode(factories.key()[1])
    door = Door.of(resident)
    assert door.post("/keys", {"public": public}).status == 201
    other = Door.of(factories.resident(community, "104"))
    assert other.post("/keys", {"public": public}).code == "known_key"
    for _ in range(4):
        factories.phone_key(resident)
    assert door.post("/keys", {"public": encoding.encode(factories.key()[1])}).code == "too_many_keys"


def test_moving_out_ends_every_right_at_once(resident: Person, gate: Gate) -> None:
    with scope.platform():
        homes.end_membership(Member.objects.get(person=resident))
    (grant,) = held(resident)
    assert grant.gone
    assert grant.payload == {}
    assert [type(one) for one in told(gate)] == [Ended]


def test_a_tenancy_with_an_end_is_told_with_its_end(community: Community, gate: Gate) -> None:
    tenant = factories.person(factories.EVERYTHING)
    until = timezone.now() + timedelta(days=30)
    factories.member(tenant, factories.home(community, "105"), until=until)
    refresh(tenant, community)
    (grant,) = held(tenant)
    assert grant.payload["until"] == until.isoformat()


def test_withdrawing_phone_opening_leaves_the_face_way(resident: Person, gate: Gate) -> None:
    factories.face(resident)
    factories.phone_key(resident)
    refresh(resident, gate.community)
    Door.of(resident).delete(f"/consents/{GATE_OPENING.code}")
    (grant,) = held(resident)
    assert grant.payload["ways"] == ["face"]
    with scope.platform():
        assert not PhoneKey.objects.filter(person=resident).exists()


def test_withdrawing_face_opening_deletes_the_template_and_leaves_the_phone(resident: Person, gate: Gate) -> None:
    factories.face(resident)
    refresh(resident, gate.community)
    answer = Door.of(resident).delete(f"/consents/{FACE_OPENING.code}")
    assert "人脸特征" in answer.body["erased"]
    with scope.platform():
        assert not Face.objects.filter(person=resident).exists()
    (grant,) = held(resident)
    assert grant.payload["ways"] == ["remote"]
    assert grant.payload["face"] is None


def test_a_change_goes_out_with_a_higher_rev_and_only_when_something_changed(resident: Person, gate: Gate) -> None:
    (before,) = held(resident)
    refresh(resident, gate.community)
    (same,) = held(resident)
    assert same.rev == before.rev
    factories.phone_key(resident)
    refresh(resident, gate.community)
    (after,) = held(resident)
    assert after.rev == before.rev + 1


def test_the_message_to_the_gate_is_queued_with_the_change(resident: Person, gate: Gate) -> None:
    before = ProcrastinateJob.objects.filter(task_name="access.send_grants").count()
    factories.phone_key(resident)
    refresh(resident, gate.community)
    assert ProcrastinateJob.objects.filter(task_name="access.send_grants").count() == before + 1


def test_a_used_unknown_or_expired_registration_code_is_refused(
    streams: None, community: Community, nobody: Door
) -> None:
    gate = factories.gate(community, "南门")
    with scope.platform():
        code = actions.make_code(gate, staff=None)

    def ask(with_code: str) -> Any:
        body = {"nkey": factories.nkey(), "box_key": encoding.encode(factories.box_key()), "version": "t"}
        return nobody.post("/gates/register", {"code": with_code, **body})

    assert ask("WRNG-CODE").code == "bad_code"
    answer = ask(code)
    assert answer.status == 201
    assert answer.body["gate"] == str(gate.pk)
    assert ask(code).code == "bad_code"
    with scope.platform():
        late = actions.make_code(gate, staff=None)
        RegistrationCode.objects.filter(gate=gate).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert ask(late).code == "bad_code"


@pytest.mark.parametrize("bad", [{"nkey": "SUAHEXXX"}, {"box_key": "AAAA"}, {"box_key": "%%"}])
def test_a_foreign_key_is_refused_and_the_code_stays_good(
    streams: None, community: Community, nobody: Door, bad: dict[str, str]
) -> None:
    gate = factories.gate(community, "北门")
    with scope.platform():
        code = actions.make_code(gate, staff=None)
    body = {"code": code, "nkey": factories.nkey(), "box_key": encoding.encode(factories.box_key()), "version": "t"}
    assert nobody.post("/gates/register", body | bad).code == "bad_key"
    assert nobody.post("/gates/register", body).status == 201


def test_a_tenancy_that_begins_later_is_told_with_its_beginning(streams: None, community: Community) -> None:
    tenant = factories.person(factories.EVERYTHING)
    since = timezone.now() + timedelta(days=3)
    factories.member(tenant, factories.home(community, "107"), since=since)
    gate = join(factories.gate(community))
    assert [one.payload["from"] for one in held(tenant)] == [since.isoformat()]
    assert len(told(gate)) == 1


def test_nobody_comes_in_between_two_tenancies(community: Community, gate: Gate) -> None:
    tenant = factories.person(factories.EVERYTHING)
    ends, begins = timezone.now() + timedelta(days=1), timezone.now() + timedelta(days=9)
    factories.member(tenant, factories.home(community, "108"), until=ends)
    factories.member(tenant, factories.home(community, "109"), since=begins)
    refresh(tenant, community)
    assert [one.payload["until"] for one in held(tenant)] == [ends.isoformat()]


def test_what_time_has_ended_is_ended_at_the_gate_as_well(community: Community, gate: Gate) -> None:
    tenant = factories.person(factories.EVERYTHING)
    row = factories.member(tenant, factories.home(community, "110"), until=timezone.now() + timedelta(days=1))
    factories.face(tenant)
    refresh(tenant, community)
    past = timezone.now() - timedelta(seconds=1)
    with scope.platform():
        Member.objects.filter(pk=row.pk).update(since=past - timedelta(days=1), until=past)
        Grant.objects.filter(person=tenant).update(payload={**held(tenant)[0].payload, "until": past.isoformat()})
    tasks.catch_up(0)
    (grant,) = held(tenant)
    assert grant.gone
    assert grant.sent_rev == grant.rev
    assert Door.of(tenant).get("/gates").body == []


def test_a_gate_learns_what_a_lost_job_left_untold(resident: Person, gate: Gate) -> None:
    Door.of(resident).delete(f"/consents/{GATE_OPENING.code}")
    ProcrastinateJob.objects.filter(task_name="access.send_grants").delete()
    assert held(resident)[0].sent_rev == 1
    tasks.catch_up(0)
    assert held(resident)[0].sent_rev == 2


def test_two_who_look_alike_need_the_higher_bar_until_one_of_them_leaves(community: Community, gate: Gate) -> None:
    one, twin = factories.resident(community, "111"), factories.resident(community, "112")
    vectors = factories.vectors(4)
    for who, its in ((one, vectors[:2]), (twin, vectors[2:])):
        with scope.person(who.pk):
            enrolment._keep(who, its)
    assert [held(who)[0].payload["face"]["strict"] for who in (one, twin)] == [True, True]
    Door.of(twin).delete(f"/consents/{FACE_OPENING.code}")
    assert ProcrastinateJob.objects.filter(task_name="access.review_look_alikes").exists()
    tasks.review_look_alikes(str(community.pk))
    assert held(one)[0].payload["face"]["strict"] is False
    assert Door.of(one).get("/face").body["look_alike"] is False


def test_somebody_who_moves_in_with_a_face_is_compared_with_the_neighbours(community: Community, gate: Gate) -> None:
    one, twin = factories.resident(community, "113"), factories.person(factories.EVERYTHING)
    elsewhere = factories.community()
    factories.member(twin, factories.home(elsewhere))
    vectors = factories.vectors(4)
    for who, its in ((one, vectors[:2]), (twin, vectors[2:])):
        with scope.person(who.pk):
            enrolment._keep(who, its)
    factories.member(twin, factories.home(community, "114"))
    homes.membership_changed.send(Member, person=twin.pk, community=community.pk)
    assert ProcrastinateJob.objects.filter(task_name="access.compare_face").exists()
    tasks.compare_face(str(twin.pk))
    assert [held(who)[0].payload["face"]["strict"] for who in (one, twin)] == [True, True]


def test_a_gate_that_is_silent_keeps_one_thread_busy_and_not_all(
    resident: Person, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    door = Door.of(resident)
    meanwhile: list[Any] = []

    def silent(*_: Any) -> dict[str, Any]:
        meanwhile.append(door.post(f"/gates/{gate.pk}/open"))
        return {"ok": True, "at": timezone.now().isoformat(), "entry": None}

    monkeypatch.setattr(gate_link, "open_gate", silent)
    assert door.post(f"/gates/{gate.pk}/open").status == 200
    assert [(one.status, one.code) for one in meanwhile] == [(429, "too_many")]


def test_a_device_does_not_wait_until_thousands_are_granted(
    streams: None, community: Community, nobody: Door, resident: Person
) -> None:
    gate = factories.gate(community, "新门")
    with scope.platform():
        code = actions.make_code(gate, staff=None)
    body = {"nkey": factories.nkey(), "box_key": encoding.encode(factories.box_key()), "version": "t"}
    assert nobody.post("/gates/register", {"code": code, **body}).status == 201
    assert held(resident) == []
    (job,) = ProcrastinateJob.objects.filter(task_name="access.grant_everybody")
    tasks.grant_everybody(**job.args)
    assert len(held(resident)) == 1
