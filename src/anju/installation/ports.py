"""Which loopback ports this installation uses; chosen free at the first start and kept in var/ports.json."""

import json
import os
import random
import socket
from collections.abc import Iterable
from functools import cache

from anju.installation.paths import VAR

FRONT = int(os.environ.get("ANJU_PORT", "8000"))
"""The one port people open."""
GATE = int(os.environ.get("ANJU_GATE_PORT", "8010"))
"""The demo gate's kiosk."""
NEARBY = int(os.environ.get("ANJU_NEARBY_PORT", "8011"))
"""Where gates serve phones that stand before them; the app's page may speak to no other port of the local network."""
INSIDE = ("postgres", "nats", "nats_monitor", "nats_mqtt", "web", "live", "caddy_admin")
SIP = ("sip", "sip_tls", "sip_ws", "sip_wss", "sip_calls", "sip_desk", "sip_digits", "sip_media", "sip_line", "turn")
"""Calls by SIP: what devices reach, who decides about calls, the desk that hears pressed digits, the media relay's control, the line to
telephones, and TURN."""


CHOICE = range(10_240, 29_900)
"""What ports are chosen from: below those the system gives to connections that go out, or one of them could have ours when we start."""


def _free(names: Iterable[str], others: Iterable[int] = ()) -> dict[str, int]:
    """A port for each, which nothing has, neither by TCP nor by UDP, nor is one of these others. Raises StopIteration when there are too few."""
    free = filter(_is_free, random.sample(sorted(set(CHOICE) - set(others)), 1000))
    return {name: next(free) for name in names}


def _is_free(port: int) -> bool:
    with socket.socket() as stream, socket.socket(type=socket.SOCK_DGRAM) as datagrams:
        try:
            stream.bind(("127.0.0.1", port))
            datagrams.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@cache
def ports() -> dict[str, int]:
    """The inner parts' ports by name."""
    path = VAR / "ports.json"
    if not path.exists():
        VAR.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(_free((*INSIDE, *SIP))))
    found: dict[str, int] = json.loads(path.read_text())
    if missing := [
        name for name in (*INSIDE, *SIP) if name not in found
    ]:  # an installation from before they were needed
        found |= _free(missing, found.values())
        path.write_text(json.dumps(found))
    return found


def outer(name: str) -> int:
    """A port that devices reach from outside, which an operator may choose: `ANJU_SIP_TLS_PORT=5061` for `sip_tls`."""
    return int(os.environ.get(f"ANJU_{name.upper()}_PORT") or ports()[name])


def taken(port: int, host: str = "127.0.0.1") -> bool:
    """Whether something already listens on `port`."""
    with socket.socket() as probe:
        probe.settimeout(0.3)
        return probe.connect_ex((host, port)) == 0
