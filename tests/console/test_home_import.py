"""Importing homes at the console: nothing is written until it is confirmed, and then all of it."""

import io

from anju.homes import importing, spreadsheets
from anju.homes.models import Building, Community, Duty, Home, Unit
from anju.privacy import scope
from anju.privacy.models import AuditEntry
from tests import factories
from tests.console.conftest import Desk
from tests.factories import workbook

HEAD = ["楼栋", "单元", "房号", "楼层", "建筑面积（平方米）"]
GOOD = ["3栋", "2单元", "1201", "12", "89.5"]


def upload(desk: Desk, place: Community, content: bytes) -> str:
    file = io.BytesIO(content)
    file.name = "homes.xlsx"
    return desk.post("homes/import/", {"community": str(place.pk), "file": file}).content.decode()


def parcel(page: str) -> str:
    return page.split('name="parcel" value="')[1].split('"')[0]


def test_a_preview_writes_nothing(manager: Desk, community: Community) -> None:
    page = upload(manager, community, workbook(HEAD, GOOD))
    assert "确认导入" in page and "1201" in page
    with scope.platform():
        assert not Home.objects.filter(community=community).exists()
    assert not AuditEntry.objects.exists()


def test_confirming_writes_all_of_it_and_a_row(manager: Desk, community: Community) -> None:
    factories.home(community, "101")
    rows = [["10栋", "1单元", str(100 * floor + 1), str(floor), ""] for floor in range(1, 6)]
    page = upload(manager, community, workbook(HEAD, *rows, ["1栋", "1单元", "101", "1", ""]))
    answer = manager.post("homes/import/carry-out/", {"parcel": parcel(page)}, follow=True)
    assert "导入 5 套房屋" in answer.content.decode()
    with scope.platform():
        assert Home.objects.filter(community=community).count() == 6
        assert Building.objects.get(community=community, name="10栋").order == 10
        assert Unit.objects.filter(community=community).count() == 2
    (row,) = AuditEntry.objects.filter(action="import")
    assert (row.actor, row.target_id, row.reason) == (manager.person.pk, str(community.pk), "homes:5")
    assert "5 套房屋" in manager.text("privacy/auditentry/")


def test_a_file_with_faults_cannot_be_confirmed(manager: Desk, community: Community) -> None:
    page = upload(manager, community, workbook(HEAD, GOOD, ["3栋", "2单元", "1202", "顶楼", ""]))
    assert "不是楼层" in page
    assert "parcel" not in page


def test_confirming_twice_imports_once(manager: Desk, community: Community) -> None:
    page = upload(manager, community, workbook(HEAD, GOOD))
    for _ in range(2):
        manager.post("homes/import/carry-out/", {"parcel": parcel(page)})
    with scope.platform():
        assert Home.objects.filter(community=community).count() == 1


def test_a_parcel_cannot_be_made_up_nor_taken_to_another_community(
    manager: Desk, community: Community, elsewhere: Community
) -> None:
    assert manager.post("homes/import/carry-out/", {"parcel": "made:up:parcel"}).status_code == 409
    other = Desk(factories.staff(elsewhere, Duty.MANAGER))
    page = upload(other, elsewhere, workbook(HEAD, GOOD))
    assert manager.post("homes/import/carry-out/", {"parcel": parcel(page)}).status_code == 403
    with scope.platform():
        assert not Home.objects.exists()


def test_another_communitys_homes_are_not_ones_to_import(manager: Desk, elsewhere: Community) -> None:
    page = upload(manager, elsewhere, workbook(HEAD, GOOD))
    assert "parcel" not in page


def test_the_template_is_read_as_it_is_given(manager: Desk) -> None:
    for form in ("xlsx", "csv"):
        rows = spreadsheets.read(manager.get(f"homes/import/template.{form}").content)
        made = importing.plan(rows, set())
        assert not made.faults and len(made.new) == 1
    assert manager.get("homes/import/template.exe").status_code == 404
