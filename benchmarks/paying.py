"""PostgreSQL, web and worker killed, and the institution lost, a hundred times in turn while fees are paid: nothing lost, nothing twice.

Four by WeChat Pay, four from a wallet, and so on; with the latter, money comes into wallets, goes to neighbours, to the bank, and into
red packets, and the institution where wallets lie is lost as well.
"""

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
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import psycopg
from tests.peers import institution, lianlian
from tests.peers.institution import Faults, Institution
from tests.peers.lianlian import LianLian

from anju.installation.paths import REPO
from anju.site.report import Bar, Figure, Report, yes
from anju.site.tour import scratch
from anju.site.tour.resident import Resident
from benchmarks import purses
from benchmarks.purses import Purse

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


def _kill(place: scratch.Place, faults: Faults, victim: str, within: float) -> None:
    """At some moment of a payment."""
    time.sleep(random.uniform(0, within))
    if victim == "institution":
        faults.lose, faults.out = 2, random.random() < 0.5
        time.sleep(1.0)
        faults.lose, faults.out = 0, False
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

    def order(self, bill: str) -> str | None:
        """An order to be paid from the wallet. None: the bill has been paid meanwhile."""
        began = time.monotonic()
        body = {"bills": [bill], "through": "wallet"}
        while (order := self._ask("POST", f"/homes/{self.home}/fees/pay", body)) is None:
            if bill not in self.bills():
                return None
            assert time.monotonic() - began < WITHIN, "cannot be ordered"
            time.sleep(0.3)
        return str(order["id"])

    def gave_up(self, order: str) -> bool:
        """Cancel an order. False: it has just been paid, or cannot be cancelled now."""
        now = self._ask("POST", f"/payments/{order}/cancel")
        return now is not None and bool(now["state"] == "closed")

    def is_paid(self, order: str) -> bool:
        now = self._ask("GET", f"/payments/{order}")
        return now is not None and bool(now["state"] == "paid")

    def _scan(self, number: str) -> None:
        with suppress(ValueError):  # closed meanwhile
            self.its.pay(number)


class Waiting:
    """Orders that a wallet pays, and when each was begun: a movement that got no answer is asked after each minute."""

    def __init__(self, payer: Payer, purse: Purse) -> None:
        self.payer, self.purse = payer, purse
        self.open: dict[str, tuple[str, float]] = {}
        self.took: list[float] = []
        self.again = 0

    def pay(self, bill: str, began: float | None = None) -> None:
        began = began or time.monotonic()
        if order := self.payer.order(bill):
            self.purse.pay(order)
            self.open[bill] = (order, began)
        self.look()

    def look(self) -> None:
        for bill, (order, began) in list(self.open.items()):
            if self.payer.is_paid(order):
                self.took.append(time.monotonic() - began)
                del self.open[bill]

    def end(self, decide: Callable[[], object]) -> None:
        """Until all are paid: by the worker; then whoever sees an order that came to nothing cancels it and pays anew."""
        until = time.monotonic() + WITHIN + 60
        while self.open and time.monotonic() < until:
            self.look()
            time.sleep(1)
        decide()
        for bill, (order, began) in list(self.open.items()):
            if self.payer.gave_up(order):
                self.pay(bill, began)
                self.again += 1
        until = time.monotonic() + WITHIN
        while self.open:
            assert time.monotonic() < until, "paid from the wallet, and not heard of"
            self.look()
            time.sleep(0.3)


def _purses(place: scratch.Place, its: LianLian, mine: Resident) -> list[Purse]:
    neighbour = Resident(place.front, "", purses.PHONE)
    facts = json.loads(_python(place, purses.NEIGHBOUR).splitlines()[-1])
    neighbour.sign_in(purses.SECRET)
    each = zip((mine, neighbour), purses.CARDS, facts, strict=True)
    return [Purse(app, its, card, *one) for app, card, one in each]


