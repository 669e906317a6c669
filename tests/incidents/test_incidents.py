"""An incident from finding to closing: who was affected, who is told, by whose word, by when."""

import re
from collections.abc import Callable
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from anju.homes.models import Community, Duty
from anju.incidents import actions, drafts, telling
from anju.incidents.models import Affected, Incident
from anju.notices.models import Notice
from anju.partners.models import OutboxMessage
from anju.people.models import Person
from anju.privacy import scope
from anju.privacy.models import AuditEntry, Sharing
from tests import factories
from tests.console.conftest import Desk
from tests.doors import Door

Register = Callable[..., Incident]
Work = Callable[[], int]


def read(desk: Desk, who: Person, place: Community, field: str = "id_number") -> None:
    """A member of staff reads something of somebody in full."""
    application = factories.application(place, "201", who=who)
    answer = desk.post(f"reviews/{application.pk}/reveal/", {"field": field, "reason": "review"})
    assert answer.status_code == 200


def affected(incident: Incident) -> dict[object, list[str]]:
    with scope.platform():
        return dict(Affected.objects.filter(incident=incident).values_list("subject", "places"))


def state(incident: Incident) -> str:
    with scope.platform():
        return str(Incident.objects.get(pk=incident.pk).state)


def notices_of(who: Person) -> list[str]:
    with scope.person(who.pk):
        return [one.body.open() for one in Notice.objects.filter(person=who)]


@pytest.fixture
def lan(community: Community) -> Person:
    return factories.resident(community)


@pytest.fixture
def misuse(reviewer: Desk, dpo: Desk, lan: Person, community: Community, register: Register) -> Incident:
    """Measured: a reviewer read lan's ID number."""
    read(reviewer, lan, community)
    made = register(actors=[str(reviewer.person.pk)])
    dpo.post(f"incidents/{made.pk}/measure/")
    return made


def test_whoever_was_read_is_affected_and_nobody_else(
    misuse: Incident, lan: Person, manager: Desk, community: Community
) -> None:
    assert affected(misuse) == {lan.pk: ["homes.Application.id_number"]}


def test_only_the_actors_the_window_and_the_fields_count(
    reviewer: Desk, manager: Desk, dpo: Desk, community: Community, register: Register
) -> None:
    mine, theirs, other = (factories.resident(community, room) for room in ("101", "102", "103"))
    read(reviewer, mine, community)
    read(manager, theirs, community)
    read(reviewer, other, community, field="name")
    made = register(actors=[str(reviewer.person.pk)], places=["homes.Application.id_number"])
    dpo.post(f"incidents/{made.pk}/measure/")
    assert set(affected(made)) == {mine.pk}
    yesterday = timezone.localtime() - timedelta(days=1)
    old = register(
        actors=[str(reviewer.person.pk)],
        began=f"{yesterday:%Y-%m-%d}T00:00",
        ended=f"{yesterday:%Y-%m-%d}T23:59",
    )
    dpo.post(f"incidents/{old.pk}/measure/")
    assert affected(old) == {}


def test_what_went_to_a_recipient_counts(dpo: Desk, lan: Person, elsewhere: Community, register: Register) -> None:
    stranger = factories.resident(elsewhere)
    for who, result in ((lan, "sent"), (stranger, "sent")):
        Sharing.objects.create(subject=who.pk, recipient="sms", purpose="account", fields=["phone"], result=result)
    refused = factories.person()
    Sharing.objects.create(subject=refused.pk, recipient="sms", purpose="account", fields=["phone"], result="refused")
    made = register(kind="leak", recipients=["sms"])
    dpo.post(f"incidents/{made.pk}/measure/")
    assert affected(made) == {lan.pk: ["shared:sms.phone"]}


def test_a_stolen_store_affects_everybody_of_whom_it_held_something(
    dpo: Desk, lan: Person, elsewhere: Community, register: Register
) -> None:
    factories.resident(elsewhere)
    made = register(kind="leak", whole="on", places=["homes.Member.name"])
    dpo.post(f"incidents/{made.pk}/measure/")
    assert affected(made) == {lan.pk: ["homes.Member.name"]}


def test_the_drafts_say_what_the_law_asks_for_in_both_languages(misuse: Incident, dpo: Desk) -> None:
    page = dpo.text(f"incidents/{misuse.pk}/")
    for words in (
        "可能的影响",
        "已采取的措施",
        "您可以",
        "联系我们",
        "What may come of it",
        "What you can do",
        "Contact",
    ):
        assert words in page
    assert "受影响人数：1 人" in page and "证件号码" in page and "People affected: 1" in page


