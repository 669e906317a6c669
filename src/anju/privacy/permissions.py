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
        _("在“录入人脸”页点击开始之后；与门口的访客通话时，打开“让对方看到我”之后"),
        _("录入人脸：拍摄两到三帧画面，换算成人脸特征，画面随即丢弃。通话：只传给门口的屏幕，不录像"),
        _("人脸开门以外的功能都不受影响，可用二维码或手机开门；通话时对方听得到您，看不到您"),
    ),
    Permission(
        "microphone",
        _("麦克风"),
        _("接听门口的呼叫之后，挂断即关"),
        _("与门口的访客通话，不录音"),
        _("仍能看到门口的画面并开门，但对方听不到您"),
    ),
    Permission(
        "geolocation",
        _("位置"),
        _("在“附近的门”页点击“按距离排序”之后"),
        _("在手机里计算到各个门的距离并排序，用一次即止，位置不上传"),
        _("门仍按名称列出，照常可开"),
    ),
    Permission(
        "bluetooth",
        _("蓝牙"),
        _("在“附近的门”页点击“用蓝牙开门”之后"),
        _("只与您选中的门禁通信一次，用来开门"),
        _("可用二维码、人脸或手机远程开门"),
    ),
    Permission(
        "notifications",
        _("通知"),
        _("在“设置”页打开“推送通知”、单独同意之后"),
        _("应用关着时，在这台设备上提醒来电和新通知"),
        _("打开应用时仍能看到来电和通知"),
    ),
    Permission(
        "local-network-access",
        _("本地网络"),
        _("在“附近的门”页"),
        _("手机直接与同一网络里的门禁通信，平台不可用时也能开门"),
        _("可用二维码、人脸或手机远程开门"),
    ),
)
