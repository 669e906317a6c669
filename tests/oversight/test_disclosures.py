"""What authorities get: by a paper, of chosen persons, the chosen fields, by three people, and the person knows."""

import io
from datetime import timedelta
from typing import Any

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from anju.access.models import Entry
from anju.homes.models import Community, Duty
from anju.notices.models import Notice
from anju.oversight import disclosures, papers
from anju.oversight.models import Disclosed, Disclosure
from anju.people.models import Person
from anju.privacy import scope
from anju.privacy.models import AuditEntry, Sharing
from anju.privacy.vault import vault
from tests import factories, racing
from tests.console.conftest import Desk

PDF = b"%PDF-1.7 a paper with a stamp"
NAME = "令狐小冲"


@pytest.fixture
def chong(community: Community) -> Person:
    who = factories.person(factories.EVERYTHING)
    factories.member(who, factories.home(community), name=NAME)
    return who


@pytest.fixture
def second(community: Community) -> Desk:
    """Another manager."""
    return Desk(factories.staff(community, Duty.MANAGER))


def form(community: Community, who: Person, **facts: Any) -> dict[str, Any]:  # Any: a form's values
    return {
        "community": str(community.pk),
        "authority": "历下区公安分局",
        "basis": "刑事诉讼法第五十四条",
        "number": "历公调证字〔2026〕12号",
        "document": SimpleUploadedFile("paper.pdf", PDF),
        "phones": who.phone.open(),
        "places": ["homes.Member.name"],
        **facts,
    }


def asked(desk: Desk, community: Community, who: Person, **facts: Any) -> Disclosure:  # Any: a form's values
    answer = desk.post("disclosures/new/", form(community, who, **facts))
    assert answer.status_code == 302, answer.content.decode()
    with scope.platform():
        return Disclosure.objects.latest("id")


def decide(desk: Desk, disclosure: Disclosure, decision: str = "approve") -> int:
    return desk.post(f"disclosures/{disclosure.pk}/decide/", {"decision": decision}).status_code


def taken(desk: Desk, disclosure: Disclosure) -> list[str]:
    """What the file says, after it was made and taken."""
    assert desk.post(f"disclosures/{disclosure.pk}/produce/").status_code == 302
    answer = desk.post(f"disclosures/{disclosure.pk}/hand-over/")
    assert answer.status_code == 200
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    for sheet in book:
        assert str(disclosure.pk) in sheet.oddHeader.center.text
    return [str(cell) for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row if cell]


def notices_of(who: Person) -> list[str]:
    with scope.person(who.pk):
        return [one.body.open() for one in Notice.objects.filter(person=who)]


def test_the_chosen_fields_of_the_chosen_persons_and_no_more(
    manager: Desk, dpo: Desk, second: Desk, community: Community, chong: Person
) -> None:
    other = factories.resident(community, "102")
    disclosure = asked(manager, community, chong)
    assert decide(dpo, disclosure) == 302 and decide(second, disclosure) == 302
    cells = taken(manager, disclosure)
    assert NAME in cells and "历公调证字〔2026〕12号" in cells
    assert not any(chong.phone.open() in cell for cell in cells)
    (row,) = Sharing.objects.filter(recipient="authority")
    assert (row.subject, row.purpose, row.fields) == (chong.pk, "disclosure", ["homes.Member.name"])
    (about,) = AuditEntry.objects.filter(action="disclose", subject=chong.pk)
    assert (about.actor, about.fields) == (manager.person.pk, ["homes.Member.name"])
    (told,) = notices_of(chong)
    assert "历下区公安分局" in told and "姓名" in told and "刑事诉讼法" in told
    assert notices_of(other) == []


def test_it_takes_three_people(manager: Desk, dpo: Desk, second: Desk, community: Community, chong: Person) -> None:
    disclosure = asked(manager, community, chong)
    assert decide(manager, disclosure) == 403
    assert decide(dpo, disclosure) == 302
    assert decide(dpo, disclosure) == 403
    assert manager.post(f"disclosures/{disclosure.pk}/produce/").status_code == 409
    assert decide(second, disclosure) == 302
    assert manager.post(f"disclosures/{disclosure.pk}/produce/").status_code == 302


