"""What was proven cannot be changed, removed, reordered or cut off unnoticed."""

import json
from pathlib import Path

import pytest

from anju.people.models import Person
from anju.privacy import chain
from anju.privacy.models import AuditLink, Consent
from tests import factories


@pytest.fixture
def sealed(person: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """Some proofs in the chain; returns how many."""
    monkeypatch.setattr(chain, "HEADS", tmp_path / "heads.jsonl")
    for _ in range(5):
        factories.person(factories.EVERYTHING)
    chain.seal()
    return AuditLink.objects.count()


def test_every_proof_gets_its_place_once(sealed: int) -> None:
    assert sealed == Consent.objects.count()
    assert chain.seal() == 0
    assert chain.verify() == (sealed, [])


def test_new_proofs_follow_the_ones_before(sealed: int) -> None:
    factories.person()
    assert chain.seal() == 1
    assert chain.verify() == (sealed + 1, [])


def test_the_head_is_noted_outside_the_database_and_signed(sealed: int) -> None:
    (noted,) = chain.known_heads(chain.HEADS)
    assert noted.number == sealed
    assert noted.genuine()
    assert chain.verify([noted])[1] == []


def test_a_head_that_was_forged_is_found(sealed: int) -> None:
    said = json.loads(chain.HEADS.read_text())
    chain.HEADS.write_text(json.dumps({**said, "number": said["number"] - 1}))
    assert [fault.what for fault in chain.verify(chain.known_heads(chain.HEADS))[1]] == [
        "a noted head was not signed here"
    ]


def test_the_platform_itself_cannot_change_the_chain(sealed: int) -> None:
    with pytest.raises(Exception, match="permission denied"):
        AuditLink.objects.all().delete()
