"""What leaves the console leaves by two people, marked, and not for long."""

import io
from collections.abc import Callable
from datetime import timedelta

import openpyxl
import pytest
from django.contrib import admin
from django.test import Client
from django.utils import timezone
from import_export.mixins import BaseExportMixin

from anju.homes.models import Community, Duty
from anju.homes.purposes import HOME_CERTIFICATION
from anju.oversight import exports, papers
from anju.oversight.models import Export
from anju.people.models import Person
from anju.privacy import consent, scope
from anju.privacy.models import AuditEntry
from anju.privacy.vault import vault
from tests import factories, racing
from tests.console.conftest import Desk

Work = Callable[[], int]


def asked(desk: Desk, community: Community, **facts: str) -> Export:
    form = {"community": str(community.pk), "what": "residents", "reason": "roll", **facts}
    answer = desk.post("exports/", form)
    assert answer.status_code == 302, answer.content.decode()
    with scope.platform():
        return Export.objects.latest("id")


def approved(manager: Desk, dpo: Desk, community: Community, work: Work, **facts: str) -> Export:
    export = asked(manager, community, **facts)
    dpo.post(f"exports/{export.pk}/decide/", {"decision": "approve"})
    work()
    return export


def steps(export: Export) -> list[str]:
    found = AuditEntry.objects.filter(action="export", target_id=str(export.pk)).order_by("id")
    return list(found.values_list("reason", flat=True))


def test_a_list_asked_for_approved_made_and_downloaded(
    manager: Desk, dpo: Desk, community: Community, work: Work
) -> None:
    who = factories.person(factories.EVERYTHING)
    factories.member(who, factories.home(community), name="诸葛小明")
    export = approved(manager, dpo, community, work)
    answer = manager.post(f"exports/{export.pk}/download/")
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    cells = [str(cell) for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row if cell]
    assert "诸***" in cells and not any("诸葛小明" in cell for cell in cells)
    for sheet in book:
        assert str(export.pk) in sheet.oddHeader.center.text and str(manager.person) in sheet.oddHeader.center.text
    assert str(export.pk) in book.properties.description and str(manager.person) in book.properties.creator
    assert steps(export) == ["asked", "approved", "made", "downloaded"]


def test_nothing_is_made_before_somebody_else_approves(manager: Desk, community: Community, work: Work) -> None:
    export = asked(manager, community)
    assert manager.post(f"exports/{export.pk}/decide/", {"decision": "approve"}).status_code == 403
    assert work() == 0
    assert manager.post(f"exports/{export.pk}/download/").status_code == 410


def test_only_whoever_asked_downloads_it(
    manager: Desk, dpo: Desk, desk: Callable[..., Desk], community: Community, work: Work
) -> None:
    export = approved(manager, dpo, community, work)
    for other in (dpo, desk(Duty.MANAGER)):
        answer = other.post(f"exports/{export.pk}/download/")
        assert answer.status_code == 403 and not answer.content.startswith(b"PK")


def test_three_downloads_and_it_is_gone_with_its_key(
    manager: Desk,
    dpo: Desk,
    community: Community,
    work: Work,
    django_capture_on_commit_callbacks: Callable[..., object],
) -> None:
    export = approved(manager, dpo, community, work)
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[attr-defined]
        for _ in range(3):
            assert manager.post(f"exports/{export.pk}/download/").content.startswith(b"PK")
    assert manager.post(f"exports/{export.pk}/download/").status_code == 410
    with scope.platform():
        assert Export.objects.get(pk=export.pk).file is None
    assert not vault().knows(papers.key(export, "file"))
    assert steps(export)[-1] == "destroyed"


def test_after_a_day_it_is_gone(manager: Desk, dpo: Desk, community: Community, work: Work) -> None:
    export = approved(manager, dpo, community, work)
    with scope.platform():
        Export.objects.filter(pk=export.pk).update(made_at=timezone.now() - timedelta(hours=25))
    assert manager.post(f"exports/{export.pk}/download/").status_code == 410
    assert exports.destroy_old() == 1
    with scope.platform():
        assert Export.objects.get(pk=export.pk).file is None


