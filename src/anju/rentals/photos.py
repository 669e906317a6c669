"""Photographs of homes: decoded, and written anew from their pixels. Where and by what they were taken is left behind."""

import cv2
from django.utils.translation import gettext as _

from anju.privacy.refusals import Refused
from anju.recognition.pictures import BadPicture, decode

QUALITY = 82


def made_anew(picture: bytes) -> bytes:
    """A JPEG of the same pixels (1,280 at its longest) and nothing else. Raises Refused."""
    refusal = Refused("bad_photo", _("这张照片无法读取，请换一张 JPG 或 PNG 照片。"), field="photos")
    try:
        done, made = cv2.imencode(".jpg", decode(picture), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    except BadPicture as error:
        raise refusal from error
    if not done:
        raise refusal
    return made.tobytes()
