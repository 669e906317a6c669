"""NATS identities: operator, accounts and users as signed JWTs, so that the server admits a gate without asking anyone.

The operator key signs accounts, the account key signs users; a user proves itself with its own NKey. The format is NATS's
JWT v2 (header alg `ed25519-nkey`).
"""

import base64
import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import nkeys

from anju.bus import subjects

Claims = dict[str, Any]  # JSON: nested maps of text, numbers and lists


def _encode(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


def _seed(kind: int, secret: bytes) -> bytes:
    return bytes(nkeys.encode_seed(secret, kind))


@dataclass(frozen=True)
class Key:
    """An NKey pair made from 32 secret bytes."""

    seed: bytes
    public: str

    @classmethod
    def make(cls, kind: int, secret: bytes) -> "Key":
        seed = _seed(kind, secret)
        return cls(seed, nkeys.from_seed(bytearray(seed)).public_key.decode())

    def sign(self, data: bytes) -> bytes:
        return bytes(nkeys.from_seed(bytearray(self.seed)).sign(data))


def token(issuer: Key, subject: str, name: str, nats: Claims, expires: int | None = None) -> str:
    """A JWT in which `issuer` vouches for the key `subject`."""
    claims: Claims = {
        "iat": int(time.time()),
        "iss": issuer.public,
        "name": name,
        "sub": subject,
        "nats": {**nats, "version": 2},
    }
    if expires is not None:
        claims["exp"] = expires
    # NATS expects the id to be the base32 SHA-512/256 of the claims; any unique text is accepted by the server.
    claims["jti"] = (
        base64.b32encode(hashlib.sha256(json.dumps(claims, sort_keys=True).encode()).digest()).decode().rstrip("=")
    )
    header = _encode(json.dumps({"typ": "JWT", "alg": "ed25519-nkey"}).encode())
    body = f"{header}.{_encode(json.dumps(claims).encode())}"
    return f"{body}.{_encode(issuer.sign(body.encode()))}"


def claims(token: str) -> Claims:
    """What a token says; whoever asks has it from the server, which has checked it."""
    body = token.split(".")[1]
    found: Claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return found


@dataclass(frozen=True)
class Authority:
    """Who may use this installation's bus. `secret(name)` gives 32 lasting secret bytes."""

    operator: Key
    system: Key
    account: Key
    platform: Key
    watcher: Key

    @classmethod
    def make(cls, secret: Callable[[str], bytes]) -> "Authority":
        return cls(
            operator=Key.make(nkeys.PREFIX_BYTE_OPERATOR, secret("nats-operator")),
            system=Key.make(nkeys.PREFIX_BYTE_ACCOUNT, secret("nats-system")),
            account=Key.make(nkeys.PREFIX_BYTE_ACCOUNT, secret("nats-account")),
            platform=Key.make(nkeys.PREFIX_BYTE_USER, secret("nats-platform")),
            watcher=Key.make(nkeys.PREFIX_BYTE_USER, secret("nats-system-user")),
        )

    def operator_token(self) -> str:
        return token(
            self.operator, self.operator.public, "anju", {"type": "operator", "system_account": self.system.public}
        )

    def system_token(self) -> str:
        return token(self.operator, self.system.public, "SYS", {"type": "account", "limits": _LIMITS})

    def account_token(self, revoked: dict[str, int]) -> str:
        """The account everyone shares. `revoked`: user public key -> time (Unix seconds) before which its tokens are void."""
        limits = {**_LIMITS, "mem_storage": -1, "disk_storage": -1, "streams": -1, "consumer": -1}
        return token(
            self.operator, self.account.public, "ANJU", {"type": "account", "limits": limits, "revocations": revoked}
        )

    def platform_token(self) -> str:
        return token(
            self.account, self.platform.public, "platform", {"type": "user", "subs": -1, "data": -1, "payload": -1}
        )

    def watcher_token(self) -> str:
        """A user of the system account: pushes account changes (revocations) to the server."""
        return token(
            self.system, self.watcher.public, "watcher", {"type": "user", "subs": -1, "data": -1, "payload": -1}
        )

    def gate_token(self, gate: UUID, nkey: str) -> str:
        """Lets the gate's own key use the gate's own subjects."""
        nats = {"type": "user", "subs": 32, "data": -1, "payload": 1 << 16, **subjects.gate_permissions(gate)}
        return token(self.account, nkey, f"gate-{gate}", nats)

    def terminal_token(self, terminal: UUID, nkey: str) -> str:
        """What a vendor's terminal shows as its MQTT password: it cannot sign, so whoever has the token is the terminal."""
        nats = {
            "type": "user", "subs": 16, "data": -1, "payload": 1 << 16, "bearer_token": True,
            "allowed_connection_types": ["MQTT"], **subjects.terminal_permissions(terminal),
        }  # fmt: skip
        return token(self.account, nkey, f"terminal-{terminal}", nats)


_LIMITS = {
    "subs": -1,
    "data": -1,
    "payload": -1,
    "imports": -1,
    "exports": -1,
    "wildcards": True,
    "conn": -1,
    "leaf": -1,
}
