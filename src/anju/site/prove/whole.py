"""`python -m anju.site.prove.whole HOME`: every promise, one after another, on a system that lives in ANJU_VAR.

Runs with that system's environment, so that Django, the vault and the ledger here are the system's own.
"""

import os
import re
import secrets
import sqlite3
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import django
import psycopg
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "anju.site.settings")
django.setup()

from django.db import connections  # noqa: E402  Django must be set up first
from django.utils import timezone  # noqa: E402

from anju.access import tasks as gate_jobs  # noqa: E402
from anju.billing import dials  # noqa: E402
from anju.billing.models import Basis, FeeItem, Meter, Reading  # noqa: E402
from anju.cards import actions as cards  # noqa: E402
from anju.homes.models import Community, Home, Member, Role  # noqa: E402
from anju.homes.purposes import HOME_CERTIFICATION  # noqa: E402
from anju.installation.paths import LOGS, VAR  # noqa: E402
from anju.intercom.models import Call  # noqa: E402
from anju.notices import push  # noqa: E402
from anju.packets.models import Packet, PacketState, Split  # noqa: E402
from anju.partners.purposes import ACCOUNT  # noqa: E402
from anju.partners.web_push import Keys  # noqa: E402
from anju.payments import mine  # noqa: E402
from anju.payments.models import Payment, Spending  # noqa: E402
from anju.people import actions as people  # noqa: E402
from anju.people.models import Person  # noqa: E402
from anju.privacy import chain, consent, erasure, scope  # noqa: E402
from anju.rentals import listings, viewings  # noqa: E402
from anju.rentals.listings import Facts  # noqa: E402
from anju.rentals.models import Viewing  # noqa: E402
from anju.rentals.purposes import RENTAL  # noqa: E402
from anju.rights import actions as rights  # noqa: E402
from anju.rights import cancellation  # noqa: E402
from anju.rights import tasks as rights_jobs  # noqa: E402
from anju.rights.models import Request, RightState, TargetKind, TargetState  # noqa: E402
from anju.risk.models import Outcome, Verdict  # noqa: E402
from anju.site import backup, postgres  # noqa: E402
from anju.site.prove import canary, detectors, gates, provider, scanner, tamper, tap  # noqa: E402
from anju.site.prove.waiting import wait_for  # noqa: E402
from anju.site.report import Bar, Figure, Report, yes  # noqa: E402
from anju.site.tour import photos, scratch  # noqa: E402
from anju.site.tour.resident import Unexpected  # noqa: E402
from anju.site.tour.scratch import Place  # noqa: E402
from anju.site.tour.staff import Staff  # noqa: E402
from anju.utilities.models import ServiceKind, UtilityAccount  # noqa: E402

ERASED, LIVING = 10, 40
TRIALS = 1000
_CODE = re.compile(r"验证码\s*(\d{6})")
_PUSH_HOST = "127.0.0.1:9"
_CONTROL = "对照control-7f3a"


def code_from(sms: provider.Provider) -> Callable[..., str]:
    """Codes as they arrive on somebody's phone."""

    def code_for(phone: str, about: str = "") -> str:
        found: list[str] = []

        def arrived() -> bool:
            texts = [one["text"] for one in sms.got if one["phone"] == phone and about in one["text"]]
            found[:] = [match[1] for text in texts if (match := _CODE.search(text))]
            return bool(found)

        wait_for(f"a code for ****{phone[-4:]}", arrived, 20)
        code = found[-1]
        sms.got[:] = [one for one in sms.got if one["phone"] != phone]
        return code

    return code_for


@contextmanager
def _superuser() -> Iterator["psycopg.Connection[tuple[object, ...]]"]:
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as connection:
        yield connection


