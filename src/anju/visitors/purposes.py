"""What a visitor is asked, by the link they were sent."""

from django.utils.translation import gettext_lazy as _

from anju.privacy.purposes import Audience, Basis, Purpose

VISIT = Purpose(
    code="visit",
    title=_("到访通行"),
    text=_(
        "邀请您的住户填写了您的姓名和手机号，门岗凭此核对来访的人，姓名和手机号默认打码。您同意后，这部手机会生成一把开门用的密钥，"
        "门禁只认得一个不含姓名的编号，并且只在约定的时间内放行。到访结束 30 天后，您的信息会自动删除；您也可以随时在本页删除。"
    ),
    basis=Basis.CONSENT,
    version=1,
    optional=True,
    stops=(_("这次到访的通行随即失效"), _("您的姓名、手机号和到访记录会被删除")),
    asked_of=Audience.VISITORS,
)
VISIT_FACE = Purpose(
    code="visit_face",
    title=_("到访时刷脸"),
    text=_(
        "把您的照片换算成一组特征数，加密后只发到您可以通过的门禁上，用于在约定的时间内认出您并开门。照片不保存，到访结束即删除特征数。"
        "这是单独的同意：不同意完全不影响用二维码进门。"
    ),
    basis=Basis.SEPARATE_CONSENT,
    version=1,
    optional=True,
    needs=(VISIT,),
    stops=(_("您的人脸特征会从平台和每一台门禁上删除"), _("二维码不受影响")),
    asked_of=Audience.VISITORS,
)