def confirmed(dpo: Desk, incident: Incident) -> None:
    """The officer checks what is marked and submits it."""
    with scope.platform():
        texts = drafts.checked(Incident.objects.get(pk=incident.pk))
    form = {f"{name}-{language}": text for name, both in texts.items() for language, text in both.items()}
    dpo.post(f"incidents/{incident.pk}/edit/", form)
    assert dpo.post(f"incidents/{incident.pk}/confirm/").status_code == 302


def told(dpo: Desk, manager: Desk, incident: Incident, work: Work) -> None:
    confirmed(dpo, incident)
    manager.post(f"incidents/{incident.pk}/send/", {"decision": "send"})
    work()


def test_what_the_program_cannot_know_is_checked_before_it_goes_out(misuse: Incident, dpo: Desk, manager: Desk) -> None:
    assert "【请核实】" in dpo.text(f"incidents/{misuse.pk}/")
    answer = dpo.post(f"incidents/{misuse.pk}/confirm/")
    assert answer.status_code == 422 and "请按实际情况改好" in answer.content.decode()
    assert state(misuse) == "open"
    assert not any("待批准" in text for text in notices_of(manager.person))
    confirmed(dpo, misuse)
    assert state(misuse) == "confirmed"
    assert any("待批准" in text for text in notices_of(manager.person))


def test_everybody_affected_is_told_once_in_their_language(
    misuse: Incident, dpo: Desk, manager: Desk, lan: Person, work: Work
) -> None:
    Person.objects.filter(pk=lan.pk).update(language="en")
    told(dpo, manager, misuse, work)
    (text,) = notices_of(lan)
    assert "ID number" in text or "identity" in text.lower()
    assert "{kinds}" not in text and not re.search(r"[一-鿿]", text.replace(str(lan), "").split("Contact")[0][-40:])
    assert OutboxMessage.objects.filter(subject=lan.pk, kind="notice").count() == 1
    assert telling.tell(misuse.pk) == 0
    assert len(notices_of(lan)) == 1
    assert state(misuse) == "notified"
    assert "应用内通知和短信 1" in dpo.text(f"incidents/{misuse.pk}/")


