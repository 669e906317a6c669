"""What ringing a telephone is for."""

from django.utils.translation import gettext_lazy as _

from anju.intercom.purposes import INTERCOM
from anju.privacy.purposes import Basis, Purpose

INTERCOM_TELEPHONE = Purpose(
    code="intercom_telephone",
    title=_("门禁呼叫转电话"),
    text=_(
        "有人在门禁上呼叫您家时，按您的选择同时或稍后拨打您账号的手机号，您在电话里按 # 开门、按 * 拒接、按 1 通话。为此把您的手机号提供给"
        "电话运营商，用于接通这一次电话；门禁、访客和邻居都看不到它，您看到的来电号码是小区的号码。通话不录音，呼叫结果保留 30 天。"
    ),
    basis=Basis.SEPARATE_CONSENT,
    version=1,
    optional=True,
    needs=(INTERCOM,),
    stops=(_("有人呼叫您家时，不再拨打您的电话；正在拨打的立即挂断"),),
)
