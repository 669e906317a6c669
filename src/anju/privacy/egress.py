"""What this process may connect to: its own parts, and a recipient only while the gateway sends to it.

An audit hook sees every connection and look-up that Python makes and refuses the rest. C libraries (libpq) pass it by: the same
list is given to the operating system (`./anju privacy egress` prints it for systemd).
"""

import ipaddress
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import structlog

log = structlog.get_logger()

Place = tuple[str, int]

_own: set[Place] = set()
_installed = False
_open: ContextVar[frozenset[Place]] = ContextVar("anju_egress", default=frozenset())


class EgressRefused(OSError):
    """Something in this process tried to reach a place that is not declared."""


def install(*own: Place) -> None:
    """From now on this process reaches only its `own` parts (host, port), and what `allowing` opens. Cannot be undone."""
    global _installed
    _own.update(own)
    if not _installed:
        sys.addaudithook(_watch)
        _installed = True


def own_places() -> list[Place]:
    """What the process may reach by itself, for the operating system's list."""
    return sorted(_own)


@contextmanager
def allowing(host: str, port: int) -> Iterator[None]:
    """Inside, this one place may be reached, under its name and the addresses that the name has now. Raises OSError."""
    token = _open.set(_open.get() | {(host, port)})
    try:
        if not _is_address(host):
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            _open.set(_open.get() | {(str(one[4][0]), port) for one in found})
        yield
    finally:
        _open.reset(token)


def _watch(event: str, arguments: tuple[Any, ...]) -> None:  # Any: each event's own arguments
    if event in ("socket.connect", "socket.sendto"):
        address = arguments[1]
        if isinstance(address, tuple):  # the rest are sockets of this machine's own processes
            _require(str(address[0]), int(address[1]))
    elif event == "socket.getaddrinfo":
        _require_name(arguments[0])


def _require(host: str, port: int) -> None:
    if (host, port) not in _own | _open.get():
        log.error("egress_refused", port=port)
        raise EgressRefused(f"port {port} of an undeclared host")


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _require_name(host: Any) -> None:  # Any: bytes, text or None, as the caller gave it
    name = host.decode() if isinstance(host, bytes) else host
    if name is None or name in ("", "localhost") or _is_address(name):
        return
    if all(name != known for known, _ in _own | _open.get()):
        log.error("egress_look_up_refused")
        raise EgressRefused("a look-up of an undeclared host")
