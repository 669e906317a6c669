"""Where the SIP server of this installation is, and how devices reach it. Settings come from the environment."""

import os
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings

from anju.installation.keyring import password
from anju.installation.paths import RUN, VAR
from anju.installation.ports import outer, ports

FOLDER = VAR / "sip"
HEADER = "X-Anju-Sip"
"""In which whoever asks shows the secret."""
READY = RUN / "sip-ready"
"""There while everything of it runs."""


def address() -> str:
    """The IP address that devices reach and that media flows through."""
    return os.environ.get("ANJU_SIP_ADDRESS", "127.0.0.1")


def host() -> str:
    """The name devices are given: the realm, and what the certificate is for."""
    return os.environ.get("ANJU_SIP_HOST") or urlsplit(settings.ORIGIN).hostname or "localhost"


REALM = os.environ.get("ANJU_SIP_REALM", "anju")
"""What passwords are bound to (RFC 2617). It stays when the host's name changes."""


def runs() -> bool:
    """Whether SIP devices can be rung now: on this machine, or elsewhere by ANJU_SIP=1."""
    return READY.exists() or os.environ.get("ANJU_SIP") == "1"


def folder() -> Path:
    """Where the parts keep their files. Made if there is none."""
    FOLDER.mkdir(mode=0o711, parents=True, exist_ok=True)
    return FOLDER


def rpc_socket() -> Path:
    """Where Kamailio takes orders."""
    return Path(os.environ.get("ANJU_SIP_RPC") or folder() / "rpc" / "kamailio.sock")


def line() -> str:
    """Where the line to telephones listens (line.py)."""
    return f"127.0.0.1:{ports()['sip_line']}"


def note_of_start() -> None:
    """One of those who decide about calls was started: what it was told before may be lost (lost.py)."""
    _started().touch()


def last_start() -> float:
    """When that was."""
    return _started().stat().st_mtime if _started().exists() else 0.0


def _started() -> Path:
    return folder() / "calls-started"


@cache
def secret() -> str:
    """What Kamailio shows the desk."""
    return password("sip-desk")


def ws() -> str:
    """Where browsers connect."""
    if settings.HTTPS:
        return f"wss://{host()}:{outer('sip_wss')}"
    return f"ws://{address()}:{outer('sip_ws')}"


def turn() -> list[str]:
    """Where media is relayed for who cannot be reached directly; [] while nothing runs."""
    where = f"turn:{address()}:{outer('turn')}?transport="
    return [f"{where}udp", f"{where}tcp"] if runs() else []