class Trial:
    """What the promises are tried on."""

    def __init__(self, place: Place, sms: provider.Provider, report: Report) -> None:
        self.place, self.sms, self.report = place, sms, report
        self.staff = Staff(place.front, place.demo["manager"])
        self.one = canary.Canary(place, code_from(sms))
        self.erased: list[UUID] = []
        self.living: list[UUID] = []
        self.keys: dict[str, bytes] = {}

    # --- 1: the canary ----------------------------------------------------------------------------------------------

    def plant(self) -> None:
        self.staff.enter()
        self.one.live(self.staff, *photos.shipped()[:2])
        with scope.platform():
            called = Call.objects.filter(home__members__person=self.one.people[0], message__isnull=False)
            self.one.people += [one.visitor for one in called if one.visitor is not None]
        self._wake()
        self._let()
        self._hand_out_a_card()
        self._pay()
        self._keep_money()
        self.one.use_rights()
        self._answer()
        self.sms.answers = 503  # what the provider does not take waits here
        self.one.ask_for_a_code()
        self.erased, self.living = self.neighbours(ERASED), self.neighbours(LIVING)
        with scope.platform():
            filled, empty = canary.planted([*self.one.people, self._read_a_meter()])
        missing = ", ".join(sorted(empty))
        share = 100 * len(filled) / len(filled | empty)
        self.report.add("1 fields planted", Figure(share, "%", 100, Bar.AT_LEAST, missing))
        self.keys = {f"key {number}": key for number, key in enumerate(_wrapped_keys(self.one.people))}

    def _wake(self) -> None:
        """A browser to be woken, by a service of the operator's own that is down."""
        point = ec.generate_private_key(ec.SECP256R1()).public_key()
        keys = Keys(point.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint), secrets.token_bytes(16))
        self.one.values["push address"] = f"push{secrets.token_hex(8)}"
        address = f"http://{_PUSH_HOST}/{self.one.values['push address']}"
        with scope.person(self.one.people[0]):
            who = Person.objects.get(pk=self.one.people[0])
            push.subscribe(who, secrets.token_hex(16), endpoint=address, keys=keys, label="Firefox")

    def _pay(self) -> None:
        """Something that was paid, with what the payer wrote beside it."""
        self.one.app.agree("paying")
        words = {name: f"{name}{secrets.token_hex(4)}" for name in ("tag", "note")}
        self.one.values |= {f"payment's {name}": text for name, text in words.items()}
        with scope.platform():
            who, community = Person.objects.get(pk=self.one.people[0]), Community.objects.get()
            now = timezone.now()
            facts = {"through": "alipay", "number": uuid4().hex, "amount": 100, "title": "物业费", "kind": "fees"}
            paid = {"thing": uuid4(), "state": "paid", "paid_at": now, "until": now}
            made = Payment.objects.create(community=community, payer=who.pk, **facts, **paid)
            mine.remark(who, made.pk, category=Spending.HOME, tags=[words["tag"]], note=words["note"])

    def _keep_money(self) -> None:
        """A red packet with a greeting, an objection to a risk decision, and an account at a company."""
        self.one.app.agree("wallet", "utilities")
        words = {name: f"{name}{secrets.token_hex(4)}" for name in ("greeting", "plea", "utility")}
        self.one.values |= words
        with scope.platform():
            who, community = self.one.people[0], Community.objects.get()
            facts = {"sender": who, "amount": 100, "count": 1, "split": Split.EQUAL, "state": PacketState.ENDED}
            Packet.objects.create(community=community, greeting=words["greeting"], **facts)
            Verdict.objects.create(person=who, kind="transfer", amount=100, outcome=Outcome.REFUSE, plea=words["plea"])
            company = {"service": ServiceKind.WATER, "company": "water", "company_name": "水务"}
            UtilityAccount.objects.create(community=community, owner=who, number=words["utility"], **company)

    def _read_a_meter(self) -> UUID:
        """A picture of a dial, which belongs to the reading and to nobody's account. Returns the id that its key goes by."""
        community, home = Community.objects.get(), Home.objects.earliest("pk")
        item = FeeItem.objects.create(community=community, name="水费", basis=Basis.METER)
        meter = Meter.objects.create(community=community, item=item, home=home)
        reading = Reading.objects.create(community=community, meter=meter, day=timezone.localdate(), value=1)
        return dials.keep(reading, b"dial").key

    def _hand_out_a_card(self) -> None:
        self.one.app.agree("gate_card")
        self.one.values["card"] = secrets.token_hex(7).upper()
        with scope.platform():
            staff = Person.objects.filter(is_superuser=True).get()
            member = Member.objects.filter(person=self.one.people[0]).first()
            if member is None:
                raise Unexpected("the canary lives nowhere")
            cards.issue(staff, member, self.one.values["card"])

    def _let(self) -> None:
        """A neighbour lets a home that the canary goes to see."""
        with scope.platform():
            (neighbour,) = self.neighbours(1)
            owner = Person.objects.get(pk=neighbour)
            Member.objects.filter(person=owner).update(role=Role.OWNER)
            home = Member.objects.get(person=owner).home_id
        with scope.person(owner.pk):
            consent.grant(owner.pk, RENTAL, version=RENTAL.version)
            words = ("一居室招租中", "安静整洁，家电齐全，拎包入住。", "")
            facts = Facts(*words, rent=200_000, deposit=0, rooms=1, available_from=date.today(), fewest_months=1)  # noqa: DTZ011
            listing = listings.make(owner, home, facts)
            listings.set_state(owner, listing.pk, published=True)
            self.one.let(str(listing.pk))
            with scope.platform():
                viewing = Viewing.objects.get(listing=listing).pk
            viewings.answer(owner, viewing, agree=True, origin="http://localhost")

    def _answer(self) -> None:
        """Staff answer what the canary asked, in words that speak of it."""
        with scope.platform():
            request = Request.objects.get(subject=self.one.people[0], state=RightState.RECEIVED)
            self.one.values["answer"] = "答复answer-5c91e2"
            staff = Person.objects.filter(is_superuser=True).get()
            rights.answer(request, staff=staff, support=True, text=self.one.values["answer"])

    def neighbours(self, count: int) -> list[UUID]:
        """Further people with a sealed name and a home."""
        made = []
        with scope.platform():
            homes = list(Home.objects.all()[:20])
            for number in range(count):
                phone = f"+86137{int(time.time_ns()) % 10**8:08}"
                person = people.open_account(phone, nickname=f"邻居{number}")
                consent.grant(person.pk, HOME_CERTIFICATION, version=HOME_CERTIFICATION.version)
                home = homes[number % len(homes)]
                Member.objects.create(
                    community_id=home.community_id, person=person, home=home, role=Role.FAMILY, name=f"邻{number}"
                )
                made.append(person.pk)
        return made

    def cancel(self) -> None:
        """Close the account as a person does, by the real worker, and wait until it is done."""
        self.sms.answers = 200
        self.one.prove()
        number = self.one.app.post("/rights/cancellation")["id"]
        for subject in self.erased:
            with scope.person(subject):
                consent.withdraw(subject, ACCOUNT)
        began = time.perf_counter()
        self.confirm_partners()
        wait_for("the cancellation to be done", lambda: self.is_done(number), 60)
        self.report.add("1 cancellation done after", Figure(time.perf_counter() - began, "s"))

    def is_done(self, number: str) -> bool:
        """Push the clocks, which turn once a minute, and see."""
        rights_jobs.carry_out.defer(timestamp=0)
        gate_jobs.confirm_erasures.defer(timestamp=0)
        time.sleep(1)
        self.confirm_partners()
        with scope.platform():
            return Request.objects.get(pk=number).state == RightState.DONE

    def confirm_partners(self) -> None:
        """The provider confirms in writing that it keeps nothing; an officer notes it."""
        with scope.platform():
            officer = Person.objects.filter(is_superuser=True).get().pk
            for request in Request.objects.filter(state=RightState.ERASING):
                for target in request.targets.filter(kind=TargetKind.PARTNER).exclude(state=TargetState.CONFIRMED):
                    cancellation.partner_confirms(request, target.place, actor=officer)

    def scan(self, *, control: bool) -> list[scanner.Hit]:
        """Everything raw: the server's files with its log, a base backup, a dump, all of this system's files."""
        work = VAR / "scan"
        work.mkdir(exist_ok=True)
        with _superuser() as connection:
            connection.execute("checkpoint")
        environment = {"PGPASSWORD": ""}
        url = postgres.url("postgres")
        subprocess.run(
            [backup.program("pg_basebackup"), "-d", url, "-D", work / "base", "-Ft", "-X", "fetch", "-c", "fast"],
            check=True, capture_output=True, env=environment,
        )  # fmt: skip
        subprocess.run([backup.program("pg_dump"), "-d", url, "-f", work / "dump.sql"], check=True, capture_output=True)
        with tarfile.open(work / "base" / "base.tar") as archive:
            archive.extractall(work / "base", filter="data")
        wanted: dict[str, str | bytes] = {"control": _CONTROL} if control else {**self.one.values, **self.keys}
        folders = [VAR, *([] if (data := postgres.Cluster.here().data).is_relative_to(VAR) else [data])]
        hits = scanner.scan(wanted, folders)
        subprocess.run(["rm", "-rf", str(work)], check=True)
        return hits

    def positive_control(self) -> None:
        """What was left on purpose, in every spelling and kind of place, has to be found."""
        places = {"log": LOGS / "control.log", "file": VAR / "control.bin", "gate store": VAR / "gate" / "control.db"}
        written = [one for ones in scanner.spellings(_CONTROL).values() for one in ones[:1]]
        for path in places.values():
            path.write_bytes(b"\n".join(written))
        with _superuser() as connection:
            connection.execute("create table prove_control (spelling text, value bytea)")
            for name, ones in scanner.spellings(_CONTROL).items():
                connection.execute("insert into prove_control values (%s, %s)", [name, ones[0]])
        hits = self.scan(control=True)
        with _superuser() as connection:
            connection.execute("drop table prove_control")
        for path in places.values():
            path.unlink()
        wanted = {(name, encoding) for name in places for encoding in scanner.ENCODINGS}
        found = {(name, hit.encoding) for hit in hits for name, path in places.items() if hit.place == str(path)}
        raw = {"heap": "/base/", "wal": "/pg_wal/"}
        wanted |= {(name, encoding) for name in raw for encoding in scanner.ENCODINGS}
        found |= {(name, hit.encoding) for hit in hits for name, part in raw.items() if part in hit.place}
        share = 100 * len(wanted & found) / len(wanted)
        self.report.add(
            "1 positive control",
            Figure(share, "% found", 100, Bar.AT_LEAST, str(sorted(wanted - found))[:200] if wanted - found else ""),
        )

    def nothing_left(self) -> None:
        hits = self.scan(control=False)
        note = "; ".join(sorted({f"{hit.label} ({hit.encoding}) in {hit.place}" for hit in hits}))[:500]
        self.report.add("1 hits after", Figure(len(hits), "hits", 0, note=note))

    # --- 6 to 8 -----------------------------------------------------------------------------------------------------

    def tamper(self) -> None:
        with scope.platform():
            chain.seal()
            number, faults = chain.verify(chain.known_heads())
            self.report.add("6 chain before", yes(not faults, f"{number} links"))
            password = postgres.url("postgres").split(":")[2].split("@")[0]
            with tamper.as_superuser({"USER": "postgres", "PASSWORD": password}):
                noticed, missed = tamper.run(TRIALS)
        note = ", ".join(sorted(set(missed)))
        self.report.add("6 tampering noticed", Figure(100 * noticed / TRIALS, "%", 100, Bar.AT_LEAST, note))

    def logs(self) -> None:
        paths = [path for path in LOGS.rglob("*") if path.is_file()]
        found = detectors.in_files(paths)
        note = "; ".join(f"{one.kind} in {one.place}" for one in found)
        self.report.add("8 personal values in logs", Figure(len(found), "values", 0, note=note))
        self.report.add("8 logs read", Figure(sum(path.stat().st_size for path in paths) / 1024, "KB"))

    # --- 2: an older backup -----------------------------------------------------------------------------------------

    def read_again(self) -> None:
        """After the restore: the erased are unreadable, the living are not."""
        connections.close_all()
        with scope.platform():
            gone = [*self.one.people, *self.erased]
            unreadable = sum(not canary.readable([one]) and not erasure.left_of(one) for one in gone)
            readable = sum(bool(canary.readable([one])) for one in self.living)
        self.report.add("2 erased unreadable", Figure(100 * unreadable / len(gone), "%", 100, Bar.AT_LEAST))
        self.report.add("2 living readable", Figure(100 * readable / len(self.living), "%", 100, Bar.AT_LEAST))