def test_a_job_that_died_halfway_tells_the_rest_and_nobody_twice(
    dpo: Desk, manager: Desk, reviewer: Desk, community: Community, register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [factories.resident(community, room) for room in ("101", "102", "103")]
    for who in people:
        read(reviewer, who, community)
    made = register(actors=[str(reviewer.person.pk)])
    dpo.post(f"incidents/{made.pk}/measure/")
    confirmed(dpo, made)
    manager.post(f"incidents/{made.pk}/send/", {"decision": "send"})
    monkeypatch.setattr(telling, "BATCH", 1)
    one, calls = telling._one, []

    def dies(*args: object) -> object:
        calls.append(args)
        if len(calls) == 2:
            raise RuntimeError("the worker was killed")
        return one(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(telling, "_one", dies)
    from django.db import transaction

    with pytest.raises(RuntimeError), transaction.atomic():
        telling.tell(made.pk)
    monkeypatch.setattr(telling, "_one", one)
    telling.tell(made.pk)
    assert [len(notices_of(who)) for who in people] == [1, 1, 1]


def test_who_cannot_be_reached_gets_a_public_announcement(
    misuse: Incident, dpo: Desk, manager: Desk, lan: Person, work: Work, nobody: Door
) -> None:
    assert nobody.get("/announcements").body == []
    Person.objects.filter(pk=lan.pk).update(is_active=False)
    told(dpo, manager, misuse, work)
    assert notices_of(lan) == []
    (shown,) = nobody.get("/announcements").body
    assert "公告" in shown["text"]
    (english,) = Door(nobody.client, "en").get("/announcements").body
    assert "Announcement" in english["text"]


def test_nobody_approves_what_they_prepared(misuse: Incident, dpo: Desk, lan: Person, work: Work) -> None:
    confirmed(dpo, misuse)
    answer = dpo.post(f"incidents/{misuse.pk}/send/", {"decision": "send"})
    assert answer.status_code == 403 and "不能批准自己准备的告知" in answer.content.decode()
    assert work() == 0 and notices_of(lan) == []


def test_texts_are_changed_before_and_not_after(
    misuse: Incident, dpo: Desk, manager: Desk, lan: Person, work: Work
) -> None:
    texts = {
        f"{name}-{language}": f"{name} 涉及您的信息：{{kinds}}，这是人工改过的一段文字，长度足够。"
        for name in ("notice", "announcement", "report")
        for language in ("zh-hans", "en")
    }
    assert dpo.post(f"incidents/{misuse.pk}/edit/", {**texts, "notice-en": "too short"}).status_code == 422
    assert dpo.post(f"incidents/{misuse.pk}/edit/", texts).status_code == 302
    told(dpo, manager, misuse, work)
    assert "人工改过" in notices_of(lan)[0] and "证件号码" in notices_of(lan)[0]
    assert dpo.post(f"incidents/{misuse.pk}/edit/", texts).status_code == 409


def test_it_is_closed_only_when_people_were_told_and_the_authority_was(
    misuse: Incident, dpo: Desk, manager: Desk, work: Work
) -> None:
    assert dpo.post(f"incidents/{misuse.pk}/close/").status_code == 409
    assert dpo.post(f"incidents/{misuse.pk}/report/", {"how": "portal", "receipt": ""}).status_code == 422
    dpo.post(f"incidents/{misuse.pk}/report/", {"how": "portal", "receipt": "JN-2026-001"})
    told(dpo, manager, misuse, work)
    assert state(misuse) == "reported"
    dpo.post(f"incidents/{misuse.pk}/close/")
    assert state(misuse) == "closed"
    steps = AuditEntry.objects.filter(action="incident", target_id=str(misuse.pk)).order_by("id")
    assert list(steps.values_list("reason", flat=True)) == [
        "found", "measured", "reported", "edited", "confirmed", "approved", "told", "closed",
    ]  # fmt: skip


def test_the_four_hours_are_watched(misuse: Incident, dpo: Desk, operator: Desk) -> None:
    def reminded() -> int:
        return len([text for text in notices_of(dpo.person) if "报告" in text])

    first = reminded()
    assert first == 1
    assert actions.remind() == 0
    for hours, more in ((2.1, 1), (2.2, 0), (3.1, 1), (4.1, 1), (5.2, 1)):
        before = reminded()
        with scope.platform():
            Incident.objects.filter(pk=misuse.pk).update(found_at=timezone.now() - timedelta(hours=hours))
        actions.remind()
        assert reminded() - before == more, hours
    assert "已超过报告时限" in dpo.text("") and "tile alarm" in dpo.text("")
    assert "已超时限" in dpo.text("incidents/")
    dpo.post(f"incidents/{misuse.pk}/report/", {"how": "phone", "receipt": "7"})
    before = reminded()
    actions.remind()
    assert reminded() == before and "已超过报告时限" not in dpo.text("")


def test_the_note_is_sealed(register: Register, reviewer: Desk, dpo: Desk, manager: Desk) -> None:
    made = register(actors=[str(reviewer.person.pk)], note="后台账号被借用")
    with scope.platform():
        stored = bytes(Incident.objects.get(pk=made.pk).note or b"")
    assert stored and "后台账号".encode() not in stored
    assert "后台账号被借用" in dpo.text(f"incidents/{made.pk}/")
    assert "后台账号被借用" not in manager.text(f"incidents/{made.pk}/")


def test_other_communities_see_nothing_of_it(misuse: Incident, elsewhere: Community) -> None:
    stranger = Desk(factories.staff(elsewhere, Duty.DPO))
    assert stranger.get(f"incidents/{misuse.pk}/").status_code == 404
    for step in ("measure", "edit", "confirm", "send", "report", "close"):
        assert stranger.post(f"incidents/{misuse.pk}/{step}/").status_code == 404
    assert state(misuse) == "open"


def test_the_whole_installations_are_the_operators(operator: Desk, dpo: Desk, reviewer: Desk) -> None:
    from tests.incidents.conftest import form

    facts = form(actors=[str(reviewer.person.pk)])
    assert dpo.post("incidents/new/", facts).status_code == 422
    assert operator.post("incidents/new/", facts).status_code == 302
    with scope.platform():
        made = Incident.objects.latest("id")
    assert dpo.get(f"incidents/{made.pk}/").status_code == 404
    assert operator.get(f"incidents/{made.pk}/").status_code == 200


def test_a_drill_goes_all_the_way_and_tells_nobody(
    reviewer: Desk, manager: Desk, operator: Desk, lan: Person, community: Community
) -> None:
    read(reviewer, lan, community)
    out = StringIO()
    call_command("incident_drill", stdout=out)
    with scope.platform():
        made = Incident.objects.get(drill=True)
        assert list(made.affected.values_list("subject", "told")) == [(lan.pk, "drill")]
    assert made.state == "closed"
    assert notices_of(lan) == [] and notices_of(operator.person) == []
    assert "1 people affected, 0 told" in out.getvalue() and " ms" in out.getvalue()
