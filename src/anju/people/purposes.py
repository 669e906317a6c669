"""What a person's checked name, and a child's, are for."""

from django.utils.translation import gettext_lazy as _

from anju.partners.purposes import ACCOUNT
from anju.privacy.purposes import Audience, Basis, Purpose

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
CHILD = Purpose(
    code="child",
    title=_("孩子资料"),
    text=_(
        "保存孩子的姓名、出生日期和监护关系，用来确认由谁替孩子作决定。姓名和出生日期用孩子自己的密钥加密，只有已确认的监护人能看到。"
        "孩子没有手机号和密码，不能登录。年满十四周岁后由孩子本人重新决定。"
    ),
    basis=Basis.SEPARATE_CONSENT,
    version=1,
    optional=True,
    needs=(ACCOUNT,),
    stops=(_("孩子的全部资料会被删除，监护关系随之结束"),),
    asked_of=Audience.CHILDREN,
)
