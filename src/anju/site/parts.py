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
from anju.installation.paths import BIN, REPO, VAR, WEB
from anju.installation.ports import FRONT, GATE, ports, taken
from anju.site import postgres

Ill = str | None
"""What is wrong and what to do; None: well."""


@dataclass
class Part:
    """A process the supervisor keeps alive. well: asks it, and returns what is wrong."""

    name: str
    command: list[str]
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
        with psycopg.connect(postgres.url(postgres.APP), connect_timeout=3) as connection:
            row = connection.execute("select rolsuper or rolbypassrls from pg_roles where rolname = current_user").fetchone()
    except psycopg.OperationalError:
        return "does not answer: see var/log/postgres.log; is the disk full?"
    return "the app's role bypasses row-level security: recreate it as ./anju up does" if row and row[0] else None


def _listens(name: str, port: int) -> Callable[[], Ill]:
    return lambda: None if taken(port) else f"does not listen on {port}: see var/log/{name}.log"


def _caddyfile(host: str) -> Path:
    """One address for people: the app's files, /api, /console and /live behind one port."""
    https = host not in ("localhost", "127.0.0.1")
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
		header Content-Security-Policy "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; style-src 'self' 'unsafe-inline'; connect-src 'self'; worker-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
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


def all_parts(host: str, *, gate: bool) -> list[Part]:
    """Every part, in the order they start."""
    cluster = postgres.Cluster.here()
    python = str(Path(sys.executable))
    workers = os.environ.get("ANJU_WEB_WORKERS", "2")
    parts = []
    if not os.environ.get("DATABASE_URL"):
        # SIGINT is PostgreSQL's fast shutdown.
        parts.append(Part("postgres", cluster.command(), _postgres_well, user=cluster.user, stop_signal=2))
    parts += [
        Part("nats", bus.command(), lambda: _get(f"http://127.0.0.1:{ports()['nats_monitor']}/healthz", "see var/log/nats.log")),
        Part(
            "web",
            [str(BIN / "granian"), "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(ports()["web"]), "--workers", workers,
             "--blocking-threads", "8", "--backpressure", "64", "--respawn-failed-workers", "--no-ws", "--log-level", "warning", "anju.site.wsgi:application"],
            lambda: _get(f"http://127.0.0.1:{ports()['web']}/api/v1/communities", "see var/log/web.log"),
        ),
        Part(
            "live",
            [python, "-m", "uvicorn", "--host", "127.0.0.1", "--port", str(ports()["live"]), "--no-access-log", "--log-level", "warning",
             "--timeout-graceful-shutdown", "1", "anju.live.app:app"],
            lambda: _get(f"http://127.0.0.1:{ports()['live']}/live/health", "see var/log/live.log; is nats well?"),
        ),
        Part("worker", [python, "-m", "anju.site.worker"], _worker_well),
        Part("front", [str(BIN / "caddy"), "run", "--config", str(_caddyfile(host)), "--adapter", "caddyfile"], _listens("front", FRONT)),
    ]  # fmt: skip
    if gate:
        parts.append(
            Part(
                "gate",
                [python, "-m", "anju.gate", "run", "--home", str(VAR / "gate"), "--port", str(GATE)],
                lambda: _get(f"http://127.0.0.1:{GATE}/health", "see var/log/gate.log"),
                environment={"ANJU_KIOSK": str(WEB / "kiosk")},
            )
        )
    return parts


HEARTBEAT = VAR / "worker.heartbeat"


def _worker_well() -> Ill:
    try:
        age = time.time() - HEARTBEAT.stat().st_mtime
    except FileNotFoundError:
        return "has not started: see var/log/worker.log"
    return None if age < 15 else f"silent for {age:.0f} s: see var/log/worker.log"


def environment() -> dict[str, str]:
    """What every part runs with."""
    return {**os.environ, "PYTHONPATH": str(REPO / "src"), "DJANGO_SETTINGS_MODULE": "anju.site.settings", "PYTHONUNBUFFERED": "1"}