def _wrapped_keys(people: list[UUID]) -> list[bytes]:
    """These persons' keys as they lie in the vault."""

    with sqlite3.connect(VAR / "vault" / "vault.db") as vault:
        rows = [vault.execute("select key from subject where id = ?", [one.bytes]).fetchone() for one in people]
    return [bytes(row[0]) for row in rows if row]


def run(report: Report) -> None:
    """All of it, in the order in which one needs the other."""
    with provider.running() as sms:
        more = {
            "ANJU_CANCELLATION_UNDO_HOURS": "0",
            "ANJU_SMS_URL": sms.url,
            "ANJU_PUSH_HOSTS": _PUSH_HOST,
            "ANJU_SMS_SECRET": provider.SECRET,
        }
        os.environ["ANJU_PUSH_HOSTS"] = _PUSH_HOST  # here the browser subscribes, and what was seen is judged
        with scratch.running(keep=True, home=VAR, more=more) as place:
            trial = Trial(place, sms, report)
            with tap.watching(VAR) as seen:
                trial.plant()
            backup.write(VAR.parent / f"{VAR.name}-backup", timedelta(days=1))
            trial.positive_control()
            trial.cancel()
            tap.judge(seen, sms, report)
            trial.nothing_left()
            trial.tamper()
            gates.run(lambda: trial.neighbours(1)[0], report)
            trial.logs()
        began = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "anju.site.cli", "restore", str(VAR.parent / f"{VAR.name}-backup")],
            env=place.environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        report.add(
            "2 restored",
            yes(
                done.returncode == 0,
                (done.stdout + done.stderr)[-300:] if done.returncode else f"{time.perf_counter() - began:.0f} s",
            ),
        )
        with scratch.running(keep=True, home=VAR, more=more):
            trial.read_again()


if __name__ == "__main__":
    outcome = Report()
    try:
        run(outcome)
    except (Unexpected, scratch.DidNotStart) as error:
        outcome.add("prove", yes(False, str(error)[:500]))
    Path(sys.argv[1]).write_text(outcome.dump())
