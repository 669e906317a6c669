"""A SIP device in a few lines (RFC 3261 over UDP; over a WebSocket in websocket.py), for what real ones will not do: a gate's page, a liar, a stranger."""

import hashlib
import re
import secrets
import socket
import time
from dataclasses import dataclass, field
from typing import Any, Protocol

from anju.sip.place import REALM
from tests.sip import rtp

LINE = "\r\n"


def md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


@dataclass(frozen=True)
class Message:
    """One that came. status: of an answer; 0 for a request."""

    text: str

    @property
    def status(self) -> int:
        return int(self.text.split()[1]) if self.text.startswith("SIP/2.0") else 0

    @property
    def method(self) -> str:
        return self.text.split()[0] if not self.status else self.header("CSeq").split()[1]

    def header(self, name: str) -> str:
        found = re.search(rf"^{name}:\s*(.*?)\r?$", self.text, re.M | re.I)
        return found[1] if found else ""

    def headers(self, name: str) -> list[str]:
        return re.findall(rf"^{name}:\s*(.*?)\r?$", self.text, re.M | re.I)

    @property
    def tag(self) -> str:
        return (re.search(r"tag=([^;>\s]+)", self.header("To")) or ["", ""])[1]

    @property
    def body(self) -> str:
        return self.text.partition("\r\n\r\n")[2]


SDP = LINE.join(
    (
        "v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0", "m=audio {port} RTP/AVP 0 101",
        "a=rtpmap:0 PCMU/8000", "a=rtpmap:101 telephone-event/8000", "a=sendrecv", "",
    )
)  # fmt: skip


class Line(Protocol):
    """What an agent needs of a socket."""

    def sendto(self, data: bytes, there: tuple[str, int], /) -> int: ...

    def recv(self, most: int, /) -> bytes: ...

    def settimeout(self, seconds: float, /) -> None: ...

    def getsockname(self) -> Any: ...  # Any: the socket's own

    def close(self) -> None: ...


