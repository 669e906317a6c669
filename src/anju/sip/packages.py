"""The SIP server's programs, as Debian brings them."""

import os
import shutil
from pathlib import Path

PACKAGES = {
    "kamailio": "kamailio",
    "/usr/lib/*/kamailio/modules/db_postgres.so": "kamailio-postgres-modules",
    "/usr/lib/*/kamailio/modules/db_sqlite.so": "kamailio-sqlite-modules",
    "/usr/lib/*/kamailio/modules/tls.so": "kamailio-tls-modules",
    "/usr/lib/*/kamailio/modules/websocket.so": "kamailio-websocket-modules",
    "/usr/lib/*/kamailio/modules/jansson.so": "kamailio-extra-modules",
    "/usr/lib/*/kamailio/modules/http_client.so": "kamailio-utils-modules",
    "rtpengine": "rtpengine-daemon",
    "turnserver": "coturn",
    "espeak-ng": "espeak-ng",
    "tcc": "tcc",
}
"""What Debian must bring, by a program or file that shows it is there."""


def missing() -> list[str]:
    """The packages that are not installed."""
    there = (any(Path("/").glob(what[1:])) if what.startswith("/") else _found(what) for what in PACKAGES)
    return [package for package, found in zip(PACKAGES.values(), there, strict=True) if not found]


def _found(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/bin")


def program(name: str) -> str:
    """Where a program lies; Debian keeps servers where an ordinary user's path does not lead."""
    return _found(name) or name
