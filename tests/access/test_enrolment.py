"""Enrolling a face through the API, with real photographs and with everything else people send."""

import io
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from anju.access import enrolment
from anju.access.models import Face, Gate
from anju.access.purposes import FACE_OPENING
from anju.homes.models import Community
from anju.homes.purposes import HOME_CERTIFICATION
from anju.people.models import Person
from anju.privacy import scope
from tests import factories
from tests.doors import Answer, Door


def jpeg(picture: "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]") -> bytes:
    return cv2.imencode(".jpg", picture)[1].tobytes()


def photos(faces: Path, person: int) -> list[bytes]:
    folder = sorted(path for path in faces.iterdir() if path.is_dir())[person]
    return [path.read_bytes() for path in sorted(folder.iterdir())]


def enrol(who: Person, *images: bytes, language: str = "zh-hans") -> Answer:
    files = [SimpleUploadedFile(f"{number}.jpg", image, "image/jpeg") for number, image in enumerate(images)]
    return Door.of(who, language).send_files("/face", images=files)


def check(who: Person, image: bytes, language: str = "zh-hans") -> Answer:
    return Door.of(who, language).send_files("/face/check", image=SimpleUploadedFile("a.jpg", image, "image/jpeg"))


def good(who: Person, images: list[bytes]) -> list[bytes]:
    return [image for image in images if check(who, image).body["ok"]]


def png_bomb() -> bytes:
    """A few kilobytes that say they are 30,000 x 30,000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 0, 0, 0, 0)
    body = zlib.compress(bytes(1_000_000), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def large() -> bytes:
    """A real JPEG of more than 40 megapixels."""
    out = io.BytesIO()
    Image.new("RGB", (8000, 5200), (90, 120, 150)).save(out, "JPEG", quality=30)
    return out.getvalue()


def test_a_person_enrols_with_photographs_and_the_gate_is_told(resident: Person, gate: Gate, faces: Path) -> None:
    pictures = good(resident, photos(faces, 0))
    answer = enrol(resident, *pictures[:2])
    assert answer.status == 201, answer.body
    assert answer.body["state"] == "enrolled"
    assert [(one["name"], one["has_it"]) for one in answer.body["gates"]] == [("东门", False)]  # it was not reached yet


def test_no_photograph_is_kept(resident: Person, gate: Gate, faces: Path) -> None:
    pictures = good(resident, photos(faces, 0))
    enrol(resident, *pictures[:2])
    with scope.person(resident.pk):
        face = Face.objects.get(person=resident)
    assert len(face.vectors.open_bytes()) == 2 * 128 * 4


def test_without_the_separate_consent_not_even_a_frame_is_looked_at(community: Community, faces: Path) -> None:
    quiet = factories.resident(community, "107", agrees=(HOME_CERTIFICATION,))
    picture = photos(faces, 0)[0]
    for answer in (check(quiet, picture), enrol(quiet, picture, picture)):
        assert (answer.status, answer.code) == (403, "consent_required")
        assert answer.body["purpose"] == FACE_OPENING.code


def test_two_faces_are_one_too_many(resident: Person, faces: Path) -> None:
    one, other = (cv2.imdecode(np.frombuffer(photos(faces, number)[0], np.uint8), 1) for number in (0, 1))
    height = min(one.shape[0], other.shape[0])
    both = np.hstack(
        [cv2.resize(picture, (int(picture.shape[1] * height / picture.shape[0]), height)) for picture in (one, other)]
    )
    answer = check(resident, jpeg(both))
    assert [issue["code"] for issue in answer.body["issues"]] == ["many_faces"]
    assert "一" in answer.body["issues"][0]["text"]


def test_no_face_says_what_to_do(resident: Person) -> None:
    answer = check(resident, jpeg(np.full((480, 640, 3), 127, np.uint8)))
    assert answer.body["issues"][0]["code"] == "no_face"
    english = check(resident, jpeg(np.full((480, 640, 3), 127, np.uint8)), language="en")
    assert english.body["issues"][0]["text"].isascii()


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj", "not_a_picture"),
        (lambda: b"", "not_a_picture"),
        (lambda: b"\xff\xd8\xff\xe0" + bytes(200), "not_a_picture"),
        (png_bomb, "too_big"),
        (large, "too_big"),
        (lambda: b"\xff\xd8" + bytes(9 * 1024 * 1024), "too_big"),
    ],
    ids=["a PDF named .jpg", "nothing", "a broken JPEG", "a picture bomb", "more than 40 megapixels", "9 MB"],
)
def test_what_is_no_usable_picture_is_refused_and_loses_nothing(
    resident: Person, gate: Gate, make: object, code: str
) -> None:
    factories.face(resident)
    bad = make()  # type: ignore[operator]
    answer = enrol(resident, bad, bad)
    assert (answer.status, answer.code) == (422, code)
    assert enrol(resident, bad, bad, language="en").body["detail"].isascii()
    with scope.person(resident.pk):
        assert Face.objects.filter(person=resident).exists()


def test_one_picture_or_four_are_not_enough_or_too_many(resident: Person, faces: Path) -> None:
    picture = photos(faces, 0)[0]
    assert enrol(resident, picture).code == "pictures_needed"
    assert enrol(resident, *[picture] * 4).code == "pictures_needed"


def test_pictures_of_two_people_are_refused(resident: Person, gate: Gate, faces: Path) -> None:
    mine, others = good(resident, photos(faces, 0)), good(resident, photos(faces, 1))
    assert enrol(resident, mine[0], others[0]).code == "different_people"


def test_somebody_who_looks_like_a_neighbour_is_marked_and_so_is_the_neighbour(
    resident: Person, gate: Gate, community: Community, faces: Path
) -> None:
    pictures = good(resident, photos(faces, 0))
    enrol(resident, *pictures[:2])
    twin = factories.resident(community, "108")
    answer = enrol(twin, *pictures[:2])
    assert answer.body["look_alike"]
    assert Door.of(resident).get("/face").body["look_alike"]


def test_somebody_without_a_home_is_sent_to_certify_one_first(person: Person, faces: Path) -> None:
    factories.agree(person, HOME_CERTIFICATION, FACE_OPENING)
    picture = photos(faces, 0)[0]
    assert enrol(person, picture, picture).code == "no_home"


def test_a_face_can_be_removed_and_the_consent_stays(resident: Person, gate: Gate) -> None:
    factories.face(resident)
    answer = Door.of(resident).delete("/face")
    assert (answer.body["state"], answer.body["consent"]) == ("none", True)


def test_nobody_keeps_the_camera_check_busy_for_all(resident: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(enrolment, "judge", lambda image: enrolment.Verdict([], None, None, None))

    def check(who: Person) -> Answer:
        return Door.of(who).send_files("/face/check", image=SimpleUploadedFile("a.jpg", b"x"))

    answers = [check(resident) for _ in range(241)]
    assert {answer.status for answer in answers[:-1]} == {200}
    assert (answers[-1].status, answers[-1].code) == (429, "too_many")
    assert check(factories.person(factories.EVERYTHING)).status == 200
