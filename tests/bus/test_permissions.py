"""What one gate's token allows on the bus."""

import base64
import json
from uuid import uuid4

from anju.bus import subjects
from anju.bus.credentials import Authority
from tests import factories


def claims(token: str) -> dict[str, object]:
    body = token.split(".")[1]
    found: dict[str, object] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return found


def test_a_gate_may_use_its_own_subjects_and_nothing_else() -> None:
    gate, other = uuid4(), uuid4()
    allowed = subjects.gate_permissions(gate)
    names = allowed["pub"]["allow"] + allowed["sub"]["allow"]
    assert all(str(gate) in name for name in names)
    assert not any(str(other) in name or name in (">", "*") for name in names)


def test_a_gates_token_is_bound_to_its_own_key() -> None:
    who = Authority.make(lambda name: (name.encode() * 32)[:32])
    nkey = factories.nkey()
    said = claims(who.gate_token(uuid4(), nkey))
    assert said["sub"] == nkey
    assert said["iss"] == who.account.public


def test_one_installation_signs_with_the_same_keys_for_ever() -> None:
    first, again = (Authority.make(lambda name: (name.encode() * 32)[:32]) for _ in range(2))
    assert first.operator.public == again.operator.public
    assert (first.operator.public[0], first.account.public[0]) == ("O", "A")
