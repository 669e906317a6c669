"""Two neighbours with wallets: they top up, send each other money and red packets, take their own back to the bank, and pay fees."""

import random
import time
from typing import Any
from uuid import uuid4

import httpx
from tests.peers.lianlian import MERCHANT, TRUST, BankCard, LianLian

from anju.site.tour.resident import Resident

PASSWORD = "384756"
PHONE = "+8613800138077"
SECRET = "Anju-neighbour-2026"
CARDS = ("6214830100799658", "6222021234567894")
FIRST = 90_00
WITHIN = 120.0
NEIGHBOUR = f"""
import django; django.setup()
import json
from anju.homes.models import Home, Member
from anju.partners.purposes import PAYING, WALLET
from anju.people import actions, id_number
from anju.people.models import Person, RealName
from anju.people.purposes import REAL_NAME
from anju.privacy import consent, scope
from anju.risk.models import Rule
found = []
with scope.platform():
    Rule.objects.update(active=False)  # nobody sends so often in a minute
    mine = Member.objects.get()
    other = actions.open_account("{PHONE}", "{SECRET}")
    home = Home.objects.exclude(pk=mine.home_id).first()
    Member.objects.create(community_id=home.community_id, person=other, home=home, role=mine.role, name="李邻居")
    for who, name in ((mine.person, "王小安"), (other, "李邻居")):
        for purpose in (PAYING, WALLET, REAL_NAME):
            consent.grant(who.pk, purpose, version=purpose.version)
        number = id_number.of_nobody("19900307", len(found))
        RealName.objects.create(person=who, name=name, id_number=number)
        found.append([who.pk.hex, name, number])
print(json.dumps(found))
"""
DECIDE = """
import django; django.setup()
from datetime import timedelta
from django.utils import timezone
from anju.packets import tasks as packets
from anju.packets.models import Packet
from anju.payments import actions, tasks
from anju.privacy import scope
from anju.wallet import moving
from anju.wallet.models import Movement
moving.CODE_LASTS = tasks.QUIET = timedelta(0)  # as if ten minutes had passed
with scope.platform():
    Packet.objects.filter(state__in=Packet.ALIVE).update(until=timezone.now())
for _ in range(2):
    packets.end(0)
    with scope.platform():
        waiting = list(Movement.objects.filter(state__in=Movement.OPEN))
    for one in waiting:
        moving.learn(one)
    tasks.pursue(0)
"""
"""What the worker does in the next ten minutes, and a day later for red packets."""
MIRROR = """
import django; django.setup()
import json
from django.utils import timezone
from anju.ledger import queries
from anju.ledger.models import Account
from anju.packets.models import Packet
from anju.partners.paying import CHINA
from anju.payments.models import Payment
from anju.privacy import scope
from anju.wallet import mirror
from anju.wallet.models import Gap, Movement, Wallet
gaps = mirror.compare(timezone.now().astimezone(CHINA).date())
with scope.platform():
    held = {one.person.hex: queries.balance(one.account).posted for one in Wallet.objects.all()}
    lies = {one.kind: one.posted for one in queries.trial_balance()}
    counts = {
        "undecided": Movement.objects.filter(state__in=Movement.OPEN).count(),
        "open": Payment.objects.filter(state__in=Payment.OPEN).count(),
        "alive": Packet.objects.filter(state__in=Packet.ALIVE).count(),
        "gaps": gaps + Gap.objects.filter(cleared_at=None).count(),
    }
    kinds = {}
    for kind in Movement.objects.filter(state="done").values_list("kind", flat=True):
        kinds[kind] = kinds.get(kind, 0) + 1
print(json.dumps({"held": held, "lies": lies, "kinds": kinds, **counts}))
"""


class Purse:
    """A resident's wallet, and their bank card. They say what they want until there is an answer, always as the same wish."""

    def __init__(self, app: Resident, its: LianLian, card: str, user: str, name: str, number: str) -> None:
        self.app, self.its, self.user = app, its, user
        its.bank[card] = BankCard(card, name, number, app.phone[3:])
        app.post("/wallet/open", {"card": card, "phone": app.phone[3:]})
        opened = app.post("/wallet/open/confirm", {"code": its.code, "password": PASSWORD})
        self.card = opened["cards"][0]["id"]
        self.top_up(FIRST)

    def top_up(self, amount: int) -> None:
        self.wish("/wallet/top-up", amount=amount, card=self.card)

    def withdraw(self, amount: int) -> None:
        self.wish("/wallet/withdraw", amount=amount, card=self.card)

    def send(self, to: "Purse", amount: int) -> None:
        self.wish("/wallet/transfer", amount=amount, phone=to.app.phone)

    def lay_out(self, home: str, amount: int) -> str | None:
        """A red packet of two shares for the community. Returns its id; None: it did not come about."""
        facts = {"home": home, "members_only": False, "count": 2, "split": "lucky"}
        made = self.wish("/packets", amount=amount, **facts)
        return made["packet"] if made else None

    def take(self, packet: str) -> None:
        self._say(f"/packets/{packet}/take", {})

    def pay(self, payment: str) -> None:
        """Asked for twice, since the first answer was lost, it is being paid already, or is paid."""
        body = {"payment": payment, "password": PASSWORD}
        while (answer := self._say("/wallet/pay", body)).status_code != 200:
            code = answer.json()["code"]
            if code in ("being_done", "not_open"):
                return
            assert code == "not_enough_money", answer.text
            self.top_up(FIRST)

    def wish(self, path: str, **facts: Any) -> Any:  # Any: JSON
        """What it came to; None: it was refused."""
        answer = self._say(path, {**facts, "password": PASSWORD, "wish": str(uuid4())})
        return answer.json() if answer.status_code == 200 else None

    def _say(self, path: str, body: dict[str, Any]) -> httpx.Response:
        """Until it is heard: nothing is said to what is down, or busy."""
        until = time.monotonic() + WITHIN
        while True:
            try:
                answer = self.app.http.post(f"/api/v1{path}", json=body)
            except httpx.HTTPError:
                answer = httpx.Response(503)
            if answer.status_code not in (429, 500, 502, 503, 504):
                return answer
            assert time.monotonic() < until, f"{path}: {answer.status_code}"
            time.sleep(0.3)


def some_of_it(number: int, mine: Purse, other: Purse, home: str) -> None:
    """What one does with a wallet besides paying: each in turn."""
    match number % 4:
        case 0:
            mine.send(other, random.randint(1, 100))
        case 1:
            if packet := mine.lay_out(home, random.randint(2, 100)):
                other.take(packet)
        case 2:
            other.withdraw(random.randint(1, 100))
        case 3:
            mine.top_up(FIRST)


def differ(said: dict[str, Any], its: LianLian) -> list[str]:
    """Where our books and the institution's own accounts do not say the same."""
    theirs = {user: its.balance(user) for user in said["held"]}
    found = [f"wallet {user[:8]}: {one} {theirs[user]}" for user, one in said["held"].items() if one != theirs[user]]
    lies = said["lies"]
    for what, ours, its_own in (
        ("red packets", lies.get("packet", 0), its.balance(TRUST)),
        ("all of it", -lies["at_wallet"], sum(theirs.values()) + its.balance(TRUST) + its.balance(MERCHANT)),
    ):
        if ours != its_own:
            found.append(f"{what}: {ours} {its_own}")
    return found
