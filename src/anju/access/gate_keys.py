"""Renewing a gate's keys: the old one vouches for the new, the new one proves itself, then the old one is void."""

import base64
import json
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.db import transaction

from anju.access import gate_link
from anju.access.models import Gate
from anju.bus.server import authority
from anju.grants import encoding
from anju.privacy import audit, scope
from anju.privacy.models import AuditEntry

_ASKED, _DONE = b"anju-keys-1", b"anju-renewed-1"


def _signed_by(nkey: str, what: bytes, proof: str) -> bool:
    """An NKey is a prefix byte, the Ed25519 key and two bytes of checksum, in base32."""
    try:
        raw = base64.b32decode(nkey + "=" * (-len(nkey) % 8))[1:33]
        Ed25519PublicKey.from_public_bytes(raw).verify(encoding.decode(proof), what)
    except (InvalidSignature, ValueError):
        return False
    return True


@transaction.atomic
def ask(gate_id: UUID, data: bytes) -> bytes:
    """A gate's old key vouches for new ones. Returns the token for them. Raises ValueError when the proof is wrong or the keys are none."""
    said: dict[str, Any] = json.loads(data)  # Any: JSON from outside
    nkey, box = str(said["nkey"]), encoding.decode(str(said["box_key"]))
    with scope.platform():
        gate = Gate.objects.select_for_update(no_key=True).get(pk=gate_id)
        if not gate_link.is_user_key(nkey) or len(box) != 32:
            raise ValueError("no keys")
        if not _signed_by(gate.nkey or "", _ASKED + nkey.encode() + box, str(said["proof"])):
            raise ValueError("the old key did not sign this")
        gate.next_nkey, gate.next_box_key = nkey, box
        gate.save(update_fields=["next_nkey", "next_box_key"])
    return json.dumps({"jwt": authority().gate_token(gate_id, nkey)}).encode()


@transaction.atomic
def confirm(gate_id: UUID, data: bytes) -> bytes:
    """The new key is there and works: from now on it is the gate's, and the old one opens nothing. Raises ValueError."""
    proof = str(json.loads(data)["proof"])
    with scope.platform():
        gate = Gate.objects.select_for_update(no_key=True).get(pk=gate_id)
        what = _DONE + str(gate_id).encode()
        if not gate.next_nkey:  # it said so before, and did not hear the answer
            return json.dumps({"ok": _signed_by(gate.nkey or "", what, proof)}).encode()
        if not _signed_by(gate.next_nkey, what, proof):
            raise ValueError("the new key did not sign this")
        former = gate.nkey
        gate.nkey, gate.box_key, gate.next_nkey, gate.next_box_key = gate.next_nkey, gate.next_box_key, "", None
        gate.save(update_fields=["nkey", "box_key", "next_nkey", "next_box_key"])
        audit.record(AuditEntry.Action.GATE, gate, actor=None, reason="keys_renewed")
        if former:
            gate_link.lock_out(former)  # the bus last: a roll-back undoes nothing there
    return json.dumps({"ok": True}).encode()
