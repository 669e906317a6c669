"""An agent as a page in a browser is one: SIP over an encrypted WebSocket (RFC 7118)."""

import ssl
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from websockets.sync.client import connect
from websockets.typing import Subprotocol

from anju.installation.ports import outer
from anju.sip import place
from tests.sip.agent import Agent


class WebSocket:
    """A WebSocket with a socket's manners."""

    def __init__(self) -> None:
        self._open = ExitStack()
        self._connection = self._open.enter_context(dial())
        self._seconds: float = 5

    def sendto(self, data: bytes, _there: tuple[str, int], /) -> int:
        self._connection.send(data.decode())
        return len(data)

    def recv(self, _most: int, /) -> bytes:
        came = self._connection.recv(self._seconds)
        return came.encode() if isinstance(came, str) else came

    def settimeout(self, seconds: float, /) -> None:
        self._seconds = seconds

    def getsockname(self) -> Any:  # Any: as of a socket
        return self._connection.local_address

    def close(self) -> None:
        self._open.close()


def trusting() -> ssl.SSLContext:
    """Believes no certificate but the server's own."""
    return ssl.create_default_context(cafile=str(place.folder() / "tls" / f"{place.host()}.pem"))


def dial(language: str = "sip") -> connect:
    there = f"wss://{place.host()}:{outer('sip_wss')}"
    return connect(there, subprotocols=[Subprotocol(language)], ssl=trusting(), open_timeout=5, close_timeout=1)


@dataclass
class Browser(Agent):
    way: str = "WSS"
    contact: str = ";transport=ws"

    def connect(self) -> WebSocket:
        return WebSocket()
