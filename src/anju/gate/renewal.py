"""Renewing this gate's keys without losing what it knows (docs/gate-protocol.md).

The old key asks for a token for the new one; the new one proves itself on a connection of its own; only then the old one is void.
Whatever fails on the way, the old keys still count.
"""

import json
import secrets
from dataclasses import dataclass
from pathlib import Path

import nkeys
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from nats.aio.client import Client

from anju.gate import identity
from anju.gate.identity import Identity
from anju.grants import encoding

_NEXT = "identity.next"
ASKED, DONE = b"anju-keys-1", b"anju-renewed-1"
"""What the two proofs are signed over, before the keys and before the gate's id."""


@dataclass(frozen=True)
class Renewal:
    """home: where this gate keeps its keys."""

    home: Path

    async def ask(self, me: Identity, bus: Client) -> Identity | None:
        """Have the platform vouch for new keys. Returns who this gate is with them, or None when it would not. Raises nats.errors.Error."""
        keys, registration = identity.current(self.home)
        fresh = {
            "seed": nkeys.encode_seed(secrets.token_bytes(32), nkeys.PREFIX_BYTE_USER).decode(),
            "box": encoding.encode(X25519PrivateKey.generate().private_bytes_raw()),
            "storage": keys["storage"],  # what lies in the store is encrypted with it
        }
        nkey = nkeys.from_seed(bytearray(fresh["seed"].encode())).public_key.decode()
        box = X25519PrivateKey.from_private_bytes(encoding.decode(fresh["box"])).public_key().public_bytes_raw()
        asked = {"nkey": nkey, "box_key": encoding.encode(box), "proof": me.prove(ASKED + nkey.encode() + box)}
        subject = f"ask.{me.gate}.keys"
        answer = await bus.request(subject, json.dumps(asked).encode(), timeout=5)
        said = json.loads(answer.data) if me.trusts(subject, answer) else {}
        if not isinstance(said, dict) or "jwt" not in said:
            return None
        said = {**registration, "jwt": str(said["jwt"]), "registered": me.registration}
        identity.write_renewed(self.home / _NEXT, fresh, said)
        return identity.read_renewed(self.home / _NEXT)

    async def confirm(self, new: Identity, bus: Client) -> bool:
        """On the new keys' own connection: say that they work. Returns whether they count from now on. Raises nats.errors.Error."""
        subject = f"ask.{new.gate}.renewed"
        proof = json.dumps({"proof": new.prove(DONE + new.gate.encode())}).encode()
        answer = await bus.request(subject, proof, timeout=5)
        if not new.trusts(subject, answer) or not json.loads(answer.data).get("ok"):
            return False
        (self.home / _NEXT).replace(self.home / identity.RENEWED)
        return True
