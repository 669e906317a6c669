"""SIP messages (RFC 3261), as much of them as the line to telephones speaks, and what is said in them about sound (SDP)."""

import hashlib
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass

_END = "\r\n"
_SHORT = {
    "v": "via",
    "f": "from",
    "t": "to",
    "i": "call-id",
    "m": "contact",
    "l": "content-length",
    "c": "content-type",
}
"""Names as some write them (RFC 3261, 7.3.3)."""
_HASHES = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}


@dataclass(frozen=True)
class Message:
    """A request or an answer. first: its first line. headers: names in lower case, in the order they came."""

    first: str
    headers: tuple[tuple[str, str], ...]
    body: str = ""

    @classmethod
    def read(cls, data: bytes) -> "Message":
        """Raises ValueError."""
        head, _blank, body = data.decode().partition(_END * 2)
        first, *lines = re.sub(r"\r\n[ \t]+", " ", head).split(_END)
        pairs = (line.partition(":") for line in lines)
        headers = tuple((_SHORT.get(name := one.strip().lower(), name), text.strip()) for one, _colon, text in pairs)
        found = cls(first, headers, body)
        whole = found.get("call-id") and found.get("via") and re.fullmatch(r"\d+\s+[A-Z]+", found.get("cseq"))
        if not whole or not re.match(r"SIP/2\.0 \d{3}( |$)|[A-Z]+ \S+ SIP/2\.0$", first):
            raise ValueError("not a SIP message")
        return found

    @property
    def status(self) -> int:
        """0 for a request."""
        return int(self.first.split(" ")[1]) if self.first.startswith("SIP/2.0 ") else 0

    @property
    def method(self) -> str:
        return self.get("cseq").split()[-1]

    @property
    def cseq(self) -> int:
        return int(self.get("cseq").split()[0])

    @property
    def name(self) -> str:
        """Of the call it belongs to."""
        return self.get("call-id")

    @property
    def called(self) -> str:
        """The user part of the address a request is for."""
        return self.first.split(" ")[1].removeprefix("sip:").partition("@")[0]

    def get(self, name: str) -> str:
        return next((text for one, text in self.headers if one == name), "")

    def every(self, name: str) -> list[str]:
        return [text for one, text in self.headers if one == name]

    def routes(self) -> list[str]:
        """What it was routed by, first the nearest to whom it reached."""
        return [one.strip() for line in self.every("record-route") for one in re.split(r",(?=\s*<)", line)]

    def contact(self) -> str:
        """The address at which its sender wants to be reached from now on."""
        text = self.get("contact")
        return text.partition("<")[2].partition(">")[0] if "<" in text else text.partition(";")[0]


def tag(text: str) -> str:
    """The mark in a From or To."""
    found = re.search(r";\s*tag=([^;>\s]+)", text)
    return found[1] if found else ""


def mark() -> str:
    """Something random: a tag, a call's name."""
    return secrets.token_hex(12)


def write(first: str, headers: Iterable[tuple[str, str]], body: str = "") -> bytes:
    lines = [f"{name}: {text}" for name, text in headers]
    if body:
        lines.append("Content-Type: application/sdp")
    size = f"Content-Length: {len(body.encode())}"
    return (_END.join((first, *lines, size)) + _END * 2 + body).encode()


REASONS = {
    100: "Trying", 180: "Ringing", 200: "OK", 408: "Request Timeout", 481: "No Such Call", 487: "Request Terminated",
    488: "Not Acceptable Here", 501: "Not Implemented",
}  # fmt: skip


def answer(asked: Message, status: int, *, own: str, contact: str = "", body: str = "") -> bytes:
    """An answer to a request. own: our tag."""
    to = asked.get("to")
    headers = [("Via", one) for one in asked.every("via")]
    headers += [("Record-Route", one) for one in asked.every("record-route")]
    headers += [("From", asked.get("from")), ("To", to if tag(to) or status == 100 else f"{to};tag={own}")]
    headers += [("Call-ID", asked.name), ("CSeq", asked.get("cseq"))]
    if contact:
        headers.append(("Contact", f"<{contact}>"))
    return write(f"SIP/2.0 {status} {REASONS[status]}", headers, body)


