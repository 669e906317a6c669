"""Collectors of meters at the console: a key shown once, quiet ones named, leaps looked at."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from anju.billing.models import Basis, Collector, FeeItem, Meter, Reading
from anju.homes.models import Community, Duty, Home
from anju.privacy import scope
from tests import factories
from tests.billing.conftest import home as home
from tests.billing.conftest import item
from tests.console.conftest import Desk


@pytest.fixture
def meter(community: Community, home: Home) -> Meter:
    what: FeeItem = item(community, Basis.METER, "3.00", name="水费", daily_most=2)
    with scope.platform():
        return Meter.objects.create(community=community, home=home, item=what, serial="W-0001")


def registered(manager: Desk, community: Community, name: str = "一号楼") -> str:
    """Its key, as the page shows it."""
    form = {"community": str(community.pk), "name": name, "item": "", "quiet_hours": "26"}
    return shown(manager.post("collectors/add/", form).content.decode())


def shown(page: str) -> str:
    return str(re.findall(r'<dd class="mono sms-text">([\w-]{43})</dd>', page)[0])


def report(key: str, *values: tuple[int, str], meter: str = "W-0001") -> int:
    """Values so many days ago. Returns the answer's status."""
    readings = [
        {
            "id": f"{meter}-{ago}-{value}",
            "meter": meter,
            "value": value,
            "at": (timezone.now() - timedelta(ago)).isoformat(),
        }
        for ago, value in values
    ]
    answer = Client().post(
        "/api/v1/meters/readings", {"readings": readings}, content_type="application/json",
        headers={"Authorization": f"Bearer {key}"},
    )  # fmt: skip
    return answer.status_code


def test_a_key_is_shown_once_and_its_readings_stand_among_the_others(
    manager: Desk, community: Community, meter: Meter
) -> None:
    key = registered(manager, community)
    assert report(key, (2, "100"), (1, "101")) == 200
    page = manager.text("collectors/")
    assert "一号楼" in page and "收下 2" in page and key not in page
    listed = manager.text("billing/reading/")
    assert "设备上报" in listed and "一号楼" in listed


def test_a_renewed_or_removed_ones_key_is_void(manager: Desk, community: Community, meter: Meter) -> None:
    former = registered(manager, community)
    with scope.platform():
        made = Collector.objects.get()
    key = shown(manager.post(f"collectors/{made.pk}/renew/").content.decode())
    assert (report(former, (1, "1")), report(key, (1, "1"))) == (401, 200)
    assert manager.post(f"collectors/{made.pk}/remove/").status_code == 302
    assert report(key, (0, "2")) == 401
    assert "还没有采集器" in manager.text("collectors/")
    assert "一号楼" in manager.text("billing/reading/")  # whose they are stays known
    registered(manager, community)  # the name is free again


def test_two_of_one_name_would_be_mistaken(manager: Desk, community: Community) -> None:
    registered(manager, community)
    form = {"community": str(community.pk), "name": "一号楼", "item": "", "quiet_hours": "26"}
    page = manager.post("collectors/add/", form).content.decode()
    assert "已有同名的采集器" in page and 'value="一号楼"' in page


def test_a_quiet_one_is_named_and_counted_in_the_menu(manager: Desk, community: Community, meter: Meter) -> None:
    key = registered(manager, community)
    report(key, (1, "100"))
    assert "小时没有上报</span>" not in manager.text("collectors/")
    with scope.platform():
        Collector.objects.update(seen_at=timezone.now() - timedelta(hours=27))
    assert "超过 26 小时没有上报" in manager.text("collectors/")
    assert badge(manager) == "1"


def badge(manager: Desk) -> str:
    found = re.findall(r'collectors/".*?</a>', manager.text("fees/periods/"), re.DOTALL)
    return re.sub(r"<[^>]+>|\s|sensors|采集器", "", found[0].partition(">")[2])


def test_a_leap_waits_until_somebody_says_that_it_is_so(manager: Desk, community: Community, meter: Meter) -> None:
    key = registered(manager, community)
    assert report(key, (2, "100"), (1, "900")) == 200
    page = manager.text("collectors/")
    assert "等人核对的读数" in page and "900.000" in page and "100.000" in page and badge(manager) == "1"
    [decide] = re.findall(r"/console/(collectors/readings/[\w-]+/decide/)", page)
    assert manager.post(decide, {"answer": "take"}).status_code == 302
    with scope.platform():
        assert Reading.objects.latest("day").value == 900
    assert manager.post(decide, {"answer": "take"}).status_code == 409
    assert "等人核对的读数" not in manager.text("collectors/") and badge(manager) == ""


def test_meters_that_nobody_knows_are_named(manager: Desk, community: Community, meter: Meter) -> None:
    report(registered(manager, community), (1, "1"), meter="X-<b>1")
    page = manager.text("collectors/")
    assert "X-&lt;b&gt;1" in page and "没有这个表号" in page


def test_what_a_person_corrects_is_theirs(manager: Desk, community: Community, meter: Meter) -> None:
    key = registered(manager, community)
    report(key, (1, "100"))
    with scope.platform():
        there = Reading.objects.get()
    form = {"meter": str(meter.pk), "day": there.day.isoformat(), "value": "99.5"}
    assert manager.post(f"billing/reading/{there.pk}/change/", form).status_code == 302
    with scope.platform():
        there.refresh_from_db()
    assert (there.how, there.by, there.collector) == ("hand", manager.person.pk, None)


def test_others_see_none_of_it(guard: Desk, manager: Desk, community: Community, elsewhere: Community) -> None:
    registered(manager, community)
    assert guard.get("collectors/").status_code == 403
    assert "一号楼" not in Desk(factories.staff(elsewhere, Duty.MANAGER)).text("collectors/")


def test_a_meters_number_stands_once_in_an_item(manager: Desk, community: Community, meter: Meter) -> None:
    form = {"item": str(meter.item_id), "home": str(factories.home(community, "1202").pk), "serial": "W-0001"}
    assert "已有同号的表" in manager.post("billing/meter/add/", form).content.decode()
