"""What letting and looking for a home is for."""

from django.utils.translation import gettext_lazy as _

from anju.partners.purposes import ACCOUNT
from anju.privacy.purposes import Basis, Purpose

RENTAL = Purpose(
    code="rental",
    title=_("租房"),
    text=_(
        "发布房源、预约看房、申请租住和签订租约。房源只展示您填写的介绍、照片和所在楼栋，不展示门牌号和您的联系方式。"
        "看房和申请时填写的姓名、手机号只给这套房源的业主看，用于核对和开门；租约生效后，承租人成为该房屋的租客，到期自动终止。"
    ),
    basis=Basis.CONSENT,
    version=1,
    optional=True,
    needs=(ACCOUNT,),
    stops=(_("您发布的房源会下架并删除"), _("您的看房预约和租住申请会取消并删除"), _("已生效的租约和租客身份会结束")),
)
