"""The programs behind calls by SIP, kept running by a supervisor of their own: `./anju up` needs none of them."""

import os
import pwd
import sys
from collections.abc import Callable
from urllib.parse import urlsplit

import httpx

from anju.installation.ports import outer, ports, taken
from anju.sip import configuration, kamailio, media, place
from anju.sip.asking import HEADER
from anju.site import postgres
from anju.site.parts import Ill, Part, wsgi


def user() -> str | None:
    """The system user the servers run as when we are root."""
    if os.geteuid() != 0:
        return None
    postgres.Cluster.here()  # makes the user where there is none
    return postgres.SYSTEM_USER


def relay_user() -> int:
    """The number of the user whose socket pressed digits come from."""
    name = user()
    return pwd.getpwnam(name).pw_uid if name else os.geteuid()


def credentials_url() -> str:
    """Where Kamailio reads who may register."""
    return os.environ.get("ANJU_SIP_DATABASE_URL") or postgres.url(
        postgres.SIP, os.environ.get("ANJU_DATABASE", postgres.DATABASE)
    )


def _calls() -> list[str]:
    # Its questions compute and hardly wait: more threads would only get in each other's way.
    workers = os.environ.get("ANJU_SIP_WORKERS", "2")
    return wsgi("anju.site.sip_calls:application", ports()["sip_calls"], workers, threads=2)


def _answers(name: str, port: str) -> Callable[[], Ill]:
    def well() -> Ill:
        address = f"http://127.0.0.1:{ports()[port]}/health"
        try:
            answer = httpx.get(address, headers={HEADER: place.secret()}, timeout=3)
        except httpx.HTTPError as error:
            return f"{type(error).__name__}: see var/log/{name}.log"
        return None if answer.status_code == 200 else f"HTTP {answer.status_code}: see var/log/{name}.log"

    return well


def _kamailio_well() -> Ill:
    try:
        kamailio.ask("core.uptime")
    except kamailio.NoAnswer as error:
        return f"does not answer ({error}): see var/log/sip-kamailio.log"
    return None


def _relay_well() -> Ill:
    try:
        return None if b"pong" in media.ask("ping") else "answers nonsense: see var/log/sip-rtpengine.log"
    except OSError as error:
        return f"does not answer ({type(error).__name__}): see var/log/sip-rtpengine.log"


def _listens(name: str, port: Callable[[], int]) -> Callable[[], Ill]:
    return lambda: None if taken(port(), place.address()) else f"does not listen on {port()}: see var/log/{name}.log"


def sip_parts() -> list[Part]:
    """In the order they start."""
    who = user()
    return [
        Part("sip-desk", lambda: [sys.executable, "-m", "anju.site.sip_desk"], _answers("sip-desk", "sip_desk")),
        Part("sip-calls", _calls, _answers("sip-calls", "sip_calls")),
        Part("sip-rtpengine", configuration.rtpengine, _relay_well, user=who),
        Part("sip-kamailio", lambda: configuration.kamailio(credentials_url(), who), _kamailio_well),
        Part("sip-turn", lambda: configuration.coturn(who), _listens("sip-turn", lambda: outer("turn"))),
    ]


def addresses() -> list[str]:
    """What a device is told, one line each."""
    host = place.address()
    return [
        f"SIP       {host}:{outer('sip')} (UDP, TCP)   {host}:{outer('sip_tls')} (TLS)",
        f"WebSocket {place.ws()}",
        f"TURN      turn:{host}:{outer('turn')}",
        f"domain    {place.REALM}",
        f"database  {urlsplit(credentials_url()).username} reads the view sip_credentials",
    ]
