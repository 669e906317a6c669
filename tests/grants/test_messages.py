"""What travels between platform and gate: read exactly, or not at all."""

import base64
import json
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from anju.grants import encoding, permits, phone_keys, sealing, signing
from anju.grants.grant import BadGrant, Ended, Grant, dump, parse, supersedes
from anju.grants.permits import BadPermit
from anju.grants.sealing import Unsealable
from tests.grants import made
from tests.grants.made import NOW

SUBJECT = "grants.g.1"
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)

# grants


@given(made.messages)
def test_a_grant_is_read_as_it_was_written(message: Grant | Ended) -> None:
    assert parse(dump(message)) == message


@given(st.binary(max_size=200))
def test_bytes_that_are_no_grant_are_refused_and_nothing_worse(data: bytes) -> None:
    with pytest.raises(BadGrant):
        parse(data)


@given(made.grants(), st.data())
def test_a_grant_with_any_field_gone_is_refused(grant: Grant, data: st.DataObject) -> None:
    said = json.loads(dump(grant))
    del said[data.draw(st.sampled_from(sorted(said.keys() - {"marks", "uses", "floors"})))]
    with pytest.raises(BadGrant):
        parse(json.dumps(said).encode())


@given(made.grants())
def test_a_grant_kept_since_before_there_were_cars_and_lifts_is_still_read(grant: Grant) -> None:
    said = json.loads(dump(grant))
    for name in ("marks", "uses", "floors"):
        del said[name]
    assert parse(json.dumps(said).encode()) == replace(grant, marks=frozenset(), uses=None, floors=frozenset())


@given(made.grants(), st.data(), json_values)
def test_a_grant_with_any_field_spoilt_is_refused_or_still_means_something(
    grant: Grant, data: st.DataObject, spoilt: object
) -> None:
    said = json.loads(dump(grant))
    said[data.draw(st.sampled_from([*sorted(said), "gone"]))] = spoilt
    try:
        read = parse(json.dumps(said).encode())
    except BadGrant:
        return
    assert parse(dump(read)) == read


def test_deeply_nested_json_is_refused() -> None:
    with pytest.raises(BadGrant):
        parse(b"[" * 100_000)


@pytest.mark.parametrize("field", ["from", "until"])
def test_a_time_without_a_zone_is_refused(field: str) -> None:
    said = json.loads(dump(made.grant(until=NOW)))
    said[field] = "2026-06-01T08:00:00"
    with pytest.raises(BadGrant):
        parse(json.dumps(said).encode())


@given(st.integers(0, 100), st.none() | st.integers(0, 100))
def test_only_a_higher_rev_changes_what_is_known(rev: int, known: int | None) -> None:
    assert supersedes(rev, known) == (known is None or rev > known)


# permits


@given(st.text(max_size=250) | st.binary(max_size=150).map(lambda raw: permits.PREFIX + encoding.encode(raw)))
def test_text_that_is_no_permit_is_refused_and_nothing_worse(text: str) -> None:
    try:
        permit = permits.read(text)
    except BadPermit:
        return
    assert not permit.verify(made.PUBLIC)  # the right length by luck


def test_a_permit_is_read_as_the_phone_made_it() -> None:
    permit = permits.read(permits.make(made.KEY, made.PRIVATE, NOW))
    assert (permit.key, permit.at, len(permit.nonce)) == (made.KEY, NOW, 4)
    assert permit.verify(made.PUBLIC)


def test_two_permits_of_one_second_differ() -> None:
    one, other = made.permit(), made.permit()
    assert one.head != other.head


def test_a_permit_has_one_text_only() -> None:
    text = permits.make(made.KEY, made.PRIVATE, NOW)
    loose = text[:-1] + chr(ord(text[-1]) + 1)  # 88 bytes leave four bits unused in the last letter
    assert base64.urlsafe_b64decode(loose[6:] + "==") == base64.urlsafe_b64decode(text[6:] + "==")
    for changed in (loose, text + "\n", text[:20] + "\n" + text[20:], text.lower(), text[6:]):
        with pytest.raises(BadPermit):
            permits.read(changed)


