"""What a card is for."""

from django.utils.translation import gettext_lazy as _

from anju.homes.purposes import HOME_CERTIFICATION
from anju.privacy.purposes import Basis, Purpose

GATE_CARD = Purpose(
    code="gate_card",
    title=_("门禁卡"),
    text=_(
        "把物业发给您的门禁卡的卡号加密保存，让读卡的门认得它。门禁和第三方终端只知道卡号或由卡号算出的标记，不知道是谁的卡。"
        "您的刷卡记录只有您本人和门岗能看到，保留半年。卡遗失时可在应用里立即停用。"
    ),
    basis=Basis.CONSENT,
    version=1,
    optional=True,
    needs=(HOME_CERTIFICATION,),
    stops=(_("您的门禁卡停用，卡号会被删除"),),
)
