"""Enrolling a face: pictures in, a template out, the pictures forgotten."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from django.db import connection, transaction
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from anju.access.actions import refresh_everywhere
from anju.access.models import Face
from anju.access.purposes import FACE_OPENING
from anju.access.residence import vectors_of as vectors_of
from anju.homes.models import Member
from anju.homes.queries import communities_of
from anju.people.models import Person
from anju.privacy import consent, scope
from anju.privacy.refusals import Refused
from anju.privacy.vault import Erased
from anju.recognition import quality
from anju.recognition.advice import ADVICE, NOT_LIVE
from anju.recognition.faces import FaceReader, Vector
from anju.recognition.gallery import Gallery
from anju.recognition.liveness import Passive
from anju.recognition.pictures import BadPicture, decode

FEWEST, MOST = 2, 3
SAME_PERSON = 0.5

_reader = FaceReader()
_reading = threading.Lock()  # one reader a process: the models are 40 MB and not thread-safe
_liveness = Passive()


@dataclass(frozen=True)
class Verdict:
    """What one picture is worth. issues: what to do about it, the most helpful first; vector: None unless it is good."""

    issues: list[tuple[str, str]]
    box: tuple[int, int, int, int] | None
    eyes: float | None
    vector: Vector | None


def advice(code: str) -> str:
    """What to tell somebody whose picture will not do, in the language of the request."""
    text = ADVICE[code]
    return text.zh if (get_language() or "zh").startswith("zh") else text.en


def judge(image: bytes) -> Verdict:
    """Whether a picture would do for enrolment. Raises Refused when the bytes are no usable picture."""
    try:
        picture = decode(image)
    except BadPicture as error:
        raise Refused(error.fault, advice(error.fault), field="image") from error
    with _reading:
        faces = _reader.find(picture)
        issues = [(str(issue), advice(issue)) for issue in quality.judge(picture, faces, quality.ENROLMENT)]
        if not faces:
            return Verdict(issues, None, None, None)
        if not issues and _liveness.score(picture, faces[0]) > _liveness.refuse_above:
            issues = [(NOT_LIVE, advice(NOT_LIVE))]
        vector = None if issues else _reader.embed(picture, faces[0])
    return Verdict(issues, faces[0].box, faces[0].eyes, vector)


def check(person: Person, image: bytes) -> Verdict:
    """Guidance for one camera frame; nothing is kept. Raises Refused."""
    consent.require(person.pk, FACE_OPENING)
    return judge(image)


def read(images: Sequence[bytes]) -> list[Vector]:
    """The template of the one person on two or three good pictures. Raises Refused with what to do."""
    if not FEWEST <= len(images) <= MOST:
        raise Refused("pictures_needed", _("请提供 2 到 3 张照片。"), field="images")
    verdicts = [judge(image) for image in images]
    for verdict in verdicts:
        if verdict.issues:
            raise Refused(verdict.issues[0][0], verdict.issues[0][1], field="images")
    vectors = [verdict.vector for verdict in verdicts if verdict.vector is not None]
    if any(float(one @ other) < SAME_PERSON for one in vectors for other in vectors):
        raise Refused("different_people", _("这几张照片看起来不是同一个人，请重新拍摄。"), field="images")
    return vectors


def enrol(person: Person, images: Sequence[bytes]) -> Face:
    """Make (or replace) a person's template from two or three pictures. Raises Refused with what to do."""
    consent.require(person.pk, FACE_OPENING)
    if not communities_of(person.pk):
        raise Refused("no_home", _("请先完成房屋认证，再录入人脸。"), status=409)
    return _keep(person, read(images))


@transaction.atomic
def _keep(person: Person, vectors: Sequence[Vector]) -> Face:
    consent.require(person.pk, FACE_OPENING)  # again: judging took a while
    _one_at_a_time()
    face = Face.objects.select_for_update().filter(person=person).first()
    if face is None:
        face = Face(person=person, rev=0)
    face.vectors = np.stack(vectors).astype("<f4").tobytes()
    face.rev += 1
    face.strict = False
    face.save()
    _flag(person.pk, vectors)
    face.refresh_from_db(fields=["strict"])
    refresh_everywhere(person.pk)
    return face


def _one_at_a_time() -> None:
    """Until the transaction ends nobody else is compared: two look-alikes who enrol together must see each other."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtext('anju.enrolment'))")


def _flag(person: UUID, vectors: Sequence[Vector]) -> None:
    """Whoever looks alike needs the higher bar: this person and everybody they could be taken for."""
    alike = look_alikes(person, vectors)
    if not alike:
        return
    pair = sorted([person, *alike])
    for one in pair:
        with scope.person(one):
            Face.objects.filter(person=one).update(strict=True)
    for one in pair:
        refresh_everywhere(one)


@transaction.atomic
def compare(person: UUID) -> None:
    """Look for look-alikes of somebody who has moved in with a face enrolled elsewhere."""
    _one_at_a_time()
    with scope.person(person):
        face = Face.objects.filter(person=person).first()
        if face:
            _flag(person, vectors_of(face))


@transaction.atomic
def review(community: UUID) -> None:
    """Take the higher bar from those in this community whose look-alike has left."""
    _one_at_a_time()
    with scope.platform():
        people = Member.objects.living().filter(community=community).values("person")
        flagged = list(Face.objects.filter(strict=True, person__in=people).order_by("person"))
        alone = [face.person_id for face in flagged if not look_alikes(face.person_id, vectors_of(face))]
        Face.objects.filter(person__in=alone).update(strict=False)
    for person in alone:
        refresh_everywhere(person)


def remove(person: Person) -> None:
    """Delete the template here and at every gate; the consent stays, so that the person can enrol anew."""
    with transaction.atomic():
        Face.objects.filter(person=person).delete()
        refresh_everywhere(person.pk)


def gallery(communities: Sequence[UUID]) -> Gallery[UUID]:
    """Everybody enrolled in these communities, by person. For look-alikes and the self-test only: gates have their own."""
    with scope.platform():
        people = Member.objects.living().filter(community__in=communities).values("person")
        faces = list(Face.objects.filter(person__in=people))
    found: dict[UUID, list[Vector]] = {}
    for face in faces:
        try:
            found[face.person_id] = vectors_of(face)
        except Erased:
            continue
    return Gallery(found)


def look_alikes(person: UUID, vectors: Sequence[Vector]) -> list[UUID]:
    """Neighbours whose faces are so near that a gate could take one for the other."""
    return gallery(communities_of(person)).look_alikes(vectors, person)
