"""./anju backup: write an encrypted backup while everything runs. The recovery key opens it and must be kept elsewhere."""

import argparse
import sys
import time
from datetime import timedelta
from pathlib import Path

from anju.installation.paths import VAR
from anju.site import backup, coffer, postgres


def main(arguments: list[str]) -> int:
    """Returns 0 when it was written."""
    parser = argparse.ArgumentParser(prog="anju backup", description=__doc__)
    parser.add_argument("--to", type=Path, default=VAR / "backups", metavar="DIR", help="another disk or host's folder")
    parser.add_argument("--keep-days", type=int, default=30, help="older database files are removed (default: 30)")
    parser.add_argument("--recovery-key", action="store_true", help="print the key that opens the backups, and stop")
    chosen = parser.parse_args(arguments)
    if chosen.recovery_key:
        print(backup.recovery_key().hex())
        return 0
    began = time.monotonic()
    try:
        path = backup.write(chosen.to, timedelta(days=chosen.keep_days))
    except (backup.BackupError, coffer.Sealed, postgres.ClusterError, OSError) as error:
        sys.stderr.write(f"  ✗ {error}\n")
        return 1
    size = path.stat().st_size / 2**20
    print(f"  ✓ {path}  {size:.1f} MB  {time.monotonic() - began:.1f} s")
    print(f"  ✓ {path.with_name(backup.KEYS_FILE)}  keys, vault and erasure ledger; always the newest only")
    if chosen.to.resolve().is_relative_to(VAR):
        print("  ! this folder lies on the same disk: copy it elsewhere, or use --to")
    print("  The backups open with the key that `./anju backup --recovery-key` prints. Keep it off this host.")
    return 0
