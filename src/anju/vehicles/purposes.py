"""What cars are for."""

from django.utils.translation import gettext_lazy as _

from anju.homes.purposes import HOME_CERTIFICATION
from anju.privacy.purposes import Basis, Purpose

VEHICLES = Purpose(
    code="vehicles",
    title=_("车辆与停车"),
    text=_(
        "登记您的车牌和您邀请的访客车牌，让道闸认出来车并放行，办理月租停车，并让您和门岗看到您的车辆何时进出。"
        "车牌加密保存，工作人员只看到打码的车牌；道闸只收到由车牌算出的标记，不知道车牌，也不保存照片。"
        "您的进出记录保留半年，访客车牌在到访结束 30 天后自动删除。"
    ),
    basis=Basis.CONSENT,
    version=1,
    optional=True,
    needs=(HOME_CERTIFICATION,),
    stops=(_("道闸不再认得您和您访客的车，月租停车随之结束"), _("您登记的车牌和车辆进出记录会被删除")),
)
