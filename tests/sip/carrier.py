"""A telephone carrier: sipp, which challenges, rings, answers and presses keys as it is told, and writes down all that it hears."""

import re
import socket
import subprocess
import time
from pathlib import Path
from typing import Self

from anju.sip.message import Message
from tests.sip import rtp
from tests.sip.agent import md5

REALM, USER, PASSWORD = "carrier.example", "trunk-7", "the trunk's own password"
MEDIA = "127.0.0.2"
"""Where its sound comes from."""
KEY = "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"
"""A key and salt of the RFC's own example."""
_TAG = "[pid]T[call_number]"


def _answer(status: str, *, body: str = "", more: str = "") -> str:
    kind = f"{more}Contact: <sip:[local_ip]:[local_port];transport=[transport]>\n" if body else more
    kind += "Content-Type: application/sdp\n" if body else ""
    return f"""<send><![CDATA[
SIP/2.0 {status}
[last_Via:]
[last_From:]
[last_To:];tag={_TAG}
[last_Call-ID:]
[last_CSeq:]
[last_Record-Route:]
{kind}Content-Length: [len]

{body}]]></send>"""


def _request(method: str, kind: str = "", body: str = "") -> str:
    return f"""<send retrans="500"><![CDATA[
{method} [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
[routes]
From: [$2];tag={_TAG}
To: [$1]
[last_Call-ID:]
CSeq: 7 {method}
Max-Forwards: 70
{kind}Content-Length: [len]

{body}]]></send><recv response="200"/>"""


INVITED = """<recv request="INVITE" rrs="true"><action>
<ereg regexp="[^ ].*" search_in="hdr" header="From:" assign_to="1"/><ereg regexp="[^ ].*" search_in="hdr" header="To:" assign_to="2"/>
<ereg regexp="[^ ].*" search_in="hdr" header="Via:" assign_to="3"/><ereg regexp="[^ ].*" search_in="hdr" header="Via:" occurrence="2" assign_to="4"/>
<ereg regexp="[^ ].*" search_in="hdr" header="CSeq:" assign_to="5"/></action></recv>"""
REGISTERS = '<recv request="REGISTER"/>'
ACKNOWLEDGED = '<recv request="ACK"/>'
CANCELLED = (
    '<recv request="CANCEL"/>'
    + _answer("200 OK")
    + _answer("487 Request Terminated")
    .replace("[last_Via:]", "Via: [$3]\nVia: [$4]")
    .replace("[last_CSeq:]", "CSeq: [$5]")
    + ACKNOWLEDGED
)
HUNG_UP = '<recv request="BYE"/>' + _answer("200 OK")
RINGS = _answer("180 Ringing")
TAKES = _answer("200 OK")
HANGS_UP = _request("BYE")


def challenges(method: str = "INVITE", status: str = "407 Proxy Authentication Required") -> str:
    """Who we are must be proven; whether it was, `proven` says."""
    asks = f'{"Proxy" if status.startswith("407") else "WWW"}-Authenticate: Digest realm="{REALM}",nonce="5f2a",qop="auth"\n'
    return _answer(status, more=asks) + (ACKNOWLEDGED + INVITED if method == "INVITE" else REGISTERS)


def proven(said: Message) -> bool:
    """Whether a request holds the proof that only the password gives (RFC 2617, 3.2.2)."""
    text = said.get("proxy-authorization") or said.get("authorization")
    facts = dict(re.findall(r'(\w+)="?([^",]+)"?', text))
    own = md5(f"{USER}:{REALM}:{PASSWORD}")
    what = md5(f"{said.method}:{said.first.split()[1]}")
    return facts.get("response") == md5(f"{own}:5f2a:{facts.get('nc')}:{facts.get('cnonce')}:auth:{what}")


def refuses(status: str) -> str:
    return _answer(status) + ACKNOWLEDGED


def info(key: str) -> str:
    return _request("INFO", "Content-Type: application/dtmf-relay\n", f"Signal={key}\nDuration=160\n")


def pause(seconds: float) -> str:
    return f'<pause milliseconds="{round(seconds * 1000)}"/>'


class Carrier:
    """One that does what the scenario says with every call. media: where the telephone's sound comes from and goes to."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.media = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.media.bind((MEDIA, 0))  # another machine than the relay's
        self._process: subprocess.Popen[bytes] | None = None
        self._log = folder / "messages.log"

    @property
    def sdp(self) -> str:
        port = self.media.getsockname()[1]
        return (
            f"v=0\no=- 1 1 IN IP4 {MEDIA}\ns=-\nc=IN IP4 {MEDIA}\nt=0 0\nm=audio {port} RTP/AVP 0 101\n"
            "a=rtpmap:0 PCMU/8000\na=rtpmap:101 telephone-event/8000\n"
        )

    @property
    def sealed_sdp(self) -> str:
        """SRTP by a key in the description (RFC 4568), with the suite that is the seventh offered to it."""
        return self.sdp.replace("RTP/AVP", "RTP/SAVP") + f"a=crypto:7 AES_CM_128_HMAC_SHA1_80 inline:{KEY}\n"

    def answers(self, sdp: str = "") -> str:
        return _answer("200 OK", body=sdp or self.sdp) + ACKNOWLEDGED

    def speaks_early(self) -> str:
        return _answer("183 Session Progress", body=self.sdp)

    def does(self, *steps: str, way: str = "udp") -> Self:
        scenario = self._folder / "scenario.xml"
        text = "".join(steps)
        unused = '<Reference variables="1,2,3,4,5"/>' if "INVITE" in text else ""
        scenario.write_text(
            f'<?xml version="1.0" encoding="ISO-8859-1" ?>\n<scenario name="carrier">{text}{unused}</scenario>'
        )
        self._process = subprocess.Popen(
            [
                "sipp", "-sf", str(scenario), "-i", "127.0.0.1", "-p", str(self.port), "-nostdin", "-aa", "-t", f"{way[0]}1",
                "-trace_msg", "-message_file", str(self._log), "-trace_err", "-error_file", str(self._folder / "errors.log"),
            ],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self._folder,
        )  # fmt: skip
        end = time.monotonic() + 5
        while time.monotonic() < end and not _bound(self.port, way):
            time.sleep(0.02)
        assert _bound(self.port, way), (self._folder / "errors.log").read_text()
        return self

    def close(self) -> None:
        self.media.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait(5)

    # --- what it has heard ----------------------------------------------------------------------------------------------

    def raw(self) -> str:
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def heard(self, method: str = "") -> list[Message]:
        """The requests that came, as they came."""
        parts = re.split(r"^-{10,}.*$", self.raw(), flags=re.M)
        texts = [part.partition("\n\n")[2] for part in parts if "message received" in part]
        found = [
            Message.read(text.replace("\n", "\r\n").replace("\r\r\n", "\r\n").encode())
            for text in texts
            if text.strip()
        ]
        return [one for one in found if not one.status and (not method or one.method == method)]

    def sound(self) -> rtp.Stream:
        """The telephone's own sound, to where we said that we hear."""
        return rtp.Stream(self.media, rtp.place(self.heard("INVITE")[-1].body))


def _bound(port: int, way: str) -> bool:
    return any(
        int(line.split()[1].rpartition(":")[2], 16) == port
        for line in Path(f"/proc/net/{way}").read_text().splitlines()[1:]
    )