@given(st.binary(max_size=100))
def test_verifying_with_what_is_no_key_is_false_and_nothing_worse(public: bytes) -> None:
    assert not made.permit().verify(public)
    assert not phone_keys.is_public_key(public)


def test_a_phones_key_is_a_whole_point() -> None:
    assert phone_keys.is_public_key(made.PUBLIC)
    compressed = bytes([2 + made.PUBLIC[-1] % 2]) + made.PUBLIC[1:33]
    assert not phone_keys.is_public_key(compressed)


# encoding


@given(st.binary(max_size=200))
def test_bytes_are_decoded_as_they_were_encoded(data: bytes) -> None:
    text = encoding.encode(data)
    assert "=" not in text
    assert encoding.decode(text) == encoding.decode(text + "=" * (-len(text) % 4)) == data


@given(st.text(max_size=20))
def test_every_text_stands_for_its_own_bytes_or_for_none(text: str) -> None:
    try:
        data = encoding.decode(text)
    except ValueError:
        return
    assert encoding.encode(data) == text.rstrip("=")


@pytest.mark.parametrize("text", ["A", "AB", "AAA+", "AAA/", "AA AA", "AAAA\n", "é", "A=AA"])
def test_foreign_letters_and_loose_bits_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="base64url"):
        encoding.decode(text)


# signing


@given(st.binary(max_size=50), st.binary(max_size=50), st.text(max_size=20), st.text(max_size=20))
def test_a_signature_holds_for_its_own_message_and_subject_only(
    payload: bytes, other: bytes, subject: str, elsewhere: str
) -> None:
    key = Ed25519PrivateKey.generate()
    signature = signing.sign(key, SUBJECT + subject, payload)
    verify = key.public_key()
    assert signing.verify(verify, SUBJECT + subject, payload, signature)
    assert signing.verify(verify, SUBJECT + elsewhere, payload, signature) == (elsewhere == subject)
    assert signing.verify(verify, SUBJECT + subject, other, signature) == (other == payload)
    stranger = Ed25519PrivateKey.generate().public_key()
    assert not signing.verify(stranger, SUBJECT + subject, payload, signature)


@given(st.none() | st.text(max_size=100))
def test_nonsense_is_no_signature(signature: str | None) -> None:
    assert not signing.verify(Ed25519PrivateKey.generate().public_key(), SUBJECT, b"{}", signature)


# sealing


@given(st.binary(max_size=300), st.integers(0, 10_000), st.integers(1, 255))
def test_a_sealed_message_opens_for_its_gate_and_subject_only(plain: bytes, place: int, change: int) -> None:
    gate, other = X25519PrivateKey.generate(), X25519PrivateKey.generate()
    sealed = sealing.seal(gate.public_key().public_bytes_raw(), plain, SUBJECT)
    assert sealing.unseal(gate, sealed, SUBJECT) == plain
    changed = bytearray(sealed)
    changed[place % len(changed)] ^= change
    for key, box, subject in ((other, sealed, SUBJECT), (gate, sealed, "x"), (gate, bytes(changed), SUBJECT)):
        with pytest.raises(Unsealable):
            sealing.unseal(key, box, subject)


def test_not_even_the_bit_that_the_curve_ignores_can_be_changed() -> None:
    gate = X25519PrivateKey.generate()
    sealed = bytearray(sealing.seal(gate.public_key().public_bytes_raw(), b"faces", SUBJECT))
    sealed[31] ^= 0x80
    with pytest.raises(Unsealable):
        sealing.unseal(gate, bytes(sealed), SUBJECT)


@given(st.binary(max_size=80))
def test_what_was_never_sealed_does_not_open(data: bytes) -> None:
    with pytest.raises(Unsealable):
        sealing.unseal(X25519PrivateKey.generate(), data, SUBJECT)
