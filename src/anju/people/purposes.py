"""What a person's checked name is for."""

from django.utils.translation import gettext_lazy as _

from anju.partners.purposes import ACCOUNT
from anju.privacy.purposes import Basis, Purpose

REAL_NAME = Purpose(
    code="real_name",
    title=_("实名认证"),
    text=_(
        "用姓名和身份证号核对您的身份，作为房屋认证等需要真实身份的服务的依据。身份证号全程加密，工作人员查看须说明理由并留下记录。"
    ),
    basis=Basis.SEPARATE_CONSENT,
    version=1,
    optional=True,
    needs=(ACCOUNT,),
    stops=(_("已核验的姓名和身份证号会被删除，需要实名的服务不能继续"),),
)
