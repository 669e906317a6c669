"""./anju privacy: prove that the privacy promises hold, on a whole system of its own; print what may be connected to."""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import django

from anju.installation.paths import REPO
from anju.site.report import Report, yes

STEPS = 20_000
_TESTS = ("tests/privacy/test_consent_machine.py", "tests/console/test_exposure.py")


def _tests(figures: Path) -> "subprocess.Popen[str]":
    """3 and 4: the consent machine and the exposure of every address, on a database of their own."""
    environment = {**os.environ, "ANJU_FIGURES": str(figures), "ANJU_MACHINE_STEPS": str(STEPS)}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *_TESTS]
    return subprocess.Popen(
        command, cwd=REPO, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def _whole(figures: Path, report: Report) -> None:
    """The rest: on a running system."""
    from anju.site.tour import scratch

    home = scratch.new_home()
    environment = {**os.environ, "ANJU_VAR": str(home), "PYTHONPATH": str(REPO / "src")}
    for name in ("DATABASE_URL", "ANJU_DATABASE", "ANJU_ORIGIN"):
        environment.pop(name, None)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "anju.site.prove.whole", str(figures)],
            env=environment,
            check=False,
            stdout=subprocess.DEVNULL if report.quiet else None,
        )
        if figures.exists():
            report.load(figures.read_text())
        if done.returncode:
            report.add("prove", yes(False, "ended before its time: run it without --json and see"))
    finally:
        for folder in (home, home.with_name(f"{home.name}-backup")):
            shutil.rmtree(folder, ignore_errors=True)


def _prove(report: Report) -> None:
    with tempfile.TemporaryDirectory(prefix="anju-figures-") as folder:
        noted = Path(folder) / "tests.jsonl"
        tests = _tests(noted)
        _whole(Path(folder) / "whole.json", report)
        out, _ = tests.communicate()
        if noted.exists():
            for line in noted.read_text().splitlines():
                report.load(line)
        report.add(
            "3 and 4 as tests", yes(tests.returncode == 0, out[-600:] if tests.returncode else out.splitlines()[-1])
        )


def _egress() -> None:
    """What the operating system should allow, for systemd's unit files."""
    django.setup()
    from anju.privacy.gateway import RECIPIENTS
    from anju.site import reach

    print("IPAddressDeny=any\nIPAddressAllow=localhost")
    for host, port in reach.own():
        print(f"# the platform's own part: {host}:{port}")
    for one in RECIPIENTS.values():
        where = ", ".join(f"{host} (port {port})" for host, port in one.places())
        print(f"# {one.code}: {f'allow the addresses of {where}' if where else 'not set up'}")


def main(arguments: list[str]) -> int:
    """Returns 0 when every promise holds."""
    parser = argparse.ArgumentParser(prog="anju privacy", description=__doc__)
    parser.add_argument("what", choices=["prove", "egress"])
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    chosen = parser.parse_args(arguments)
    if chosen.what == "egress":
        _egress()
        return 0
    report = Report(quiet=chosen.json)
    _prove(report)
    return report.finish(as_json=chosen.json)