@dataclass
class Agent:
    """One account at one server."""

    server: tuple[str, int]
    username: str
    password: str
    name: str = field(default_factory=lambda: secrets.token_hex(12))
    tag: str = field(default_factory=lambda: secrets.token_hex(6))
    cseq: int = 0
    remote: str = ""
    routes: list[str] = field(default_factory=list)
    target: str = ""
    incoming: Message | None = None
    sound: rtp.Stream | None = None
    sent: str = ""
    patience: float = 8.0
    way: str = "UDP"
    contact: str = ""
    heard: list[str] = field(default_factory=list)
    place: str = ""
    """Where it says it is, when that is not so."""
    extra: list[str] = field(default_factory=list)
    """More headers of what it says in a call."""

    @property
    def said_place(self) -> str:
        return self.place or f"{self.username}@127.0.0.1:{self.port}"

    def __post_init__(self) -> None:
        self.line = self.connect()
        self.port = int(self.line.getsockname()[1])
        self.media = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.media.bind(("127.0.0.1", 0))

    def connect(self) -> Line:
        """The way to the server."""
        line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        line.bind(("127.0.0.1", 0))
        return line

    def close(self) -> None:
        self.line.close()
        self.media.close()

    # sending

    def request(
        self,
        method: str,
        to: str,
        *,
        more: str = "",
        body: str = "",
        kind: str = "application/sdp",
        inside: bool = False,
    ) -> str:
        """Send a request. Returns its branch."""
        if method != "ACK":
            self.cseq += 1
        self.branch = "z9hG4bK" + secrets.token_hex(8)
        remote = f";tag={self.remote}" if inside else ""
        where = self.target if inside else to
        lines = [
            f"{method} {where} SIP/2.0",
            f"Via: SIP/2.0/{self.way} 127.0.0.1:{self.port};branch={self.branch};rport",
            *(f"Route: {one}" for one in (self.routes if inside else [])),
            f"From: <sip:{self.username}@{REALM}>;tag={self.tag}",
            f"To: <{to}>{remote}",
            f"Call-ID: {self.name}",
            f"CSeq: {self.cseq} {method}",
            f"Contact: <sip:{self.said_place}{self.contact}>",
            "Max-Forwards: 70",
            *self.extra,
            *([more] if more else []),
            *([f"Content-Type: {kind}"] if body else []),
            f"Content-Length: {len(body)}",
        ]
        self.sent = LINE.join(lines) + LINE * 2 + body
        self.line.sendto(self.sent.encode(), self.server)
        return self.branch

    def hear(self, seconds: float = 5.0) -> Message | None:
        """The next message; None when there is none in time."""
        self.line.settimeout(seconds)
        try:
            self.heard.append(self.line.recv(65_507).decode())
            return Message(self.heard[-1])
        except TimeoutError:
            return None

    def final(self, method: str, seconds: float | None = None) -> Message:
        """The final answer to a request of this kind."""
        until = time.monotonic() + (self.patience if seconds is None else seconds)
        while (left := until - time.monotonic()) > 0:
            heard = self.hear(left)
            if heard is not None and heard.method == method and heard.status >= 200:
                return heard
        raise AssertionError(f"no final answer to {method}")

    def provisional(self, status: int, seconds: float = 6.0) -> Message:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            heard = self.hear(left)
            if heard is not None and heard.status == status:
                return heard
            assert heard is None or heard.status < 200 or heard.method != "INVITE", heard.text.split(LINE)[0]
        raise AssertionError(f"no {status}")

    def _authorization(self, challenge: Message, method: str, uri: str) -> str:
        header = "Proxy-Authenticate" if challenge.status == 407 else "WWW-Authenticate"
        nonce = (re.search('nonce="([^"]+)"', challenge.header(header)) or ["", ""])[1]
        own = md5(f"{self.username}:{REALM}:{self.password}")
        code = md5(f"{own}:{nonce}:00000001:abc:auth:{md5(f'{method}:{uri}')}")
        kind = "Proxy-Authorization" if challenge.status == 407 else "Authorization"
        return (
            f'{kind}: Digest username="{self.username}",realm="{REALM}",nonce="{nonce}",uri="{uri}",'
            f'response="{code}",qop=auth,nc=00000001,cnonce="abc",algorithm=MD5'
        )

    # what devices do

    def register(self, seconds: int = 300) -> int:
        """Returns the status of the answer."""
        uri = f"sip:{REALM}"
        more = f"Expires: {seconds}"
        to = f"sip:{self.username}@{REALM}"
        for _ in range(2):
            self._register(uri, to, more)
            answer = self.final("REGISTER")
            if answer.status not in (401, 407):
                break
            more = f"Expires: {seconds}{LINE}{self._authorization(answer, 'REGISTER', uri)}"
        return answer.status

    def _register(self, uri: str, to: str, more: str) -> None:
        self.target, kept = uri, self.target
        self.cseq += 1
        self.branch = "z9hG4bK" + secrets.token_hex(8)
        lines = [
            f"REGISTER {uri} SIP/2.0", f"Via: SIP/2.0/{self.way} 127.0.0.1:{self.port};branch={self.branch};rport",
            f"From: <{to}>;tag={self.tag}", f"To: <{to}>", f"Call-ID: r{self.name}", f"CSeq: {self.cseq} REGISTER",
            f"Contact: <sip:{self.said_place}{self.contact}>", "Max-Forwards: 70", more, "Content-Length: 0",
        ]  # fmt: skip
        self.sent = LINE.join(lines) + LINE * 2
        self.line.sendto(self.sent.encode(), self.server)
        self.target = kept

    def reaches(self) -> bool:
        """Whether the server is there."""
        self.request("OPTIONS", f"sip:{self.server[0]}:{self.server[1]}")
        answer = self.hear(0.1)
        return answer is not None and answer.status == 200

    def attempt(self) -> None:
        """Register with a made-up proof, and do not wait."""
        uri, to = f"sip:{REALM}", f"sip:{self.username}@{REALM}"
        proof = f'Authorization: Digest username="{self.username}",realm="{REALM}",nonce="x",uri="{uri}",response="{md5("x")}"'
        self._register(uri, to, proof)

    def invite(self, to: str, *, call: str = "", more: str = "", body: str = "") -> int:
        """Send an INVITE with credentials. Returns 0 while it is under way, or the status that ended it."""
        self.to, self.branch = to, ""
        body = body or SDP.format(port=self.media.getsockname()[1])
        head = f"X-Anju-Call: {call}" if call else more
        self.request("INVITE", to, more=head, body=body)
        challenge = self.final("INVITE")
        self._acknowledge_refusal(challenge)
        if challenge.status not in (401, 407):
            return challenge.status
        proof = self._authorization(challenge, "INVITE", to)
        self.request("INVITE", to, more=f"{head}{LINE}{proof}" if head else proof, body=body)
        self.invited = self.branch, self.cseq
        return 0

    def _acknowledge_refusal(self, answer: Message) -> None:
        lines = [
            f"ACK {self.to} SIP/2.0", f"Via: SIP/2.0/{self.way} 127.0.0.1:{self.port};branch={self.branch};rport",
            f"From: <sip:{self.username}@{REALM}>;tag={self.tag}", f"To: {answer.header('To')}",
            f"Call-ID: {self.name}", f"CSeq: {self.cseq} ACK", "Max-Forwards: 70", "Content-Length: 0",
        ]  # fmt: skip
        self.line.sendto((LINE.join(lines) + LINE * 2).encode(), self.server)

    def outcome(self, seconds: float = 10.0) -> int:
        """The status that ends the ringing; a 200 is acknowledged."""
        answer = self.final("INVITE", seconds)
        if answer.status == 200:
            self.remote = answer.tag
            self.routes = list(reversed(answer.headers("Record-Route")))
            self.target = answer.header("Contact").split("<")[-1].split(">")[0]
            self.sound = rtp.Stream(self.media, rtp.place(answer.body))
            self.request("ACK", self.to, inside=True)
        else:
            self._acknowledge_refusal(answer)
        return answer.status

    def cancel(self) -> None:
        branch, cseq = self.invited
        lines = [
            f"CANCEL {self.to} SIP/2.0", f"Via: SIP/2.0/{self.way} 127.0.0.1:{self.port};branch={branch};rport",
            f"From: <sip:{self.username}@{REALM}>;tag={self.tag}", f"To: <{self.to}>",
            f"Call-ID: {self.name}", f"CSeq: {cseq} CANCEL", "Max-Forwards: 70", "Content-Length: 0",
        ]  # fmt: skip
        self.line.sendto((LINE.join(lines) + LINE * 2).encode(), self.server)

    def press(self, key: str) -> int:
        """SIP INFO inside the call. Returns the answer's status."""
        self.request(
            "INFO", self.to, body=f"Signal={key}{LINE}Duration=160{LINE}", kind="application/dtmf-relay", inside=True
        )
        return self.final("INFO").status

    def press_in_sound(self, key: str) -> None:
        """A key as part of the sound (RFC 4733), which no server of SIP sees."""
        assert self.sound is not None
        self.sound.speak(0.2)
        self.sound.press(key)

    def hang_up(self, other: "Agent") -> bool:
        """Whether the call is over for both."""
        self.request("BYE", self.to, inside=True)
        return other.hung_up() and self.final("BYE").status == 200

    # being called

    def _reply(self, request: Message, status: str, *, body: str = "") -> None:
        to = request.header("To")
        lines = [
            f"SIP/2.0 {status}",
            *(f"Via: {one}" for one in request.headers("Via")),
            *(f"Record-Route: {one}" for one in request.headers("Record-Route")),
            f"From: {request.header('From')}",
            f"To: {to}" if "tag=" in to else f"To: {to};tag={self.tag}",
            f"Call-ID: {request.header('Call-ID')}",
            f"CSeq: {request.header('CSeq')}",
            f"Contact: <sip:{self.said_place}{self.contact}>",
            *self.extra,
            *(["Content-Type: application/sdp"] if body else []),
            f"Content-Length: {len(body)}",
        ]
        self.line.sendto((LINE.join(lines) + LINE * 2 + body).encode(), self.server)

    def ring(self, name: str = "") -> None:
        """Wait for an INVITE, and ring. name: of its call, when there are others."""
        self.incoming = self.hear(min(5.0, self.patience))
        while self.incoming is not None and name and self.incoming.header("Call-ID") != name:
            self.incoming = self.hear(min(5.0, self.patience))
        assert self.incoming is not None, "it does not ring"
        assert self.incoming.method == "INVITE", self.incoming.text
        self._reply(self.incoming, "180 Ringing")

    def decline(self, status: str = "603 Decline") -> None:
        assert self.incoming is not None
        self._reply(self.incoming, status)

    def answer(self, body: str = "") -> None:
        """Pick up what rings."""
        invite = self.incoming
        assert invite is not None
        self.remote = (re.search(r"tag=([^;>\s]+)", invite.header("From")) or ["", ""])[1]
        self.name = invite.header("Call-ID")
        self.routes = invite.headers("Record-Route")
        self.target = invite.header("Contact").split("<")[-1].split(">")[0]
        self.to = (re.search("<(sip:[^>]+)>", invite.header("From")) or ["", ""])[1]
        self.sound = rtp.Stream(self.media, rtp.place(invite.body))
        self._reply(invite, "200 OK", body=body or SDP.format(port=self.media.getsockname()[1]))

    def cancelled(self, seconds: float = 5.0) -> bool:
        """Whether the ringing is stopped."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            heard = self.hear(left)
            if heard is not None and heard.method == "CANCEL" and not heard.status:
                self._reply(heard, "200 OK")
                if self.incoming is not None:
                    self._reply(self.incoming, "487 Request Terminated")
                return True
        return False

    def hung_up(self, seconds: float = 5.0) -> bool:
        """Whether the other side ends the call."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            heard = self.hear(left)
            if heard is not None and heard.method == "BYE" and not heard.status:
                self._reply(heard, "200 OK")
                return True
        return False

    def press_without_a_call(self, key: str) -> int:
        """An INFO as if one had answered. Returns the answer's status."""
        invite = self.incoming
        assert invite is not None
        kept = self.name, self.remote, self.routes, self.target
        self.remote = (re.search(r"tag=([^;>\s]+)", invite.header("From")) or ["", ""])[1]
        self.name, self.routes = invite.header("Call-ID"), invite.headers("Record-Route")
        self.target = self.to = invite.header("Contact").split("<")[-1].split(">")[0]
        status = self.press(key)
        self.name, self.remote, self.routes, self.target = kept
        return status
