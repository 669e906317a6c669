"""Keys: what is sealed can be read by the right place alone, and by nobody once the key is gone."""

from pathlib import Path
from uuid import uuid4

import pytest

from anju.privacy.vault import Broken, Erased, Vault

PHONE = "+8613912345678"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "vault" / "vault.db"


@pytest.fixture
def vault(path: Path) -> Vault:
    return Vault(path)


def test_what_is_sealed_can_be_opened_in_its_own_place(vault: Vault) -> None:
    person = uuid4()
    vault.admit(person)
    sealed = vault.seal(person, "people.person.phone", PHONE.encode())
    assert PHONE.encode() not in sealed
    assert vault.open(person, "people.person.phone", sealed) == PHONE.encode()


def test_a_value_moved_to_another_field_or_person_does_not_open(vault: Vault) -> None:
    person, other = uuid4(), uuid4()
    vault.admit(person, other)
    sealed = vault.seal(person, "people.person.phone", PHONE.encode())
    with pytest.raises(Broken):
        vault.open(person, "people.person.nickname", sealed)
    with pytest.raises(Broken):
        vault.open(other, "people.person.phone", sealed)


def test_a_changed_value_does_not_open(vault: Vault) -> None:
    person = uuid4()
    vault.admit(person)
    sealed = bytearray(vault.seal(person, "here", b"value"))
    sealed[-1] ^= 1
    with pytest.raises(Broken):
        vault.open(person, "here", bytes(sealed))


def test_the_same_value_never_looks_the_same(vault: Vault) -> None:
    person = uuid4()
    vault.admit(person)
    assert vault.seal(person, "here", b"value") != vault.seal(person, "here", b"value")


def test_an_erased_person_cannot_be_read_or_found_not_even_by_another_process(vault: Vault, path: Path) -> None:
    person = uuid4()
    vault.admit(person)
    vault.claim("phone", PHONE, person)
    sealed = vault.seal(person, "here", b"value")
    elsewhere = Vault(path)
    assert elsewhere.open(person, "here", sealed) == b"value"  # it has the key in its memory now
    assert vault.erase([person]) == 1
    for one in (vault, elsewhere):
        assert one.find("phone", PHONE) is None
        with pytest.raises(Erased):
            one.open(person, "here", sealed)


def test_an_erased_key_is_nowhere_in_the_files(vault: Vault, path: Path) -> None:
    import sqlite3

    person = uuid4()
    vault.admit(person)
    key = sqlite3.connect(path).execute("select key from subject where id = ?", [person.bytes]).fetchone()[0]
    on_disk = b"".join(file.read_bytes() for file in path.parent.glob("vault.db*"))
    assert key in on_disk
    vault.erase([person])
    assert key not in b"".join(file.read_bytes() for file in path.parent.glob("vault.db*"))


def test_a_phone_leads_to_its_newest_owner_alone(vault: Vault) -> None:
    first, second = uuid4(), uuid4()
    vault.claim("phone", PHONE, first)
    vault.claim("phone", PHONE, second)
    assert vault.find("phone", PHONE) == second
    vault.claim("phone", "+8613900000001", second)
    assert vault.find("phone", PHONE) is None


def test_the_files_belong_to_the_platform_alone(vault: Vault, path: Path) -> None:
    vault.admit(uuid4())
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0


def test_a_failed_write_leaves_no_lock_behind(vault: Vault, path: Path) -> None:
    person = uuid4()
    vault.admit(person)
    with pytest.raises(AttributeError):
        vault.claim_many(iter([("phone", PHONE, person), ("phone", PHONE, None)]))  # type: ignore[list-item]
    with pytest.raises(AttributeError):
        vault.erase([person, None])  # type: ignore[list-item]
    Vault(path).admit(uuid4())
    assert vault.knows(person)
