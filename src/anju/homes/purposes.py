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
