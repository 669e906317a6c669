"""The parts of a running Anju: what each is started with, and how one sees that it is well."""

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psycopg

from anju.bus import server as bus
from anju.installation.paths import BIN, REPO, RUN, VAR, WEB
from anju.installation.ports import FRONT, GATE, NEARBY, ports, taken
from anju.site import postgres

Ill = str | None
"""What is wrong and what to do; None: well."""


@dataclass
class Part:
    """A process the supervisor keeps alive.

    command: writes the configuration it needs and returns its command line. well: asks it, and returns what is wrong.
    """

    name: str
    command: Callable[[], list[str]]
    well: Callable[[], Ill]
    user: str | None = None
    environment: dict[str, str] = field(default_factory=dict)
    stop_signal: int = 15


def _get(url: str, hint: str) -> Ill:
    try:
        answer = httpx.get(url, timeout=3)
    except httpx.HTTPError as error:
        return f"{type(error).__name__}: {hint}"
    return None if answer.status_code < 500 else f"HTTP {answer.status_code}: {hint}"


def _postgres_well() -> Ill:
    try:
        with psycopg.connect(postgres.app_url(), connect_timeout=3) as connection:
            row = connection.execute(
                "select rolsuper or rolbypassrls from pg_roles where rolname = current_user"
            ).fetchone()
    except psycopg.OperationalError:
        return "does not answer: see var/log/postgres.log; is the disk full?"
    return "the app's role bypasses row-level security: recreate it as ./anju up does" if row and row[0] else None


def _listens(name: str, port: int) -> Callable[[], Ill]:
    return lambda: None if taken(port) else f"does not listen on {port}: see var/log/{name}.log"


NATS_MEMORY = os.environ.get("ANJU_NATS_MEMORY", "320MiB")
"""Where the bus begins to tidy up in earnest: it works on above it. What four hundred thousand grants need, without what their
arrival leaves behind."""
LOCAL = ("localhost", "127.0.0.1")
_HOST = VAR / "host"
READY = RUN / "ready"
"""There while everything runs."""


def host() -> str:
    """The name people reach this installation by, as `up` was last told."""
    return _HOST.read_text() if _HOST.exists() else LOCAL[0]


def remember_host(name: str) -> None:
    """Note what `up` was told, for `check`."""
    _HOST.write_text(name)


def _caddyfile(host: str) -> Path:
    """One address for people: the app's files, /api, /console and /live behind one port."""
    https = host not in LOCAL
    # A phone's camera works only over https: beyond loopback Caddy makes a certificate of its own.
    site = f"https://{host}:{FRONT}" if https else f"http://:{FRONT}"
    path = VAR / "Caddyfile"
    path.write_text(
        f"""{{
	admin off
	persist_config off
	auto_https disable_redirects
	storage file_system "{VAR / "caddy"}"
	servers {{
		protocols h1 h2
	}}
}}
{site} {{
	{"tls internal" if https else "bind 127.0.0.1"}
	encode zstd gzip
	request_body {{
		max_size 26MB
	}}
	handle /live* {{
		reverse_proxy 127.0.0.1:{ports()["live"]} {{
			flush_interval -1
		}}
	}}
	@platform path /api/* /_allauth/* /console /console/* /static/*
	handle @platform {{
		reverse_proxy 127.0.0.1:{ports()["web"]} {{
			lb_try_duration 5s
			lb_try_interval 100ms
		}}
	}}
	handle {{
		root * "{WEB / "app"}"
		try_files {{path}} /index.html
		header Content-Security-Policy "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; style-src 'self' 'unsafe-inline'; connect-src 'self' http://*:{NEARBY} https://*:{NEARBY}; worker-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
		header X-Content-Type-Options nosniff
		header Referrer-Policy same-origin
		header Permissions-Policy "camera=(self), microphone=(self), geolocation=(self)"
		@built path /assets/*
		header @built Cache-Control "public, max-age=31536000, immutable"
		file_server
	}}
	log {{
		output discard
	}}
}}
"""
    )
    return path


def wsgi(application: str, port: int, workers: str, threads: int = 8) -> list[str]:
    """Processes that serve a WSGI application over loopback; one that dies is started anew. threads: of each."""
    return [
        str(BIN / "granian"), "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port),
        "--workers", workers, "--blocking-threads", str(threads), "--backpressure", "64",
        "--respawn-failed-workers", "--no-ws", "--log-level", "error", application,
    ]  # fmt: skip


def _web() -> list[str]:
    return wsgi("anju.site.wsgi:application", ports()["web"], os.environ.get("ANJU_WEB_WORKERS", "2"))


def _live() -> list[str]:
    return [
        sys.executable, "-m", "uvicorn", "--host", "127.0.0.1", "--port", str(ports()["live"]), "--no-access-log",
        "--log-level", "warning", "--timeout-graceful-shutdown", "1", "anju.live.app:app",
    ]  # fmt: skip


def _gate() -> list[str]:
    nearby = ["--nearby", f"127.0.0.1:{NEARBY}"]
    return [sys.executable, "-m", "anju.gate", "run", "--home", str(VAR / "gate"), "--port", str(GATE), *nearby]


def all_parts(host: str, *, gate: bool) -> list[Part]:
    """Every part, in the order they start."""
    inside = ports()
    parts = []
    if not os.environ.get("DATABASE_URL"):
        cluster = postgres.Cluster.here()
        # SIGINT is PostgreSQL's fast shutdown.
        parts.append(Part("postgres", cluster.command, _postgres_well, user=cluster.user, stop_signal=2))
    address = "http://127.0.0.1"
    parts += [
        Part(
            "nats",
            bus.command,
            lambda: _get(f"{address}:{inside['nats_monitor']}/healthz", "see var/log/nats.log"),
            environment={"GOMEMLIMIT": NATS_MEMORY},
        ),
        Part("web", _web, lambda: _get(f"{address}:{inside['web']}/api/v1/communities", "see var/log/web.log")),
        Part(
            "live",
            _live,
            lambda: _get(f"{address}:{inside['live']}/live/health", "see var/log/live.log; is nats well?"),
        ),
        Part("worker", lambda: [sys.executable, "-m", "anju.site.worker"], _worker_well),
        Part("front", lambda: _front(host), _listens("front", FRONT)),
    ]
    if gate:
        seen = {"ANJU_KIOSK": str(WEB / "kiosk")}
        parts.append(
            Part("gate", _gate, lambda: _get(f"{address}:{GATE}/health", "see var/log/gate.log"), environment=seen)
        )
    return parts


def _front(host: str) -> list[str]:
    return [str(BIN / "caddy"), "run", "--config", str(_caddyfile(host)), "--adapter", "caddyfile"]


HEARTBEAT = VAR / "worker.heartbeat"


def _worker_well() -> Ill:
    try:
        age = time.time() - HEARTBEAT.stat().st_mtime
    except FileNotFoundError:
        return "has not started: see var/log/worker.log"
    return None if age < 15 else f"silent for {age:.0f} s: see var/log/worker.log"


def environment() -> dict[str, str]:
    """What every part runs with."""
    own = {"ANJU_VAR": str(VAR), "PYTHONPATH": str(REPO / "src"), "DJANGO_SETTINGS_MODULE": "anju.site.settings"}
    return {**os.environ, **own, "PYTHONUNBUFFERED": "1"}
