"""What to tell somebody whose picture will not do, in Chinese and English."""

from typing import NamedTuple

from anju.recognition.pictures import PictureFault
from anju.recognition.quality import Issue

NOT_LIVE = "not_live"


class Text(NamedTuple):
    """One saying in both languages."""

    zh: str
    en: str


ADVICE: dict[str, Text] = {
    Issue.NO_FACE: Text("没有看到人脸，请正对镜头", "No face in view: please look at the camera"),
    Issue.MANY_FACES: Text("画面里有多张脸，请一次一位", "Several faces in view: one person at a time, please"),
    Issue.TOO_SMALL: Text("离得有点远，请靠近一些", "You are a little far away: please come closer"),
    Issue.TOO_LARGE: Text("离得太近，请后退一点", "You are too close: please step back a little"),
    Issue.OFF_CENTRE: Text("脸没有完整出现，请移到画面中间", "Your face is cut off: please move to the middle"),
    Issue.TURNED: Text("请正对镜头，不要侧脸", "Please look straight at the camera"),
    Issue.TILTED: Text("请把头摆正，平视镜头", "Please hold your head upright, level with the camera"),
    Issue.TOO_DARK: Text("光线太暗，请到亮一些的地方", "It is too dark: please move into the light"),
    Issue.TOO_BRIGHT: Text("光线太强，请避开强光", "It is too bright: please turn away from the light"),
    Issue.UNEVEN_LIGHT: Text(
        "脸上光线不均，请不要侧对光源", "One side of your face is in shadow: please face the light"
    ),
    Issue.BLURRED: Text("画面模糊，请稍停一下", "The picture is blurred: please hold still"),
    Issue.COVERED: Text("请不要遮挡面部，摘下口罩或墨镜", "Please uncover your face: take off mask or sunglasses"),
    NOT_LIVE: Text(
        "请本人到镜头前，不要使用照片或屏幕", "Please come in person: pictures and screens are not accepted"
    ),
    PictureFault.NOT_A_PICTURE: Text(
        "这不是可用的照片，请使用 JPG 或 PNG 图片", "This is no picture: please use a JPG or PNG file"
    ),
    PictureFault.TOO_BIG: Text(
        "图片太大，请使用 8 MB、4000 万像素以内的图片",
        "The picture is too big: 8 MB and 40 megapixels at most",
    ),
}
