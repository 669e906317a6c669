"""What ringing a resident is for."""

from django.utils.translation import gettext_lazy as _

from anju.homes.purposes import HOME_CERTIFICATION
from anju.privacy.purposes import Basis, Purpose

INTERCOM = Purpose(
    code="intercom",
    title=_("可视对讲"),
    text=_(
        "有人在门禁上呼叫您家时，让您登录的设备响铃，并给您看门口的画面。接听时才使用您的麦克风，您自己打开后才使用摄像头；通话在您的设备和"
        "门禁之间加密传输，不录音、不录像。呼叫时拍的一张照片加密保存 7 天，供您查看未接来电；呼叫记录保留 30 天，只有您家的人能看到。"
    ),
    basis=Basis.CONSENT,
    version=1,
    optional=True,
    needs=(HOME_CERTIFICATION,),
    stops=(_("有人呼叫您家时，您的设备不再响铃"), _("您的呼叫记录会被删除")),
)
INTERCOM_MESSAGE = Purpose(
    code="intercom_message",
    title=_("访客留言"),
    text=_(
        "您家无人接听时，访客可以在门禁上自愿录一段不超过 20 秒的语音留言。留言加密保存 7 天，只有您家同意了本项的人能听到，您可以随时删除。"
    ),
    basis=Basis.CONSENT,
    version=1,
    optional=True,
    needs=(INTERCOM,),
    stops=(_("您听不到访客的留言；您家没有人同意时，访客不能留言"),),
)
