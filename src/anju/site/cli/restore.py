"""./anju restore: bring a backup back while nothing runs. Whoever was erased since stays erased."""

import argparse
import subprocess
import sys
import time
from pathlib import Path

from anju.installation.paths import VAR
from anju.site import backup, coffer, postgres
from anju.site import parts as all_of
from anju.site.supervisor import StartError, Supervisor, only_one


def _carry_out(path: Path, key: bytes) -> None:
    supervisor = Supervisor(lambda line: print(f"  ! {line}", flush=True))
    try:
        waiting = {part.name: part for part in all_of.all_parts(all_of.host(), gate=False)}
        if "postgres" in waiting:
            cluster = postgres.Cluster.here()
            cluster.create()
            supervisor.start(waiting["postgres"], ready=cluster.wait)
            cluster.prepare()
        print(f"  … {path.name}", flush=True)
        backup.bring_back(path, key)
        for module in ("anju.site.tables", "anju.site.restored"):
            done = subprocess.run(
                [sys.executable, "-m", module], env=all_of.environment(), capture_output=True, text=True, check=False
            )
            if done.returncode:
                raise backup.BackupError(f"{module} failed: {done.stderr.strip()[-800:]}")
            print(done.stdout, end="", flush=True)
    finally:
        supervisor.stop()


def main(arguments: list[str]) -> int:
    """Returns 0 when the database is back and the ledger replayed."""
    parser = argparse.ArgumentParser(prog="anju restore", description=__doc__)
    parser.add_argument("source", type=Path, metavar="DIR", help="where `./anju backup` wrote")
    parser.add_argument("--database", metavar="FILE", help="which database file (default: the newest)")
    parser.add_argument("--recovery-key", type=Path, metavar="FILE", help="on a new host: a file with the recovery key")
    chosen = parser.parse_args(arguments)
    began = time.monotonic()
    try:
        found = backup.databases(chosen.source)
        path = chosen.source / chosen.database if chosen.database else (found[-1] if found else None)
        if path is None or not path.exists():
            raise backup.BackupError(
                f"{chosen.source} holds no database file: is this what `./anju backup --to` named?"
            )
        with only_one():
            if chosen.recovery_key:
                backup.unpack_keys(chosen.source, bytes.fromhex(chosen.recovery_key.read_text().strip()))
            elif not (VAR / "vault" / "vault.db").exists():
                raise backup.BackupError("this host has no keys: give the recovery key with --recovery-key FILE")
            _carry_out(path, backup.recovery_key())
    except (backup.BackupError, coffer.Sealed, StartError, postgres.ClusterError, OSError, ValueError) as error:
        sys.stderr.write(f"  ✗ {error}\n")
        return 1
    print(f"  ✓ restored in {time.monotonic() - began:.0f} s. Start it with ./anju up")
    return 0