def test_it_is_made_once_and_taken_once_by_whoever_registered_it(
    manager: Desk, dpo: Desk, second: Desk, community: Community, chong: Person
) -> None:
    disclosure = asked(manager, community, chong)
    decide(dpo, disclosure)
    decide(second, disclosure)
    manager.post(f"disclosures/{disclosure.pk}/produce/")
    assert manager.post(f"disclosures/{disclosure.pk}/produce/").status_code == 409
    assert dpo.post(f"disclosures/{disclosure.pk}/hand-over/").status_code == 403
    assert manager.post(f"disclosures/{disclosure.pk}/hand-over/").status_code == 200
    assert manager.post(f"disclosures/{disclosure.pk}/hand-over/").status_code == 409
    assert Sharing.objects.filter(recipient="authority").count() == 1


def test_a_refused_request_gives_nothing(
    manager: Desk, dpo: Desk, second: Desk, community: Community, chong: Person
) -> None:
    disclosure = asked(manager, community, chong)
    decide(dpo, disclosure, "refuse")
    assert any("未批准" in text for text in notices_of(manager.person))
    assert decide(second, disclosure) == 409
    assert manager.post(f"disclosures/{disclosure.pk}/produce/").status_code == 409
    assert not Sharing.objects.filter(recipient="authority").exists() and notices_of(chong) == []


def test_where_the_law_forbids_it_the_person_is_told_when_the_ban_ends(
    manager: Desk, dpo: Desk, second: Desk, community: Community, chong: Person
) -> None:
    until = timezone.localdate() + timedelta(days=30)
    disclosure = asked(manager, community, chong, silent_until=str(until), silent_basis="反恐怖主义法")
    decide(dpo, disclosure)
    decide(second, disclosure)
    taken(manager, disclosure)
    assert notices_of(chong) == []
    assert not Sharing.objects.filter(subject=chong.pk, recipient="authority").exists()
    assert not AuditEntry.objects.filter(subject=chong.pk, action="disclose").exists()
    assert AuditEntry.objects.filter(action="disclose", reason="disclosure").count() == 1
    assert disclosures.tell_when_allowed() == 0
    with scope.platform():
        Disclosure.objects.filter(pk=disclosure.pk).update(silent_until=timezone.localdate() - timedelta(days=1))
    assert disclosures.tell_when_allowed() == 1
    assert disclosures.tell_when_allowed() == 0
    assert len(notices_of(chong)) == 1
    assert Sharing.objects.filter(subject=chong.pk, recipient="authority").count() == 1


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"document": SimpleUploadedFile("paper.pdf", b"MZ not a paper")}, "PDF 或 JPG"),
        ({"document": SimpleUploadedFile("paper.pdf", PDF + bytes(10 * 1024 * 1024))}, "10 MB"),
        ({"phones": "13000000000"}, "第 1 个手机号"),
        ({"phones": "", "homes": "9栋9单元909"}, "第 1 套房屋"),
        ({"phones": ""}, "1 到 200 人"),
        ({"places": ["access.Entry.at"]}, "起止日期"),
        ({"silent_until": "2099-01-01"}, "写明依据"),
    ],
)
def test_what_is_missing_is_said(
    facts: dict[str, Any], words: str, manager: Desk, community: Community, chong: Person
) -> None:
    if "document" in facts:
        facts["document"].seek(0)
    answer = manager.post("disclosures/new/", form(community, chong, **facts))
    assert answer.status_code == 422 and words in answer.content.decode()
    with scope.platform():
        assert not Disclosure.objects.exists()


def test_face_features_are_not_to_be_had(manager: Desk, community: Community, chong: Person) -> None:
    assert "access.Face.vectors" not in manager.text("disclosures/new/")
    assert manager.post("disclosures/new/", form(community, chong, places=["access.Face.vectors"])).status_code == 422


