"""./anju test: install what tests need, then run every check and every test. Further arguments go to pytest."""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from anju.installation.paths import BIN, REPO
from anju.sip import packages
from anju.site.cli import up

PACKAGES = {
    "/usr/bin/chromium": "chromium",
    "/usr/share/fonts/opentype/noto": "fonts-noto-cjk",
    "/usr/bin/strace": "strace",
    "/usr/bin/linphonec": "linphone-cli",
    "/usr/bin/sipp": "sip-tester",
    "/usr/bin/baresip": "baresip-core",
}
"""What the browser journeys, the watch over connections and calls by SIP need of Debian, by a path that shows it is there."""

MOST_SECONDS = 25 * 60


@dataclass(frozen=True)
class Check:
    """A command that must end with 0."""

    name: str
    command: list[str]
    folder: Path = REPO
    shown: bool = False
    """Whether what it says is worth reading when all is well."""


def checks() -> list[Check]:
    """Everything but pytest, the quick ones first."""
    npm = up.npm()
    return [
        Check("ruff", [str(BIN / "ruff"), "check", "."]),
        Check("ruff format", [str(BIN / "ruff"), "format", "--check", "."]),
        Check("imports between rooms", [str(BIN / "lint-imports"), "--no-cache"]),
        Check("translations", [sys.executable, "-m", "anju.site.translations"]),
        Check("web: types and texts", [*npm, "run", "check"], REPO / "web"),
        Check("web: units", [*npm, "test"], REPO / "web"),
        Check("types", [str(BIN / "mypy")]),
    ]


def promises() -> Check:
    """What the privacy promises come to on a whole system."""
    return Check("privacy promises", [sys.executable, "-m", "anju.site.cli", "privacy", "prove"], shown=True)


def install_packages() -> list[str]:
    """Install what Debian must bring. Returns what could not be installed."""
    missing = [package for path, package in PACKAGES.items() if not Path(path).exists()] + packages.missing()
    if not missing:
        return []
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return missing
    sys.stdout.write(f"  installing {' '.join(missing)}\n")
    # Debian starts servers when it installs them; the tests start their own.
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    subprocess.run(["apt-get", "update", "-q"], env=environment, check=False, capture_output=True)
    done = subprocess.run(
        ["apt-get", "install", "-qy", "--no-install-recommends", *missing],
        env=environment,
        check=False,
        capture_output=True,
    )
    return missing if done.returncode else []


def _run(check: Check, environment: dict[str, str]) -> bool:
    began = time.monotonic()
    done = subprocess.run(check.command, cwd=check.folder, env=environment, capture_output=True, text=True, check=False)
    well = done.returncode == 0
    sys.stdout.write(f"  {'✓' if well else '✗'} {check.name}  {time.monotonic() - began:.0f} s\n")
    if check.shown and well:
        sys.stdout.write(done.stdout)
    if not well:
        sys.stdout.write(done.stdout[-6000:] + done.stderr[-3000:])
    sys.stdout.flush()
    return well


def main(arguments: list[str]) -> int:
    """Run everything. Returns 0 when all of it is well."""
    parser = argparse.ArgumentParser(prog="anju test", description=__doc__)
    parser.add_argument("--only-pytest", action="store_true", help="no linters and type checkers")
    parser.add_argument("--promises", action="store_true", help="also `./anju privacy prove`, which takes five minutes")
    chosen, rest = parser.parse_known_args(arguments)
    missing = install_packages()
    environment = {**os.environ, "PYTHONPATH": str(REPO / "src")}
    well = True
    if not chosen.only_pytest:
        up.build_web()
        wanted = [*checks(), *([promises()] if chosen.promises else [])]
        well = not [check for check in wanted if not _run(check, environment)]
    if missing:
        sys.stdout.write(
            f"  ✗ not installed: {' '.join(missing)}. Run once: sudo apt-get install -y {' '.join(missing)}\n"
        )
        sys.stdout.write("    what needs them is skipped, and the run counts as failed\n")
    return 0 if _pytest(rest, environment) and well and not missing else 1


def _pytest(arguments: list[str], environment: dict[str, str]) -> bool:
    """Run the tests; what hangs is ended rather than waited for."""
    command = [sys.executable, "-m", "pytest", "-n", "2", *arguments]
    with subprocess.Popen(command, cwd=REPO, env=environment, start_new_session=True) as tests:
        try:
            return tests.wait(MOST_SECONDS) == 0
        except subprocess.TimeoutExpired:
            os.killpg(tests.pid, signal.SIGKILL)
            sys.stdout.write(f"  ✗ the tests did not end within {MOST_SECONDS // 60} minutes\n")
            return False
