"""A proof of consent convinces whoever checks it, and not one byte of it can be changed."""

import json
import random
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from anju.people.models import Person
from anju.policies import proofs
from tests import factories
from tests.doors import API, Answer, Door


def check(door: Door, file: bytes) -> Answer:
    return door._call("post", "/policies/proofs/verify", data=file, content_type="application/json")


@pytest.fixture
def file(person: Person) -> bytes:
    factories.agree(person, *factories.EVERYTHING)
    door = Door.of(person)
    door.delete("/consents/face_opening")
    return bytes(door.client.get(f"{API}/privacy/proof").content)


def test_a_proof_holds_every_act_and_the_words_agreed_to(file: bytes, person: Person) -> None:
    proof = json.loads(file)
    assert [act["action"] for act in proof["acts"]] == ["granted"] * 4 + ["withdrawn"]
    assert proof["subject"] == str(person.pk)
    text = proof["texts"]["face_opening"]["1"]
    assert "特征数" in text["text"]
    assert len(text["sha256"]) == 64


def test_anybody_can_have_it_checked(file: bytes, nobody: Door, tmp_path: Path) -> None:
    answer = check(nobody, file)
    assert (answer.status, answer.body["acts"]) == (200, 5)
    (tmp_path / "proof.json").write_bytes(file)
    call_command("verify_proof", tmp_path / "proof.json")


def test_one_changed_byte_is_refused(file: bytes, nobody: Door, tmp_path: Path) -> None:
    for place in [*random.sample(range(len(file)), 200), 0, len(file) - 1, len(file) - 3]:
        for flip in (1, 32):
            changed = bytearray(file)
            changed[place] ^= flip
            with pytest.raises(proofs.Refused, match="not_a_proof"):
                proofs.verify(bytes(changed))
    assert check(nobody, file + b"\n").code == "not_a_proof"
    (tmp_path / "proof.json").write_bytes(file.replace(b"withdrawn", b"granted00"))
    with pytest.raises(CommandError, match="已被改动"):
        call_command("verify_proof", tmp_path / "proof.json")


@pytest.mark.parametrize(
    "junk", [b"", b"[]", b"null", b"{}", b"\xff\xfe", b'{"format":"anju-consent-proof-1"}', b"[" * 9999]
)
def test_what_is_no_proof_is_refused_in_words(nobody: Door, junk: bytes) -> None:
    assert check(nobody, junk).code == "not_a_proof"


def test_a_proof_signed_by_another_is_refused(file: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proofs, "secret", lambda name: b"\x07" * 32)
    with pytest.raises(proofs.Refused):
        proofs.verify(file)


def test_the_same_comes_as_a_pdf(person: Person) -> None:
    answer = Door.of(person).client.get(f"{API}/privacy/proof.pdf")
    assert answer.content.startswith(b"%PDF-")
