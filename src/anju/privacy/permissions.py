"""What the app asks of a phone: when, for what, and what happens without it."""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from anju.privacy.refusals import Text


@dataclass(frozen=True)
class Permission:
    """name: as browsers call it. when: the moment it is asked at, never earlier. without: what still works."""

    name: str
    title: Text
    when: Text
    why: Text
    without: Text


PERMISSIONS = (
    Permission(
        "camera",
        _("相机"),
        _("在“录入人脸”页点击开始之后"),
        _("拍摄两到三帧画面，换算成人脸特征，画面随即丢弃"),
        _("人脸开门以外的功能都不受影响，可用二维码或手机开门"),
    ),
)
