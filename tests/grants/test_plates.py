"""Number plates: every form of GA 36-2018 is known, one plate has one spelling, and what is none is told why."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anju.grants import plates
from anju.grants.plates import BadPlate, Fault, Kind

head = st.tuples(st.sampled_from(plates.PROVINCES), st.sampled_from("ABCDEFGHJKLMNPQRSTUVWXYZ")).map("".join)
serial = st.text(plates.LETTERS + plates.DIGITS, min_size=4, max_size=4)
digits = st.text(plates.DIGITS, min_size=6, max_size=6)
energy = st.sampled_from("DABCEFGHJK")

ordinary = st.builds(lambda h, s, d: h + s + d[0], head, serial, digits)
small = st.builds(lambda h, e, s, d: h + e + s[0] + d[:4], head, energy, serial, digits)
large = st.builds(lambda h, d, e: h + d[:5] + e, head, digits, energy)
special = st.builds(lambda h, s, d, end: h + s[:3] + d[0] + end, head, serial, digits, st.sampled_from("学警挂港澳领"))
embassy = st.one_of(digits.map(lambda d: "使" + d), digits.map(lambda d: d + "使"))
any_plate = st.one_of(ordinary, small, large, special, embassy)


def _full_width(text: str) -> str:
    return "".join(chr(ord(one) + 0xFEE0) if "!" <= one <= "~" else one for one in text)


@given(any_plate)
def test_every_form_is_a_plate_in_its_own_spelling(plate: str) -> None:
    assert plates.parse(plate) == plate


@given(any_plate, st.sampled_from([" ", "·", "-", ".", "•", " · "]))
def test_however_somebody_types_it_it_is_the_same_plate(plate: str, gap: str) -> None:
    typed = _full_width(plate[:2].lower() + gap + plate[2:].lower())
    assert plates.parse(typed) == plate


@given(any_plate)
def test_what_was_read_right_is_not_changed_by_settling(plate: str) -> None:
    if "使" not in plate:
        assert plates.settle(plate) == plate


@given(small)
def test_letters_read_for_the_digits_of_a_new_energy_plate_become_digits(plate: str) -> None:
    mistaken = plate[:4] + plate[4:].translate(str.maketrans("0185", "OIBS"))
    assert plates.settle(mistaken) == plate


@given(any_plate, st.data())
def test_a_plate_and_what_a_camera_takes_it_for_share_one_form(plate: str, data: st.DataObject) -> None:
    twins = {"0": "D", "8": "B", "2": "Z", "5": "S", "6": "G"}
    taken = plate[:1] + "".join(twins.get(one, one) if data.draw(st.booleans()) else one for one in plate[1:])
    assert plates.alike(taken) == plates.alike(plate)


@given(st.text(max_size=12))
def test_no_text_breaks_the_parser(text: str) -> None:
    try:
        assert plates.parse(text)
    except BadPlate as bad:
        assert bad.fault in Fault


@pytest.mark.parametrize(
    ("typed", "fault"),
    [
        ("", Fault.EMPTY),
        (" · ", Fault.EMPTY),
        ("A12345", Fault.PROVINCE),
        ("国A12345", Fault.PROVINCE),
        ("鲁112345", Fault.OFFICE),
        ("鲁", Fault.OFFICE),
        ("鲁I12345", Fault.OFFICE),
        ("鲁A1234", Fault.LENGTH),
        ("鲁A1234567", Fault.LENGTH),
        ("鲁AO1234", Fault.LETTER_I_O),
        ("鲁A1I345", Fault.LETTER_I_O),
        ("鲁A12@45", Fault.CHARACTER),
        ("鲁A12车45", Fault.CHARACTER),
        ("鲁A123456", Fault.FORM),
        ("鲁ABCDEF", Fault.FORM),
        ("使12345", Fault.FORM),
    ],
)
def test_what_is_no_plate_is_told_what_to_put_right(typed: str, fault: Fault) -> None:
    with pytest.raises(BadPlate) as bad:
        plates.parse(typed)
    assert bad.value.fault is fault


@pytest.mark.parametrize(
    ("plate", "kind"),
    [
        ("鲁A12345", Kind.BLUE),
        ("鲁AD12345", Kind.GREEN),
        ("鲁A12345F", Kind.GREEN),
        ("鲁A1234挂", Kind.YELLOW),
        ("粤Z1234港", Kind.BLACK),
        ("鲁A1234警", Kind.WHITE),
        ("使014578", Kind.BLACK),
    ],
)
def test_the_form_says_the_colour(plate: str, kind: Kind) -> None:
    assert plates.kind_of(plate) is kind


def test_two_different_plates_that_nobody_mixes_up_do_not_share_a_form() -> None:
    assert plates.alike("鲁A12345") != plates.alike("鲁A12346")
    assert plates.alike("鲁A12345") != plates.alike("豫A12345")
