"""A payer's own payments, month by month, with what they write beside them."""

import csv
import io

import pytest
from django.utils import timezone
from openpyxl import load_workbook

from anju.homes.models import Community
from anju.partners.paying import CHINA
from anju.partners.purposes import PAYING
from anju.payments import actions
from anju.payments.models import Payment, Remark, Through
from anju.people.models import Person
from anju.privacy import consent, scope
from tests import factories
from tests.doors import Door
from tests.payments.conftest import Bill
from tests.payments.test_paying import tell
from tests.peers.institution import Institution

NOW = timezone.now().astimezone(CHINA)
MONTH = f"/payments/months/{NOW.year}-{NOW.month}"


@pytest.fixture
def bought(institution: Institution, payer: Person, community: Community, bill: Bill) -> str:
    """Two payments, of one a part given back. Returns the other's id."""
    first, second = (bill.begin(payer, community, Through.ALIPAY, amount) for amount in (300, 1_000))
    for one in (first, second):
        tell(institution, institution.pay_unheard(one.number))
    with scope.platform():
        actions.give_back(Payment.objects.get(pk=second.pk), 250, "overpaid")
    return str(first.pk)


def test_a_month_adds_up_and_what_is_written_beside_a_payment_counts(
    payer: Person, community: Community, bought: str
) -> None:
    door = Door.of(payer)
    assert door.get(MONTH).body["by"] == [{"category": "other", "amount": 1_050}]
    remark = {"category": "family", "tags": ["妈妈", "妈妈", "生日"], "note": "=1+1"}
    assert door._call("put", f"/payments/{bought}/remark", data=remark, content_type="application/json").status == 204
    found = door.get(MONTH).body
    assert (found["spent"], found["by"][1]) == (1_050, {"category": "family", "amount": 300})
    line = next(one for one in found["lines"] if one["id"] == bought)
    assert (line["tags"], line["note"], line["returned"]) == (["妈妈", "生日"], "=1+1", 0)
    with scope.person(None, [community.pk]):  # staff have nothing to do with it
        assert Payment.objects.count() == 2 and not Remark.objects.exists()


def test_it_is_taken_away_as_a_table_in_which_nothing_runs(payer: Person, bought: str) -> None:
    door = Door.of(payer)
    remark = {"category": "home", "tags": [], "note": "=cmd()\v"}
    door._call("put", f"/payments/{bought}/remark", data=remark, content_type="application/json")
    rows = list(csv.reader(io.StringIO(door.client.get(f"/api/v1{MONTH}.csv").content.decode("utf-8-sig"))))
    assert len(rows) == 3 and {one[3] for one in rows[1:]} == {"3.00", "10.00"}
    assert {one[-1] for one in rows[1:]} == {"'=cmd()", ""}
    sheet = load_workbook(io.BytesIO(door.client.get(f"/api/v1{MONTH}.xlsx").content)).active
    cells = [sheet.cell(row, 8) for row in (2, 3)]
    assert {one.data_type for one in cells if one.value} == {"s"}


def test_nobody_sees_or_marks_anothers(bought: str, community: Community) -> None:
    stranger = Door.of(factories.person((PAYING,)))
    assert stranger.get(MONTH).body["lines"] == []
    remark = {"category": "home", "tags": [], "note": ""}
    answer = stranger._call("put", f"/payments/{bought}/remark", data=remark, content_type="application/json")
    assert answer.status == 404
    for month in ("2026-13", "9999-12", "0-1"):
        assert stranger.get(f"/payments/months/{month}").status == 404


def test_what_was_written_goes_with_the_consent_and_the_payment_stays(payer: Person, bought: str) -> None:
    door = Door.of(payer)
    remark = {"category": "home", "tags": ["x"], "note": "y"}
    door._call("put", f"/payments/{bought}/remark", data=remark, content_type="application/json")
    consent.withdraw(payer.pk, PAYING)
    with scope.platform():
        assert not Remark.objects.exists() and Payment.objects.count() == 2
