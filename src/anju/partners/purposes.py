"""The one purpose everything else stands on; declared here because even sending a code serves it."""

from django.utils.translation import gettext_lazy as _

from anju.privacy.purposes import Basis, Purpose

ACCOUNT = Purpose(
    code="account",
    title=_("注册与登录"),
    text=_("用手机号为您创建账号，发送验证码，并在新设备登录时提醒您，防止账号被他人使用。"),
    basis=Basis.CONSENT,
    version=1,
    optional=False,
    stops=(_("账号无法继续使用，其他功能也会一并停止"),),
)

PAYING = Purpose(
    code="paying",
    title=_("线上支付"),
    text=_(
        "您缴费、充值或购物时，记录订单、金额和结果，并把订单号、金额和不含姓名房号的标题交给您选择的支付机构收款；"
        "在手机上打开支付页时，微信支付还要求提供您的网络地址。支付账号和密码只在支付机构输入，我们不接触。"
        "交易记录依法保存，供您查账、退款和开具收据。"
    ),
    basis=Basis.CONSENT,
    version=2,
    optional=True,
    needs=(ACCOUNT,),
    stops=(_("不能再线上支付，可到物业收费处用现金或刷卡缴费；已有的交易记录依法保存"),),
)

WALLET = Purpose(
    code="wallet",
    title=_("钱包"),
    text=_(
        "您开通钱包时，用已核验的姓名和身份证号、银行卡号和银行预留手机号，由持牌的支付机构为您开立账户、核验银行卡。"
        "余额存放在支付机构您本人名下的账户里，不在我们这里；您发出的红包在领取前由支付机构担保保管。知道您手机号的同小区邻居给您转账时，能看到您姓名的最后一个字。完整卡号只交给支付机构，我们只保存协议号和末四位。"
        "支付密码用来确认每一笔资金变动，我们只保存其哈希，并加密交给支付机构核对。每笔变动、风险判断和理由都有记录，供您查询和申诉。"
    ),
    basis=Basis.SEPARATE_CONSENT,
    version=1,
    optional=True,
    needs=(PAYING,),
    stops=(_("钱包不能再使用；余额仍在支付机构您本人的账户里，重新同意后可以提现和关闭钱包"),),
)

UTILITIES = Purpose(
    code="utilities",
    title=_("生活缴费"),
    text=_(
        "您保存水、电、燃气的缴费单位和户号后，向代缴机构查询欠费；您付款后，由代缴机构把钱缴给该单位，并告诉您结果。"
        "户号加密保存，只交给代缴机构，物业看不到。缴费记录依法保存，不含户号。"
    ),
    basis=Basis.CONSENT,
    version=1,
    optional=True,
    needs=(ACCOUNT,),
    stops=(_("已保存的户号会删除，不能再在这里查询和缴纳水、电、燃气费"),),
)
