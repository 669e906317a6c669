"""Transfers a second through the ledger's function against pgbench's TPC-B-like transactions: same cluster, same clients, durability on."""

import json
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
from tests.peers import institution
from tests.peers.institution import Institution, Order

from anju.installation.paths import REPO
from anju.partners.paying import CHINA
from anju.site import backup
from anju.site.report import Bar, Figure, Report, yes
from anju.site.tour import scratch
from benchmarks.figures import percentile

CLIENTS = 8
SCALE = 10
SECONDS = 10
ROUNDS = 3
WALLETS = 10_000
EACH = 10**9
LINES = 100_000
AMOUNT = 28_500
"""Fen; benchmarks/billing.py books the same."""
_SHOP = "00000000-0000-7000-9000-000000000001"
_WALLET = "('00000000-0000-7000-8000-' || lpad(:{}::text, 12, '0'))::uuid"
_MOVE = "select ledger_move(gen_random_uuid(), gen_random_uuid()::text, {}, {}, 1, 'transfer', null);\n"
UNIFORM = f"\\set a random(1, {WALLETS})\n\\set b 1 + ((:a + random(1, {WALLETS - 2})) % {WALLETS})\n" + _MOVE.format(
    _WALLET.format("a"), _WALLET.format("b")
)
HOT = f"\\set a random(1, {WALLETS})\n" + _MOVE.format(_WALLET.format("a"), f"'{_SHOP}'::uuid")
_OPEN = f"""
do $$ declare bank uuid; begin
    bank := ledger_open(gen_random_uuid(), 'bank', 'free', null, null, null, 1);
    perform ledger_open('{_SHOP}', 'income', 'credit', null, null, gen_random_uuid(), 16);
    for n in 1..{WALLETS} loop
        perform ledger_open(('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, 'wallet', 'credit', null, gen_random_uuid(), null, 1);
        perform ledger_move(gen_random_uuid(), 'in' || n, bank, ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, {EACH}, 'top_up', null);
    end loop;
end $$
"""


@dataclass
class Run:
    """rate: transactions a second. slowest: milliseconds that one in a hundred takes longer than."""

    rate: float
    slowest: float


def _pgbench(url: str, script: str | None) -> Run:
    """Eight clients for some seconds. script: None for pgbench's own transaction."""
    where = urlsplit(url)
    with tempfile.TemporaryDirectory() as folder:
        own = ["--builtin=tpcb-like"]
        if script is not None:
            (Path(folder) / "script").write_text(script)
            own = [f"--file={folder}/script"]
        command = [
            backup.program("pgbench"), *own, f"--client={CLIENTS}", "--jobs=2", f"--time={SECONDS}",
            "--protocol=prepared", "--no-vacuum", "--log", f"--log-prefix={folder}/took", url,
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr.replace(where.password or "\0", "…")[-1500:]
        took = [int(line.split()[2]) / 1000 for log in Path(folder).glob("took*") for line in log.open()]
    return Run(len(took) / SECONDS, percentile(took, 0.99))


def _in_bulk(place: scratch.Place, its: Institution) -> dict[str, float]:
    """A big community's bills and a big day's statement, in a process of the platform's."""
    now = datetime.now(CHINA)
    for _ in range(LINES):
        number = uuid4().hex
        its.orders[number] = Order(number, AMOUNT, "物业费", "", "wechat", state="SUCCESS", paid_at=now)
    with tempfile.NamedTemporaryFile("w") as numbers:
        numbers.write("\n".join(its.orders))
        numbers.flush()
        environment = {**place.environment, "DJANGO_SETTINGS_MODULE": "anju.site.settings"}
        command = [sys.executable, "-m", "benchmarks.billing", numbers.name]
        done = subprocess.run(command, env=environment, cwd=REPO, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-1500:]
    return dict(json.loads(done.stdout.splitlines()[-1]))


def run(report: Report) -> None:
    folder = Path(tempfile.mkdtemp())
    with institution.running(folder) as its, scratch.running(more=its.environment) as place:
        mine, bare = scratch.superuser(place, "anju"), scratch.superuser(place, "bare")
        program = backup.program("pgbench")
        subprocess.run([program, "-i", f"--scale={SCALE}", "--quiet", bare], check=True, capture_output=True)
        with psycopg.connect(mine, autocommit=True) as made:
            made.execute(_OPEN)
            made.execute("vacuum analyze")
        runs: dict[str, list[Run]] = {"floor": [], "uniform": [], "hot": []}
        for _ in range(ROUNDS):
            runs["floor"].append(_pgbench(bare, None))
            runs["uniform"].append(_pgbench(mine, UNIFORM))
            runs["hot"].append(_pgbench(mine, HOT))
        with psycopg.connect(mine) as read:
            problems = read.execute("select * from ledger_problems()").fetchall()
        bulk = _in_bulk(place, its)
    shutil.rmtree(folder)
    rate = {name: max(one.rate for one in found) for name, found in runs.items()}
    slowest = {name: min(one.slowest for one in found) for name, found in runs.items()}
    report.add("TPC-B-like", Figure(rate["floor"], "a second", note=f"p99 {slowest['floor']:.1f} ms"))
    for name, bar in (("uniform", 0.6), ("hot", 0.4)):
        report.add(f"{name} transfers", Figure(rate[name], "a second", note=f"p99 {slowest[name]:.1f} ms"))
        report.add(f"{name}, of TPC-B", Figure(rate[name] / rate["floor"], "x", bar, Bar.AT_LEAST))
        report.add(f"{name} p99, of TPC-B's", Figure(slowest[name] / slowest["floor"], "x", 5))
    report.add(f"{bulk['bills']:.0f} homes' bills counted", Figure(bulk["counted"], "s", 60))
    report.add("... and issued", Figure(bulk["issued"], "s", 60))
    report.add(f"a statement of {bulk['lines']:.0f} lines compared", Figure(bulk["took"], "s", 30))
    report.add("... differences", Figure(bulk["differ"], "", 0, note=str(int(bulk["differ"]))))
    report.add("the books add up", yes(not problems, str(problems[:1] or "")))
