"""What pictures of meters are for."""

from django.utils.translation import gettext_lazy as _

from anju.privacy.purposes import Audience, Basis, Purpose

METERS = Purpose(
    code="meters",
    title=_("抄表"),
    text=_(
        "按表计费的项目，抄表时可以拍下表盘，和读数一起供您核对账单。照片只拍表盘，去除拍摄地点等信息后加密保存半年，之后连同密钥一起销毁；"
        "物业查看要选择理由，并留下记录。"
    ),
    basis=Basis.CONTRACT,
    version=1,
    optional=False,
    stops=(_("不征求同意，也就没有可撤回的同意；账单以读数为准"),),
    asked_of=Audience.NOBODY,
)
