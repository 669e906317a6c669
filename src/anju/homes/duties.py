"""Which duty may do what: the one table that the console's pages, its menu and docs/staff-access.md are made from.

It names least privilege: whoever runs the day sees masks, whoever watches sees proofs and nothing else, and what leaves the
platform or shows more than usual takes two people. The operator (`is_superuser`) may do all of it, but not alone where two are
asked for.
"""

from collections.abc import Collection
from dataclasses import dataclass

from django.conf import settings
from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from anju.privacy.refusals import Text


class Duty(TextChoices):
    """What a member of staff may do."""

    REVIEWER = "reviewer", _("审核员")
    GUARD = "guard", _("门岗")
    MANAGER = "manager", _("物业经理")
    FRONT_DESK = "front_desk", _("前台")
    CASHIER = "cashier", _("收费员")
    DPO = "dpo", _("个人信息保护负责人")
    AUDITOR = "auditor", _("审计员")


WATCHDOGS = (Duty.DPO, Duty.AUDITOR)
"""The duties that watch the others: only the operator gives and takes them."""


@dataclass(frozen=True)
class Right:
    """Something that staff may do, and with which duties. code: stable, unique. title: as people read it. Nobody: the operator alone."""

    code: str
    title: Text
    duties: tuple[Duty, ...]

    def __post_init__(self) -> None:
        if self.code in RIGHTS:
            raise ValueError(f"two rights are called {self.code}")
        RIGHTS[self.code] = self


RIGHTS: dict[str, Right] = {}
"""Every right by code, in the order of the table."""

_R, _G, _M, _F, _C, _D, _A = Duty

REVIEW = Right("review", _("审核房屋认证（按理由查看完整姓名和身份证号，计入每日次数）"), (_R, _M))
SEE_HOMES = Right("see_homes", _("查看楼栋、单元和房屋"), (_R, _M, _F, _C))
KEEP_HOMES = Right("keep_homes", _("维护小区和房屋，导入房屋"), (_M,))
SEE_RESIDENTS = Right("see_residents", _("查看住户（姓名隐去）"), (_M, _F, _C))
END_RESIDENCE = Right("end_residence", _("结束住户的居住"), (_M,))
PASS_ON = Right("pass_on", _("转达短信验证码（计入每日次数）"), (_M, _F))
WATCH = Right("watch", _("查看门禁和通行记录（姓名隐去）"), (_G, _M))
RECEIVE_VISITORS = Right("receive_visitors", _("核对、登记和放行访客（姓名和手机号隐去）"), (_G, _M, _F))
WATCH_CARS = Right("watch_cars", _("查看小区内车辆和车辆进出（车牌隐去）"), (_G, _M, _F))
KEEP_PARKING = Right("keep_parking", _("维护车位，办理月租停车，核实车牌归属"), (_M, _F))
KEEP_CARDS = Right("keep_cards", _("发放和停用门禁卡（姓名和卡号隐去）"), (_M, _F))
KEEP_FEES = Right("keep_fees", _("维护收费项目和价格，抄表，生成和发出账单"), (_M,))
COLLECT = Right("collect", _("查看欠费，收现金和刷卡，申请调整账单和另行退还"), (_M, _C))
DECIDE_FEES = Right("decide_fees", _("批准他人申请的账单调整和另行退还，退款，处理对账差异"), (_M,))
GUARD_MONEY = Right(
    "guard_money", _("处理资金风险申诉，限制收款，冻结和恢复钱包，调整风险规则，处理存管差异（姓名隐去）"), (_M,)
)
OPEN_GATES = Right("open_gates", _("远程开门"), (_G, _M))
RUN_GATES = Right("run_gates", _("锁闭、常开门禁和恢复正常（须两人；火情时一人可先常开，另一人随后确认）"), (_G, _M))
KEEP_GATES = Right("keep_gates", _("接入和维护门禁，查看通行授权，识别自检"), (_M,))
STATISTICS = Right("statistics", _("查看去标识化统计"), (_M, _D))
ASK_GLASS = Right("ask_glass", _("申请紧急查看"), (_R, _M, _F))
DECIDE_GLASS = Right("decide_glass", _("批准他人的紧急查看"), (_M, _D))
ASK_EXPORT = Right("ask_export", _("申请导出表格，下载自己的申请"), (_M,))
DECIDE_EXPORT = Right("decide_export", _("批准他人的导出"), (_M, _D))
DISCLOSE = Right("disclose", _("登记有关机关的调取，批准他人登记的调取（须两人批准）"), (_M, _D))
PROOFS = Right("proofs", _("查看审计记录、同意记录和对外提供记录"), (_M, _D, _A))
INCIDENTS = Right("incidents", _("登记和处理个人信息安全事件"), (_D,))
SEND_INCIDENTS = Right("send_incidents", _("批准告知受影响的人（须另一人准备）"), (_M, _D))
OVERSEE = Right("oversee", _("查看个人信息保护总览：期限、留存、对外提供、删除进度"), (_D, _A))
ASSESS = Right("assess", _("作个人信息保护影响评估"), (_D,))
APPROVE_ASSESSMENT = Right("approve_assessment", _("批准他人的影响评估"), (_M, _D))
ANSWER = Right("answer", _("答复个人信息权利请求"), (_D,))
APPOINT = Right("appoint", _("任免审核员、门岗、物业经理、前台和收费员"), (_M,))
WATCH_OVER = Right("watch_over", _("任免个人信息保护负责人和审计员"), ())
TRUNKS = Right("trunks", _("设置和测试电话线路"), ())
ACCOUNTS = Right("accounts", _("停用和恢复账号"), ())


def unmasks_a_day(held: Collection[str]) -> int:
    """How many values somebody with these duties may read in full a day: as the most generous of them allows.

    The operator, who needs no duty, has a manager's.
    """
    most = settings.UNMASKS_A_DAY
    return int(max((count for duty, count in most.items() if duty in held), default=most[Duty.MANAGER]))