def test_people_of_other_communities_are_not_to_be_had(
    manager: Desk, elsewhere: Community, community: Community
) -> None:
    answer = manager.post("disclosures/new/", form(community, factories.resident(elsewhere)))
    assert answer.status_code == 422


def test_a_whole_home_and_its_entries_of_the_days_named(
    manager: Desk, dpo: Desk, second: Desk, community: Community, chong: Person
) -> None:
    gate = factories.gate(community)
    factories.entry(gate, chong)
    old = factories.entry(gate, chong)
    with scope.platform():
        Entry.objects.filter(pk=old.pk).update(at=timezone.now() - timedelta(days=9))
    today = str(timezone.localdate())
    disclosure = asked(
        manager,
        community,
        chong,
        phones="",
        homes="1栋1单元101",
        places=["access.Entry.at", "people.Person.phone"],
        first_day=today,
        last_day=today,
    )
    decide(dpo, disclosure)
    decide(second, disclosure)
    cells = taken(manager, disclosure)
    assert chong.phone.open() in cells
    assert sum("通行时间" in cell for cell in cells) == 1


def test_the_paper_is_sealed_and_each_reading_of_it_on_the_record(
    manager: Desk, dpo: Desk, reviewer: Desk, community: Community, chong: Person
) -> None:
    disclosure = asked(manager, community, chong)
    with scope.platform():
        assert PDF not in bytes(Disclosure.objects.get(pk=disclosure.pk).document)
    assert dpo.post(f"disclosures/{disclosure.pk}/document/").content == PDF
    assert reviewer.post(f"disclosures/{disclosure.pk}/document/").status_code == 403
    assert AuditEntry.objects.filter(action="disclose", reason="document", actor=dpo.person.pk).count() == 1


def test_other_communities_see_nothing_of_it(
    manager: Desk, elsewhere: Community, community: Community, chong: Person
) -> None:
    disclosure = asked(manager, community, chong)
    stranger = Desk(factories.staff(elsewhere, Duty.MANAGER))
    assert "历下区公安分局" not in stranger.text("disclosures/")
    assert stranger.get(f"disclosures/{disclosure.pk}/").status_code == 404
    for step in ("document", "decide", "produce", "hand-over"):
        assert stranger.post(f"disclosures/{disclosure.pk}/{step}/", {"decision": "approve"}).status_code == 404


def test_after_three_years_it_is_gone(
    manager: Desk, community: Community, chong: Person, django_capture_on_commit_callbacks: Any
) -> None:
    disclosure = asked(manager, community, chong)
    assert disclosures.forget_old() == 0
    with scope.platform():
        Disclosure.objects.filter(pk=disclosure.pk).update(at=timezone.now() - timedelta(days=3 * 366 + 1))
    with django_capture_on_commit_callbacks(execute=True):
        assert disclosures.forget_old() == 1
    with scope.platform():
        assert not Disclosure.objects.exists() and not Disclosed.objects.exists()
    assert not vault().knows(papers.key(disclosure, "document"))


def test_it_is_made_once_by_two_at_once(django_db_setup: None, django_db_blocker: Any) -> None:
    with racing.committed(django_db_blocker):
        place = factories.community()
        asker, first, second = (factories.staff(place, Duty.MANAGER) for _ in range(3))
        who = factories.resident(place)
        made = Disclosure(
            community=place, asker=asker.pk, first=first.pk, second=second.pk, state="approved", authority="x", basis="x",
            number="x", document_kind="pdf", places=["homes.Member.name"],
        )  # fmt: skip
        papers.seal(made, "document", PDF)
        made.save()
        Disclosed.objects.create(disclosure=made, community=place, subject=who.pk)

        def produce() -> object:
            with scope.platform():
                return disclosures.produce(made, staff=asker)

        refused = racing.overtaken(produce, produce)
        assert getattr(refused, "code", "") == "wrong_state"
        assert Sharing.objects.filter(subject=who.pk, recipient="authority").count() == 1
