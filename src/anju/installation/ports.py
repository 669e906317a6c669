"""Which loopback ports this installation uses; chosen free at the first start and kept in var/ports.json."""

import json
import os
import socket
from functools import cache

from anju.installation.paths import VAR

FRONT = int(os.environ.get("ANJU_PORT", "8000"))
"""The one port people open."""
GATE = int(os.environ.get("ANJU_GATE_PORT", "8010"))
"""The demo gate's kiosk."""
NEARBY = int(os.environ.get("ANJU_NEARBY_PORT", "8011"))
"""Where gates serve phones that stand before them; the app's page may speak to no other port of the local network."""
INSIDE = ("postgres", "nats", "nats_monitor", "nats_mqtt", "web", "live", "caddy_admin")


def _free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@cache
def ports() -> dict[str, int]:
    """The inner parts' ports by name."""
    path = VAR / "ports.json"
    if not path.exists():
        VAR.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({name: _free() for name in INSIDE}))
    found: dict[str, int] = json.loads(path.read_text())
    if missing := [name for name in INSIDE if name not in found]:  # an installation from before they were needed
        found |= {name: _free() for name in missing}
        path.write_text(json.dumps(found))
    return found


def taken(port: int, host: str = "127.0.0.1") -> bool:
    """Whether something already listens on `port`."""
    with socket.socket() as probe:
        probe.settimeout(0.3)
        return probe.connect_ex((host, port)) == 0
