"""What is looked for is found, in whatever spelling it was left; what is harmless is not taken for it."""

from pathlib import Path

import pytest

from anju.people import id_number
from anju.site.prove import detectors, scanner

VALUE = "金丝雀a1b2c3"


@pytest.mark.parametrize("encoding", scanner.ENCODINGS)
def test_a_value_is_found_in_every_spelling(tmp_path: Path, encoding: str) -> None:
    for number, spelling in enumerate(scanner.spellings(VALUE)[encoding]):
        (tmp_path / f"{number}.bin").write_bytes(b"x" * 7 + spelling + b"y" * 5)
    hits = scanner.scan({"canary": VALUE}, [tmp_path])
    assert {hit.place for hit in hits if hit.encoding == encoding} == {str(path) for path in tmp_path.iterdir()}


def test_base64_is_found_wherever_it_begins(tmp_path: Path) -> None:
    import base64

    for before in range(6):
        (tmp_path / f"{before}").write_bytes(base64.b64encode(b"." * before + VALUE.encode() + b"tail"))
    assert len({hit.place for hit in scanner.scan({"canary": VALUE}, [tmp_path])}) == 6


def test_a_key_is_looked_for_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "vault").write_bytes(b"\0\1\2secret\3")
    assert [hit.encoding for hit in scanner.scan({"key": b"secret"}, [tmp_path])] == ["raw"]


def test_nothing_is_found_where_nothing_is(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes("一切正常".encode())
    assert scanner.scan({"canary": VALUE}, [tmp_path]) == []


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("call 13812345678 now", "phone"),
        ("+86 13812345678", "phone"),
        (f"id {id_number.of_nobody('19900307', 77)}", "id_number"),
        ("card 6222020200112233446", "card"),
        ("plate 鲁A12345", "plate"),
        ("new energy 鲁AD12345", "plate"),
    ],
)
def test_personal_values_are_recognised(text: str, kind: str) -> None:
    assert kind in detectors.detect(text.encode())


@pytest.mark.parametrize(
    "text",
    [
        "0192f3c0-7a10-7000-8000-000000000000",
        "took 13812.345678 ms",
        "id 110101199003070000",
        "port 8000",
        "2026-11-25 10:33:20,332",
    ],
)
def test_harmless_numbers_are_not(text: str) -> None:
    assert detectors.detect(text.encode()) == []
