"""What a home certification is for."""

from django.utils.translation import gettext_lazy as _

from anju.partners.purposes import ACCOUNT
from anju.privacy.purposes import Basis, Purpose

HOME_CERTIFICATION = Purpose(
    code="home_certification",
    title=_("房屋认证"),
    text=_(
        "把您的姓名、身份证号和所选房屋交给本小区物业核对，通过后您就是这套房屋的业主、家属或租客。只有本小区的审核人员能看到，且默认打码。"
    ),
    basis=Basis.SEPARATE_CONSENT,
    version=1,
    optional=True,
    needs=(ACCOUNT,),
    stops=(_("您的房屋认证和住户身份会结束，所有门都不能再开"),),
)
HOUSEHOLD = Purpose(
    code="household",
    title=_("邀请家人和租客"),
    text=_(
        "把您填写的家人或租客的姓名、手机号用您的密钥加密保存，用来确认打开邀请链接的确实是对方本人。对方在自己的账号中确认后才会加入；"
        "邀请被答复、撤回或 7 天无人答复后，再过一天即删除姓名和手机号。"
    ),
    basis=Basis.CONSENT,
    version=1,
    optional=True,
    needs=(HOME_CERTIFICATION,),
    stops=(_("尚未答复的邀请会失效并删除，已加入的成员不受影响"),),
)