def test_it_is_sealed_at_rest(manager: Desk, dpo: Desk, community: Community, work: Work) -> None:
    export = approved(manager, dpo, community, work)
    with scope.platform():
        stored = bytes(Export.objects.get(pk=export.pk).file or b"")
    assert stored and b"PK\x03\x04" not in stored


def test_entries_want_days_and_no_more_than_a_month(
    manager: Desk, dpo: Desk, community: Community, work: Work, resident: Person
) -> None:
    factories.entry(factories.gate(community), resident)
    form = {"community": str(community.pk), "what": "entries", "reason": "dispute"}
    assert manager.post("exports/", form).status_code == 422
    long = {**form, "first_day": "2026-01-01", "last_day": "2026-03-01"}
    assert "31 天" in manager.post("exports/", long).content.decode()
    today = str(timezone.localdate())
    export = approved(manager, dpo, community, work, what="entries", reason="dispute", first_day=today, last_day=today)
    book = openpyxl.load_workbook(io.BytesIO(manager.post(f"exports/{export.pk}/download/").content))
    assert book["通行记录"].max_row == 3


def test_what_a_building_is_called_is_no_formula(manager: Desk, dpo: Desk, community: Community, work: Work) -> None:
    home = factories.home(community)
    with scope.platform():
        home.unit.building.name = "=1+1"
        home.unit.building.save()
    factories.member(factories.person(factories.EVERYTHING), home)
    export = approved(manager, dpo, community, work)
    book = openpyxl.load_workbook(io.BytesIO(manager.post(f"exports/{export.pk}/download/").content))
    assert all(cell.data_type != "f" for sheet in book for row in sheet.iter_rows() for cell in row)


def test_progress_is_seen(manager: Desk, community: Community) -> None:
    export = asked(manager, community)
    with scope.platform():
        Export.objects.filter(pk=export.pk).update(step="approved", total=200, done=90)
    assert "正在生成 45%" in manager.text("exports/rows/")


def test_another_communitys_list_cannot_be_asked_for(manager: Desk, elsewhere: Community) -> None:
    form = {"community": str(elsewhere.pk), "what": "residents", "reason": "roll"}
    assert manager.post("exports/", form).status_code == 422
    with scope.platform():
        assert not Export.objects.exists()


@pytest.mark.parametrize("model", sorted(admin.site._registry, key=lambda model: model._meta.label))
def test_no_models_page_has_an_export_of_its_own(model: type, operator: Desk) -> None:
    page = admin.site._registry[model]
    assert not isinstance(page, BaseExportMixin)
    assert "export" not in {url.name and url.name.rsplit("_", 1)[-1] for url in page.get_urls()}
    assert isinstance(operator.client, Client)


def test_downloads_at_once_are_counted_all_the_same(django_db_setup: None, django_db_blocker: object) -> None:
    with racing.committed(django_db_blocker):
        place = factories.community()
        asker = factories.staff(place, Duty.MANAGER)
        export = Export(community=place, what="residents", asker=asker.pk, reason="roll", step="approved", downloads=2)
        papers.seal(export, "file", b"PK a list")
        export.made_at = timezone.now()
        export.save()

        def download() -> object:
            with scope.platform():
                return exports.download(export, staff=asker)

        refused = racing.overtaken(download, download)
        assert getattr(refused, "code", "") == "export_gone"


def test_whoever_had_the_use_of_their_data_stopped_is_not_in_it(
    manager: Desk, dpo: Desk, community: Community, work: Work, resident: Person
) -> None:
    other = factories.resident(community, "102")
    with scope.person(resident.pk):
        consent.restrict(resident.pk, HOME_CERTIFICATION)
    export = approved(manager, dpo, community, work)
    book = openpyxl.load_workbook(io.BytesIO(manager.post(f"exports/{export.pk}/download/").content))
    homes = [row[0] for row in book["住户名册"].iter_rows(min_row=3, values_only=True)]
    assert homes == ["1栋1单元102"] and other
