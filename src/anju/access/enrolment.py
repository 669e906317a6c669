"""Enrolling a face: pictures in, a template out, the pictures forgotten."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from anju.access.actions import refresh_everywhere
from anju.access.models import Face
from anju.access.purposes import FACE_OPENING
from anju.homes.models import Member
from anju.homes.queries import communities_of
from anju.people.models import Person
from anju.privacy import consent, scope
from anju.privacy.refusals import Refused
from anju.privacy.vault import Erased
from anju.recognition import quality
from anju.recognition.faces import DIMENSIONS, FaceReader, Vector
from anju.recognition.gallery import Gallery
from anju.recognition.liveness import ScreenPattern
from anju.recognition.pictures import BadPicture, PictureFault, decode

FEWEST, MOST = 2, 3
SAME_PERSON = 0.5
NOT_LIVE = "not_live"

ADVICE = {
    quality.Issue.NO_FACE: gettext_lazy("没有看到人脸，请正对镜头"),
    quality.Issue.MANY_FACES: gettext_lazy("画面里有多张脸，请只留您一个人"),
    quality.Issue.TOO_SMALL: gettext_lazy("离得有点远，请靠近一些"),
    quality.Issue.TOO_LARGE: gettext_lazy("离得太近，请后退一点"),
    quality.Issue.OFF_CENTRE: gettext_lazy("脸没有完整出现在画面里，请移到中间"),
    quality.Issue.TURNED: gettext_lazy("请正对镜头，不要侧脸"),
    quality.Issue.TILTED: gettext_lazy("请把头摆正"),
    quality.Issue.TOO_DARK: gettext_lazy("光线太暗，请到亮一些的地方"),
    quality.Issue.TOO_BRIGHT: gettext_lazy("光线太强，请避开强光"),
    quality.Issue.UNEVEN_LIGHT: gettext_lazy("脸上光线不均，请不要侧对光源"),
    quality.Issue.BLURRED: gettext_lazy("画面有些模糊，请拿稳手机"),
    quality.Issue.COVERED: gettext_lazy("请不要遮挡面部，摘下口罩或墨镜"),
}
LIVE_ADVICE = gettext_lazy("看起来是照片或屏幕，请本人到镜头前")
_PICTURE_ADVICE = {
    PictureFault.NOT_A_PICTURE: gettext_lazy("这不是可用的照片，请上传 JPG 或 PNG 格式的图片"),
    PictureFault.TOO_BIG: gettext_lazy("图片太大，请使用 8 MB、2400 万像素以内的图片"),
}

_reader = FaceReader()
_reading = threading.Lock()  # one reader a process: the models are 40 MB and not thread-safe
_liveness = ScreenPattern()


@dataclass(frozen=True)
class Verdict:
    """What one picture is worth. issues: what to do about it, the most helpful first; vector: None unless it is good."""

    issues: list[tuple[str, str]]
    box: tuple[int, int, int, int] | None
    eyes: float | None
    vector: Vector | None


def judge(image: bytes) -> Verdict:
    """Whether a picture would do for enrolment. Raises Refused when the bytes are no usable picture."""
    try:
        picture = decode(image)
    except BadPicture as error:
        raise Refused(error.fault, _PICTURE_ADVICE[error.fault], field="image") from error
    with _reading:
        faces = _reader.find(picture)
        issues = [(str(issue), str(ADVICE[issue])) for issue in quality.judge(picture, faces, quality.ENROLMENT)]
        if not faces:
            return Verdict(issues, None, None, None)
        if not issues and _liveness.score(picture, faces[0]) > _liveness.refuse_above:
            issues = [(NOT_LIVE, str(LIVE_ADVICE))]
        vector = None if issues else _reader.embed(picture, faces[0])
    return Verdict(issues, faces[0].box, faces[0].eyes, vector)


def check(person: Person, image: bytes) -> Verdict:
    """Guidance for one camera frame; nothing is kept. Raises Refused."""
    consent.require(person.pk, FACE_OPENING)
    return judge(image)


def enrol(person: Person, images: Sequence[bytes]) -> Face:
    """Make (or replace) a person's template from two or three pictures. Raises Refused with what to do."""
    consent.require(person.pk, FACE_OPENING)
    if not communities_of(person.pk):
        raise Refused("no_home", _("请先完成房屋认证，再录入人脸。"), status=409)
    if not FEWEST <= len(images) <= MOST:
        raise Refused("pictures_needed", _("请提供 2 到 3 张照片。"), field="images")
    verdicts = [judge(image) for image in images]
    for verdict in verdicts:
        if verdict.issues:
            raise Refused(verdict.issues[0][0], verdict.issues[0][1], field="images")
    vectors = [verdict.vector for verdict in verdicts if verdict.vector is not None]
    if any(float(one @ other) < SAME_PERSON for one in vectors for other in vectors):
        raise Refused("different_people", _("这几张照片看起来不是同一个人，请重新拍摄。"), field="images")
    return _keep(person, vectors)


@transaction.atomic
def _keep(person: Person, vectors: Sequence[Vector]) -> Face:
    alike = look_alikes(person.pk, vectors)
    face = Face.objects.select_for_update().filter(person=person).first()
    if face is None:
        face = Face(person=person, rev=0)
    face.vectors = np.stack(vectors).astype("<f4").tobytes()
    face.rev += 1
    face.strict = bool(alike)
    face.save()
    refresh_everywhere(person.pk)
    for other in alike:  # whoever looks alike needs the higher bar as well
        with scope.person(other):
            Face.objects.filter(person=other).update(strict=True)
        refresh_everywhere(other)
    return face


def remove(person: Person) -> None:
    """Delete the template here and at every gate; the consent stays, so that the person can enrol anew."""
    with transaction.atomic():
        Face.objects.filter(person=person).delete()
        refresh_everywhere(person.pk)


def vectors_of(face: Face) -> list[Vector]:
    """A template's vectors. Raises vault.Erased."""
    return list(np.frombuffer(face.vectors.open_bytes(), "<f4").reshape(-1, DIMENSIONS).astype(np.float32))


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