def run(report: Report, deaths: int = DEATHS) -> None:
    folder = Path(tempfile.mkdtemp())
    random.seed(7)
    took, done = [], 0
    with (
        institution.running(folder) as its,
        lianlian.running(folder / "lianlian") as custodian,
        scratch.running(more={**its.environment, **custodian.environment}) as place,
    ):
        _python(place, _BILLS, str(deaths))
        payer = Payer(place, its)
        mine, other = _purses(place, custodian, payer.app)
        waiting = Waiting(payer, mine)
        for number, bill in enumerate(payer.bills()[:deaths]):
            by_wallet = number // len(VICTIMS) % 2 == 1
            faults, within = (custodian.faults, 0.8) if by_wallet else (its.faults, 0.4)
            victim = VICTIMS[number % len(VICTIMS)]
            death = threading.Thread(target=_kill, args=(place, faults, victim, within))
            death.start()
            if by_wallet:
                first = random.random() < 0.5  # so that each kind of movement is the one that is struck
                if first:
                    waiting.pay(bill)
                while death.is_alive():
                    done += 1
                    purses.some_of_it(done, mine, other, payer.home)
                if not first:
                    waiting.pay(bill)
            else:
                took.append(payer.pay(bill))
            death.join()
        waiting.end(lambda: _python(place, purses.DECIDE))
        left = payer.bills()
        time.sleep(3)
        _python(place, purses.DECIDE)
        said = json.loads(_python(place, _COMPARE).splitlines()[-1])
        mirrored = json.loads(_python(place, purses.MIRROR).splitlines()[-1])
        apart = purses.differ(mirrored, custodian)
        with psycopg.connect(scratch.superuser(place, "anju")) as read:
            [[receipts, allocated, from_wallets]] = read.execute(
                "select (select sum(amount) from billing_receipt where method = 'wechat_pay'),"
                " (select sum(principal + late) from billing_allocation),"
                " (select coalesce(sum(amount), 0) from billing_receipt where method = 'wallet')"
            ).fetchall()
    shutil.rmtree(folder)
    paid = sum(one.amount for one in its.orders.values() if one.state == "SUCCESS")
    report.add(
        "deaths", Figure(len(took) + len(waiting.took), "", deaths, Bar.AT_LEAST, f"{len(took)} + {len(waiting.took)}")
    )
    report.add("longest until paid", Figure(max(took), "s", WITHIN))
    report.add("... from a wallet", Figure(max(waiting.took, default=0), "s", note=f"{waiting.again} begun anew"))
    report.add(
        "what the institution took is in the books, to the fen", yes(-said["lies"]["at_wechat_pay"] == paid == receipts)
    )
    from_balance = custodian.balance(lianlian.MERCHANT)
    report.add("... and where wallets lie", yes(from_balance == from_wallets, f"{from_balance} {from_wallets}"))
    kept = said["lies"]["fees"] + said["lies"].get("fees_ahead", 0)
    report.add(
        "... and is the homes', paid or paid ahead",
        yes(kept == paid + from_balance and said["lies"]["fees"] == allocated),
    )
    report.add("bills paid twice or not at all", Figure(len(left) - 1, "", 0, note=str(len(left) - 1)))
    report.add("differences after reconciliation", Figure(said["differences"], "", 0, note=str(said["differences"])))
    report.add("movements", Figure(sum(mirrored["kinds"].values()), "", note=_done(mirrored["kinds"])))
    report.add("every wallet, packet and the whole as the institution has it", yes(not apart, "; ".join(apart)))
    for what, name in (("movements", "undecided"), ("orders", "open"), ("red packets", "alive"), ("gaps", "gaps")):
        report.add(f"... {what} undecided", Figure(mirrored[name], "", 0, note=str(mirrored[name])))
    report.add("the books add up", yes(not said["problems"], str(said["problems"][:1] or "")))


def _done(kinds: dict[str, int]) -> str:
    """How many movements of each kind came about."""
    return ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
