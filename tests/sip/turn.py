"""Who asks a TURN server for something, in a few lines (RFC 8489, 8656), for what browsers will not: to be relayed where nobody should be."""

import hashlib
import hmac
import ipaddress
import secrets
import socket
import struct

COOKIE = 0x2112A442
ALLOCATE, PERMIT = 0x0003, 0x0008
USERNAME, INTEGRITY, ERROR, PEER, REALM, NONCE, FAMILY, TRANSPORT = 6, 8, 9, 0x12, 0x14, 0x15, 0x17, 0x19
UDP, TCP = 17, 6


def attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)


def attributes(body: bytes) -> dict[int, bytes]:
    found, place = {}, 0
    while place < len(body):
        kind, length = struct.unpack_from("!HH", body, place)
        found[kind] = body[place + 4 : place + 4 + length]
        place += 4 + length + -length % 4
    return found


class Asker:
    """Speaks to a TURN server by TCP, over which relaying of either kind may be asked for. name, password: as devices are given them."""

    def __init__(self, address: tuple[str, int], name: str, password: str) -> None:
        self._line = socket.create_connection(address, timeout=3)
        self._name, self._password = name, password
        self._realm = self._nonce = b""

    def allocate(self, transport: int = UDP, family: int = 4) -> int:
        """Asks to be relayed. Returns 0, or the error's number."""
        wanted = attribute(TRANSPORT, bytes([transport, 0, 0, 0]))
        if family == 6:
            wanted += attribute(FAMILY, bytes([2, 0, 0, 0]))
        self._ask(ALLOCATE, wanted)  # the first answer says for which realm to prove the password
        return self._ask(ALLOCATE, wanted)

    def permit(self, peer: str) -> int:
        """Asks to send there. Returns as above."""
        found, transaction = ipaddress.ip_address(peer), secrets.token_bytes(12)
        mask = struct.pack("!I", COOKIE) + transaction
        hidden = bytes(one ^ other for one, other in zip(found.packed, mask, strict=False))
        where = struct.pack("!xBH", 1 if found.version == 4 else 2, 80 ^ COOKIE >> 16) + hidden
        return self._ask(PERMIT, attribute(PEER, where), transaction)

    def _ask(self, what: int, body: bytes, transaction: bytes | None = None) -> int:
        transaction = transaction or secrets.token_bytes(12)
        if self._nonce:
            body += attribute(USERNAME, self._name.encode()) + attribute(REALM, self._realm)
            body += attribute(NONCE, self._nonce)
            proven = struct.pack("!HHI", what, len(body) + 24, COOKIE) + transaction + body
            body += attribute(INTEGRITY, hmac.digest(self._key(), proven, "sha1"))
        self._line.sendall(struct.pack("!HHI", what, len(body), COOKIE) + transaction + body)
        return self._answer(transaction)

    def _key(self) -> bytes:
        text = f"{self._name}:{self._realm.decode()}:{self._password}"
        return hashlib.md5(text.encode(), usedforsecurity=False).digest()

    def _answer(self, transaction: bytes) -> int:
        head = self._read(20)
        assert head[8:] == transaction
        said = attributes(self._read(struct.unpack("!H", head[2:4])[0]))
        self._realm, self._nonce = said.get(REALM, self._realm), said.get(NONCE, self._nonce)
        return said[ERROR][2] * 100 + said[ERROR][3] if ERROR in said else 0

    def _read(self, length: int) -> bytes:
        found = self._line.recv(length, socket.MSG_WAITALL)
        assert len(found) == length, "the server hung up"
        return found

    def close(self) -> None:
        self._line.close()
