"""PostgreSQL, web and worker killed, and the institution lost, a hundred times in turn while fees are paid: nothing lost, nothing twice."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import psycopg
from tests.peers import institution
from tests.peers.institution import Institution

from anju.installation.paths import REPO
from anju.site.report import Bar, Figure, Report, yes
from anju.site.tour import scratch
from anju.site.tour.resident import Resident

DEATHS = 100
VICTIMS = ("postgres", "web", "worker", "institution")
WITHIN = 90.0
_BILLS = """
import django; django.setup()
import sys
from datetime import date
from decimal import Decimal
from anju.billing import runs
from anju.billing.models import FeeItem, Run, Tariff
from anju.homes.models import Community
from anju.people.models import Person
from anju.privacy import scope
with scope.platform():
    community, operator = Community.objects.get(), Person.objects.filter(is_superuser=True).first()
    item = FeeItem.objects.create(community=community, name="基准", basis="fixed")
    Tariff.objects.create(community=community, item=item, since=date(2026, 1, 1), price=Decimal("12.34"))
    for month in range(int(sys.argv[1])):
        run = runs.ask(operator, item, date(2027 + month // 12, month % 12 + 1, 1))
        runs.count(run.pk)
        runs.issue(operator, Run.objects.get(pk=run.pk))
"""
_COMPARE = """
import django; django.setup()
import json
from django.utils import timezone
from anju.ledger import queries
from anju.partners.paying import CHINA
from anju.payments import reconciliation
from anju.payments.models import Difference, Through
from anju.privacy import scope
reconciliation.compare(Through.WECHAT_PAY, timezone.now().astimezone(CHINA).date())
with scope.platform():
    open_ones = Difference.objects.filter(cleared_at__isnull=True).count()
lies = {one.kind: one.posted for one in queries.trial_balance()}
print(json.dumps({"differences": open_ones, "lies": lies, "problems": queries.problems()}))
"""


def _python(place: scratch.Place, script: str, *arguments: str) -> str:
    environment = {**place.environment, "DJANGO_SETTINGS_MODULE": "anju.site.settings"}
    command = [sys.executable, "-c", script, *arguments]
    done = subprocess.run(command, env=environment, cwd=REPO, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-1500:]
    return done.stdout


def _kill(place: scratch.Place, its: Institution, victim: str) -> None:
    """At some moment of a payment."""
    time.sleep(random.uniform(0, 0.4))
    if victim == "institution":
        its.faults.lose, its.faults.out = 2, random.random() < 0.5
        time.sleep(1.0)
        its.faults.lose, its.faults.out = 0, False
        return
    with suppress(OSError, ValueError):
        os.kill(int((place.home / "run" / f"{victim}.pid").read_text()), signal.SIGKILL)


class Payer:
    """Somebody who does not give up, and now and then pays an order whose answer never came as well."""

    def __init__(self, place: scratch.Place, its: Institution) -> None:
        self.its = its
        self.app = Resident.of_demo(place)
        self.home = self.app.get("/homes")[0]["id"]
        self.app.agree("paying")

    def _ask(self, method: str, path: str, body: Any = None) -> Any:  # Any: JSON
        """The answer's body, or None when there is none to be had now."""
        try:
            answer = self.app.http.request(method, f"/api/v1{path}", json=body)
        except httpx.HTTPError:
            return None
        return answer.json() if answer.status_code == 200 else None

    def bills(self) -> list[str]:
        while (fees := self._ask("GET", f"/homes/{self.home}/fees")) is None:
            time.sleep(0.2)
        return [one["id"] for one in fees["bills"] if one["owed"]]

    def pay(self, bill: str) -> float:
        """Until it is paid. Returns the seconds it took."""
        began = time.monotonic()
        body = {"bills": [bill], "through": "wechat_pay"}
        known = set(self.its.orders)
        while (order := self._ask("POST", f"/homes/{self.home}/fees/pay", body)) is None:
            assert time.monotonic() - began < WITHIN, "cannot be ordered"
            time.sleep(0.2)
        number = order["opens"].rpartition("=")[2]
        for lost in set(self.its.orders) - known - {number}:
            if random.random() < 0.5:
                self._scan(lost)
        self._scan(number)
        while True:
            now = self._ask("GET", f"/payments/{order['id']}")
            if now is not None and now["state"] == "paid":
                return time.monotonic() - began
            assert time.monotonic() - began < WITHIN, "paid, and not heard of"
            time.sleep(0.3)

    def _scan(self, number: str) -> None:
        with suppress(ValueError):  # closed meanwhile
            self.its.pay(number)


def run(report: Report) -> None:
    folder = Path(tempfile.mkdtemp())
    random.seed(7)
    took = []
    with institution.running(folder) as its, scratch.running(more=its.environment) as place:
        _python(place, _BILLS, str(DEATHS))
        payer = Payer(place, its)
        for number, bill in enumerate(payer.bills()[:DEATHS]):
            death = threading.Thread(target=_kill, args=(place, its, VICTIMS[number % len(VICTIMS)]))
            death.start()
            took.append(payer.pay(bill))
            death.join()
        left = payer.bills()
        time.sleep(3)
        said = json.loads(_python(place, _COMPARE).splitlines()[-1])
        with psycopg.connect(scratch.superuser(place, "anju")) as read:
            [[receipts, allocated]] = read.execute(
                "select (select sum(amount) from billing_receipt where method = 'wechat_pay'),"
                " (select sum(principal + late) from billing_allocation)"
            ).fetchall()
    shutil.rmtree(folder)
    paid = sum(one.amount for one in its.orders.values() if one.state == "SUCCESS")
    report.add("deaths", Figure(len(took), "", DEATHS, Bar.AT_LEAST, str(len(took))))
    report.add("longest until paid", Figure(max(took), "s", WITHIN))
    report.add(
        "what the institution took is in the books, to the fen", yes(-said["lies"]["at_wechat_pay"] == paid == receipts)
    )
    kept = said["lies"]["fees"] + said["lies"].get("fees_ahead", 0)
    report.add("... and is the homes', paid or paid ahead", yes(kept == paid and said["lies"]["fees"] == allocated))
    report.add("bills paid twice or not at all", Figure(len(left) - 1, "", 0, note=str(len(left) - 1)))
    report.add("differences after reconciliation", Figure(said["differences"], "", 0, note=str(said["differences"])))
    report.add("the books add up", yes(not said["problems"], str(said["problems"][:1] or "")))
