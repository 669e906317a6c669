"""The overview counts what happens in the staff's own communities."""

import json
import re
from datetime import timedelta
from html import unescape

from django.utils import timezone

from anju.access.models import Entry, Gate
from anju.homes.models import Application, Community, Duty, StaffRole
from anju.privacy import scope
from tests import factories
from tests.console.conftest import Desk


def figures(page: str) -> dict[str, str]:
    """The cards' numbers by title."""
    found = re.findall(r'class="name">\s*(\S+) <.*?class="figure">(.*?)<', page, re.DOTALL)
    return dict(found)


def charts(page: str) -> list[dict[str, list[int]]]:
    """The charts' numbers by colour's name."""
    sets = [json.loads(unescape(data))["datasets"] for data in re.findall(r'data-value="(.*?)"', page)]
    return [{one["label"]: one["data"] for one in each} for each in sets]


def happen(place: Community, granted: int, refused: int) -> Gate:
    gate = factories.gate(place)
    for _ in range(granted):
        factories.entry(gate)
    for _ in range(refused):
        factories.entry(gate, result=Entry.Result.REFUSED, reason="not_recognised")
    factories.application(place)
    return gate


def test_only_the_own_community_counts(manager: Desk, community: Community, elsewhere: Community) -> None:
    happen(community, 3, 1)
    happen(elsewhere, 5, 7)
    page = manager.text("")
    assert figures(page) == {"待审核认证": "1", "今日通行": "3", "今日未开门": "1", "在线门禁": "0/0"}
    entries, certifications = charts(page)
    assert (sum(entries["已开门"]), sum(entries["未开门"])) == (3, 1)
    assert sum(certifications["提交"]) == 1


def test_the_operator_sees_all_of_them(operator: Desk, community: Community, elsewhere: Community) -> None:
    happen(community, 3, 1)
    happen(elsewhere, 5, 7)
    found = figures(operator.text(""))
    assert (found["今日通行"], found["今日未开门"]) == ("8", "8")


def test_a_guard_sees_gates_and_a_reviewer_applications(guard: Desk, reviewer: Desk) -> None:
    assert set(figures(guard.text(""))) == {"今日通行", "今日未开门", "在线门禁"}
    assert set(figures(reviewer.text(""))) == {"待审核认证"}


def test_silent_gates_are_listed(guard: Desk, community: Community) -> None:
    now = timezone.now()
    online, offline, _new = (factories.gate(community, name) for name in ("东门", "西门", "南门"))
    with scope.platform():
        Gate.objects.filter(pk=online.pk).update(registered_at=now, seen_at=now)
        Gate.objects.filter(pk=offline.pk).update(registered_at=now, seen_at=now - timedelta(hours=3))
    page = guard.text("")
    assert figures(page)["在线门禁"] == "1/2"
    assert "西门" in page and "离线 3 小时" in page and "南门" in page
    assert "东门" not in page


def test_an_application_that_waits_too_long_raises_the_alarm(reviewer: Desk, community: Community) -> None:
    one = factories.application(community)
    assert "tile alarm" not in reviewer.text("")
    with scope.platform():
        Application.objects.filter(pk=one.pk).update(submitted_at=timezone.now() - timedelta(days=2, hours=1))
    page = reviewer.text("")
    assert "tile alarm" in page and "已等待 2 天" in page


def test_a_duty_counts_where_it_is_held(community: Community, elsewhere: Community) -> None:
    happen(community, 3, 1)
    happen(elsewhere, 5, 7)
    person = factories.staff(community, Duty.GUARD)
    with scope.platform():
        StaffRole.objects.create(community=elsewhere, person=person, duty=Duty.REVIEWER)
    page = Desk(person).text("")
    assert figures(page) == {"待审核认证": "1", "今日通行": "3", "今日未开门": "1", "在线门禁": "0/0"}
    entries, certifications = charts(page)
    assert (sum(entries["已开门"]), sum(certifications["提交"])) == (3, 1)
