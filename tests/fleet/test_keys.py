"""The platform's end of a renewal: the old key vouches, the new one proves itself, nobody else has a say."""

import json
import secrets
from dataclasses import dataclass

import nkeys
import pytest

from anju.access import gate_keys
from anju.access.models import Gate
from anju.grants import encoding
from anju.privacy import scope
from tests import factories


@dataclass(frozen=True)
class Key:
    """An NKey and a sealing key's public half."""

    pair: nkeys.KeyPair
    box: bytes

    @property
    def nkey(self) -> str:
        return str(self.pair.public_key.decode())

    def sign(self, what: bytes) -> str:
        return encoding.encode(self.pair.sign(what))


def key() -> Key:
    seed = nkeys.encode_seed(secrets.token_bytes(32), nkeys.PREFIX_BYTE_USER)
    return Key(nkeys.from_seed(bytearray(seed)), factories.box_key())


@pytest.fixture
def old(gate: Gate) -> Key:
    made = key()
    with scope.platform():
        Gate.objects.filter(pk=gate.pk).update(nkey=made.nkey)
    return made


def asking(new: Key, by: Key, **changes: str) -> bytes:
    said = {
        "nkey": new.nkey,
        "box_key": encoding.encode(new.box),
        "proof": by.sign(b"anju-keys-1" + new.nkey.encode() + new.box),
    }
    return json.dumps({**said, **changes}).encode()


def confirming(gate: Gate, by: Key) -> bytes:
    return json.dumps({"proof": by.sign(b"anju-renewed-1" + str(gate.pk).encode())}).encode()


def known(gate: Gate) -> Gate:
    with scope.platform():
        return Gate.objects.get(pk=gate.pk)


def test_the_new_key_is_the_gates_once_it_has_proven_itself(gate: Gate, old: Key) -> None:
    new = key()
    assert "jwt" in json.loads(gate_keys.ask(gate.pk, asking(new, old)))
    assert known(gate).nkey == old.nkey
    assert json.loads(gate_keys.confirm(gate.pk, confirming(gate, new))) == {"ok": True}
    assert (known(gate).nkey, bytes(known(gate).box_key or b"")) == (new.nkey, new.box)


def test_an_answer_that_was_not_heard_is_given_again(gate: Gate, old: Key) -> None:
    new = key()
    gate_keys.ask(gate.pk, asking(new, old))
    answers = [json.loads(gate_keys.confirm(gate.pk, confirming(gate, new))) for _ in range(2)]
    assert answers == [{"ok": True}, {"ok": True}]


def test_nobody_but_the_old_key_vouches(gate: Gate, old: Key) -> None:
    new, thief = key(), key()
    for spoilt in (
        asking(new, thief),
        asking(new, old, nkey=thief.nkey),
        asking(new, old, box_key=encoding.encode(thief.box)),
    ):
        with pytest.raises(ValueError, match="did not sign"):
            gate_keys.ask(gate.pk, spoilt)
    assert known(gate).next_nkey == ""


def test_nobody_but_the_new_key_confirms(gate: Gate, old: Key) -> None:
    gate_keys.ask(gate.pk, asking(key(), old))
    with pytest.raises(ValueError, match="did not sign"):
        gate_keys.confirm(gate.pk, confirming(gate, old))
    assert known(gate).nkey == old.nkey


def test_nothing_is_confirmed_that_was_not_asked_for(gate: Gate, old: Key) -> None:
    assert json.loads(gate_keys.confirm(gate.pk, confirming(gate, key()))) == {"ok": False}
    assert known(gate).nkey == old.nkey