def proof(challenge: Message, method: str, address: str, user: str, password: str) -> tuple[str, str] | None:
    """The header that proves who we are (RFC 7616); None: what is asked for is beyond us."""
    name = "proxy-authenticate" if challenge.status == 407 else "www-authenticate"
    for text in challenge.every(name):
        wanted = {key.lower(): a or b for key, a, b in re.findall(r'(\w+)=(?:"([^"]*)"|([^\s,]+))', text)}
        algorithm = wanted.get("algorithm", "MD5").upper()
        if not text.lower().startswith("digest") or algorithm not in _HASHES or "nonce" not in wanted:
            continue
        realm, nonce = wanted.get("realm", ""), wanted["nonce"]
        own = _digest(algorithm, f"{user}:{realm}:{password}")
        what = _digest(algorithm, f"{method}:{address}")
        facts = f'username="{user}", realm="{realm}", nonce="{nonce}", uri="{address}", algorithm={algorithm}'
        if "opaque" in wanted:
            facts += f', opaque="{wanted["opaque"]}"'
        if "auth" in re.split(r"[,\s]+", wanted.get("qop", "")):
            ours = mark()
            response = _digest(algorithm, f"{own}:{nonce}:00000001:{ours}:auth:{what}")
            facts += f', qop=auth, nc=00000001, cnonce="{ours}"'
        else:
            response = _digest(algorithm, f"{own}:{nonce}:{what}")
        header = "Proxy-Authorization" if challenge.status == 407 else "Authorization"
        return header, f'Digest {facts}, response="{response}"'
    return None


def _digest(algorithm: str, text: str) -> str:
    return _HASHES[algorithm](text.encode(), usedforsecurity=False).hexdigest()


# --- sound ------------------------------------------------------------------------------------------------------------

_TELEPHONE = {"0": "PCMU/8000", "8": "PCMA/8000"}
"""The two kinds of sound that every telephone line and every browser speaks (RFC 3551, RFC 7874)."""
_KEYS = "101"
"""The number that every carrier knows for keys, whatever the gate's browser calls them (RFC 4733)."""


def sound(offer: str) -> str | None:
    """What of an offer goes to a telephone: its place, and of its sound the two kinds there are, and keys. None: no such sound."""
    here = re.search(r"^c=(IN IP[46] \S+)\s*$", offer, re.M)
    media = re.search(r"^m=audio (\d+) \S+ ([\d ]+)", offer, re.M)
    if here is None or media is None:
        return None
    kinds = [one for one in media[2].split() if one in _TELEPHONE]
    if not kinds:
        return None
    lines = [f"a=rtpmap:{one} {_TELEPHONE[one]}" for one in kinds]
    return _described(here[1], media[1], [*kinds, _KEYS], [*lines, f"a=rtpmap:{_KEYS} telephone-event/8000"])


def _described(here: str, port: str, kinds: list[str], lines: list[str]) -> str:
    head = ["v=0", f"o=- 1 1 {here}", "s=-", f"c={here}", "t=0 0", f"m=audio {port} RTP/AVP {' '.join(kinds)}"]
    return _END.join((*head, *lines, "a=sendrecv", ""))


def places(described: str) -> set[str]:
    """The addresses that a description names."""
    return set(re.findall(r"^c=IN IP[46] (\S+?)\s*$", described, re.M))


def joined(offer: str, telephone: str) -> str:
    """The answer to an offer in which a telephone speaks. Keys are not for the gate; what else is offered, such as a picture, is declined."""
    here = re.search(r"^c=(IN IP[46] \S+)", telephone, re.M)
    media = re.search(r"^m=audio (\d+) \S+ ([\d ]+)", telephone, re.M)
    kinds = [one for one in media[2].split() if one in _TELEPHONE] if media else []
    if here is None or media is None or not kinds:
        raise ValueError("no sound in it")
    own = _described(here[1], media[1], kinds, [f"a=rtpmap:{one} {_TELEPHONE[one]}" for one in kinds])
    head, audio = own.split("m=audio", 1)
    parts = [
        f"m=audio{audio}" if what == "audio" else f"m={what} 0 {way} {forms}{_END}"
        for what, way, forms in re.findall(r"^m=(\S+) \d+ (\S+) (.*?)\r?$", offer, re.M)
    ]
    return head + "".join(parts)
