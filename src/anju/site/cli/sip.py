"""./anju sip up|down|status: indoor stations, Linphone, door stations and telephones ring for the same calls as the app."""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import threading
import time

import django

from anju.installation.paths import RUN
from anju.sip import packages
from anju.site.report import Report, yes
from anju.site.supervisor import APART, StartError, Supervisor, only_one

STOP_SECONDS = 20


def _install() -> None:
    """What Debian must bring. Raises StartError where we may not."""
    missing = packages.missing()
    if not missing:
        return
    command = f"apt-get install -y --no-install-recommends {' '.join(missing)}"
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise StartError(f"run once / 请先运行: sudo {command}")
    print(f"  installing / 安装 {' '.join(missing)}", flush=True)
    # Debian starts servers when it installs them; these are started here, with a configuration of ours.
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    subprocess.run(["apt-get", "update", "-q"], env=environment, check=False, capture_output=True)
    done = subprocess.run(command.split(), env=environment, check=False, capture_output=True, text=True)
    if done.returncode:
        raise StartError(f"apt-get failed: {done.stderr.strip()[-400:]}")


def _up() -> int:
    from anju.sip import place
    from anju.site import sip_parts

    _install()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    supervisor = Supervisor(lambda line: print(f"  ! {line}", flush=True))
    began = time.monotonic()
    try:
        for part in sip_parts.sip_parts():
            print(f"  ✓ {part.name}  {supervisor.start(part, 20):.1f} s", flush=True)
        place.READY.touch()
        print(f"\n  SIP is ready in {time.monotonic() - began:.0f} s / 已就绪", flush=True)
        print("".join(f"  {line}\n" for line in sip_parts.addresses()), flush=True)
        threading.Thread(target=supervisor.watch, daemon=True).start()
        stop.wait()
        print("\n  stopping / 正在停止 …", flush=True)
    finally:
        place.READY.unlink(missing_ok=True)
        supervisor.stop()
    return 0


def _down() -> int:
    """End what `up` runs in another terminal, and wait until it has."""
    path = RUN / "sip-supervisor"
    if not path.exists():
        print("  SIP is not running here / 没有在运行")
        return 0
    try:
        os.kill(int(path.read_text()), signal.SIGTERM)
    except ProcessLookupError:  # it was killed, and could not say so
        path.unlink(missing_ok=True)
    until = time.monotonic() + STOP_SECONDS
    while path.exists() and time.monotonic() < until:
        time.sleep(0.1)
    return 0


def _status(*, as_json: bool) -> int:
    from anju.site import sip_parts

    report = Report(quiet=as_json)
    for part in sip_parts.sip_parts():
        ill = part.well()
        report.add(part.name, yes(ill is None, ill or ""))
    return report.finish(as_json=as_json)


def main(arguments: list[str]) -> int:
    """Returns 0 when all is well."""
    parser = argparse.ArgumentParser(prog="anju sip", description=__doc__)
    parser.add_argument("what", choices=["up", "down", "status"])
    parser.add_argument("--json", action="store_true", help="for `status`: one JSON object as the last line")
    chosen = parser.parse_args(arguments)
    django.setup()
    if chosen.what == "status":
        return _status(as_json=chosen.json)
    if chosen.what == "down":
        return _down()
    mark = RUN / "sip-supervisor"
    try:
        with only_one(APART):
            mark.write_text(str(os.getpid()))
            try:
                return _up()
            finally:
                mark.unlink(missing_ok=True)
    except StartError as error:
        print(f"\n  ✗ {error}", file=sys.stderr)
        return 1
