"""What the ways in are for."""

from django.utils.translation import gettext_lazy as _

from anju.homes.purposes import HOME_CERTIFICATION
from anju.privacy.purposes import Basis, Purpose

GATE_OPENING = Purpose(
    code="gate_opening",
    title=_("手机与二维码开门"),
    text=_(
        "用这部手机里的密钥生成动态二维码，或在应用里点击开门。门禁只认得一个不含姓名的编号；您的通行记录只有您本人和门岗能看到，保留半年。"
    ),
    basis=Basis.CONSENT,
    version=1,
    optional=True,
    needs=(HOME_CERTIFICATION,),
    stops=(_("二维码和手机开门停用，已登记的手机密钥会被删除"), _("您的通行记录会被删除")),
)
FACE_AT_GATE = Purpose(
    code="face_at_gate",
    title=_("在门口录入人脸"),
    text=_(
        "在门禁前用一次性录入码现场录入人脸，特征数只加密保存在那一台门禁里，不上传平台，也不发往其他门禁。"
        "您的通行记录只有您本人和门岗能看到，保留半年。这是单独的同意：不同意完全不影响用二维码或手机开门。"
    ),
    basis=Basis.SEPARATE_CONSENT,
    version=1,
    optional=True,
    needs=(HOME_CERTIFICATION,),
    stops=(_("在门口录入的人脸特征会从那台门禁上删除，人脸开门停用"), _("二维码和手机开门不受影响")),
)
FACE_OPENING = Purpose(
    code="face_opening",
    title=_("人脸开门"),
    text=_(
        "把您的照片换算成一组特征数，加密后发到本小区的门禁上，用于认出您并开门。照片不保存，特征数不用于别处、不发给任何第三方。"
        "您的通行记录只有您本人和门岗能看到，保留半年。"
        "这是单独的同意：不同意完全不影响用二维码或手机开门。"
    ),
    basis=Basis.SEPARATE_CONSENT,
    version=1,
    optional=True,
    needs=(HOME_CERTIFICATION,),
    stops=(_("人脸开门停用，您的人脸特征会从平台和每一台门禁上删除"), _("二维码和手机开门不受影响")),
)
