"""How the console looks and what its sidebar offers to whom (django-unfold's settings)."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from anju.homes.duties import (
    ACCOUNTS,
    ANSWER,
    APPOINT,
    APPROVE_ASSESSMENT,
    ASK_EXPORT,
    ASK_GLASS,
    ASSESS,
    COLLECT,
    DECIDE_EXPORT,
    DECIDE_FEES,
    DECIDE_GLASS,
    DISCLOSE,
    GUARD_MONEY,
    INCIDENTS,
    KEEP_CARDS,
    KEEP_FEES,
    KEEP_GATES,
    KEEP_HOMES,
    KEEP_PARKING,
    OVERSEE,
    PASS_ON,
    PROOFS,
    RECEIVE_VISITORS,
    REVIEW,
    SEE_HOMES,
    SEE_RESIDENTS,
    SEND_INCIDENTS,
    STATISTICS,
    TRUNKS,
    WATCH,
    WATCH_CARS,
    Duty,
    Right,
)
from anju.privacy.staff import OPERATOR, holds


def _for(*rights: Right) -> Callable[[HttpRequest], bool]:
    allowed: set[str] = {duty for right in rights for duty in right.duties} or {OPERATOR}
    return lambda request: holds(request, allowed)


def _anybody(request: HttpRequest) -> bool:
    return holds(request, Duty.values)


def _page(
    title: Any, icon: str, address: str, *rights: Right, **more: str
) -> dict[str, Any]:  # Any: a lazy translation
    """A line of the menu, for whom one of the rights is given; without a right for all staff."""
    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(f"admin:{address}"),
        "permission": _for(*rights) if rights else _anybody,
        **more,
    }


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": _("安居物业控制台"),
    "SITE_HEADER": _("安居"),
    "SITE_SUBHEADER": _("物业控制台"),
    "SITE_SYMBOL": "home_work",
    "SITE_URL": None,
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("console/mark.svg")}],
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_LANGUAGES": True,
    "LANGUAGES": {"action": reverse_lazy("set_language")},
    "BORDER_RADIUS": "8px",
    "STYLES": [lambda request: static("console/console.css")],
    "DASHBOARD_CALLBACK": "anju.console.dashboard.fill",
    "ACCOUNT": {
        "navigation": [
            {"title": _("登录与设备"), "link": reverse_lazy("admin:devices")},
            {"title": _("两步验证"), "link": reverse_lazy("mfa_index")},
            {"title": _("修改密码"), "link": reverse_lazy("account_change_password")},
        ]
    },
    "SIDEBAR": {
        "show_search": False,
        "command_search": False,
        "show_all_applications": False,
        "navigation": [
            {
                "items": [
                    _page(_("概览"), "dashboard", "index"),
                    _page(
                        _("认证审核"),
                        "fact_check",
                        "reviews",
                        REVIEW,
                        badge="anju.console.reviews.waiting_badge",
                    ),
                    _page(_("门禁监控"), "sensor_door", "monitor", WATCH),
                    _page(_("门禁设备"), "developer_board", "fleet", WATCH, badge="anju.console.fleet.open_badge"),
                    _page(_("访客"), "badge", "visitors", RECEIVE_VISITORS, badge="anju.console.visitors.late_badge"),
                    _page(_("值班台"), "call", "calls", RECEIVE_VISITORS),
                    _page(_("车辆"), "directions_car", "cars", WATCH_CARS, badge="anju.console.cars.late_badge"),
                    _page(
                        _("停车申请"), "local_parking", "parking", KEEP_PARKING, badge="anju.console.cars.waiting_badge"
                    ),
                    _page(_("收费台"), "point_of_sale", "cashier", COLLECT),
                    _page(_("短信发件箱"), "sms", "outbox", PASS_ON),
                    _page(
                        _("个人信息保护"),
                        "shield_person",
                        "privacy",
                        OVERSEE,
                        ANSWER,
                        badge="anju.console.privacy_console.late_badge",
                    ),
                ]
            },
            {
                "title": _("小区与住户"),
                "separator": True,
                "items": [
                    _page(_("住户"), "group", "homes_member_changelist", SEE_RESIDENTS),
                    _page(_("认证记录"), "history_edu", "homes_application_changelist", REVIEW),
                    _page(_("房屋"), "home", "homes_home_changelist", SEE_HOMES),
                    _page(_("单元"), "meeting_room", "homes_unit_changelist", SEE_HOMES),
                    _page(_("楼栋"), "apartment", "homes_building_changelist", SEE_HOMES),
                    _page(_("小区"), "location_city", "homes_community_changelist", KEEP_HOMES),
                    _page(_("导入房屋"), "upload_file", "home_import", KEEP_HOMES),
                ],
            },
            {
                "title": _("门禁与通行"),
                "separator": True,
                "items": [
                    _page(_("门禁"), "door_front", "access_gate_changelist", WATCH),
                    _page(_("门禁卡"), "id_card", "cards", KEEP_CARDS),
                    _page(_("第三方终端"), "developer_board", "terminals", KEEP_GATES),
                    _page(_("通行记录"), "receipt_long", "access_entry_changelist", WATCH),
                    _page(_("通行授权"), "key", "access_grant_changelist", KEEP_GATES),
                    _page(_("电梯"), "elevator", "lifts_lift_changelist", WATCH),
                    _page(_("呼叫面板"), "dialpad", "intercom_panel_changelist", WATCH),
                    _page(_("室内机与门口机"), "phone_callback", "stations", KEEP_GATES),
                    _page(_("对讲自检"), "phone_in_talk", "intercom", KEEP_GATES),
                    _page(_("电话线路"), "call", "trunks", TRUNKS),
                    _page(_("车位"), "garage", "vehicles_space_changelist", WATCH_CARS),
                    _page(_("月租停车"), "calendar_month", "vehicles_parking_changelist", WATCH_CARS),
                    _page(_("识别自检"), "face", "self_test", KEEP_GATES),
                ],
            },
            {
                "title": _("收费"),
                "separator": True,
                "items": [
                    _page(_("出账"), "request_quote", "fees", KEEP_FEES),
                    _page(_("欠费与收据"), "receipt", "fees_owed", COLLECT, badge="anju.console.fees.declined_badge"),
                    _page(_("对账"), "balance", "payments", DECIDE_FEES, badge="anju.console.payments.open_badge"),
                    _page(_("钱包与风险"), "wallet", "wallets", GUARD_MONEY, badge="anju.console.wallets.open_badge"),
                    _page(_("收费项目"), "sell", "billing_feeitem_changelist", COLLECT),
                    _page(_("价格"), "price_change", "billing_tariff_changelist", COLLECT),
                    _page(_("表具"), "speed", "billing_meter_changelist", COLLECT),
                    _page(_("抄表记录"), "edit_note", "billing_reading_changelist", COLLECT),
                    _page(_("导入读数"), "upload_file", "readings", KEEP_FEES),
                    _page(_("采集器"), "sensors", "collectors", KEEP_FEES, badge="anju.console.collectors.open_badge"),
                ],
            },
            {
                "title": _("双人复核"),
                "separator": True,
                "items": [
                    _page(
                        _("紧急查看"),
                        "emergency",
                        "glasses",
                        ASK_GLASS,
                        DECIDE_GLASS,
                        DISCLOSE,
                        badge="anju.console.glasses.waiting_badge",
                    ),
                    _page(
                        _("导出"),
                        "table_view",
                        "exports",
                        ASK_EXPORT,
                        DECIDE_EXPORT,
                        badge="anju.console.exports.waiting_badge",
                    ),
                    _page(
                        _("依法提供"),
                        "gavel",
                        "disclosures",
                        DISCLOSE,
                        badge="anju.console.disclosures.waiting_badge",
                    ),
                    _page(
                        _("安全事件"),
                        "crisis_alert",
                        "incidents",
                        INCIDENTS,
                        SEND_INCIDENTS,
                        badge="anju.console.incidents.open_badge",
                    ),
                ],
            },
            {
                "title": _("人员与审计"),
                "separator": True,
                "items": [
                    _page(_("岗位"), "badge", "homes_staffrole_changelist", APPOINT),
                    _page(_("岗位权限表"), "rule", "duties"),
                    _page(_("登录与设备"), "devices", "devices"),
                    _page(_("统计"), "bar_chart", "statistics", STATISTICS),
                    _page(_("审计记录"), "policy", "privacy_auditentry_changelist", PROOFS),
                    _page(_("同意记录"), "handshake", "privacy_consent_changelist", PROOFS),
                    _page(_("对外提供记录"), "outbound", "privacy_sharing_changelist", PROOFS),
                    _page(_("影响评估"), "assessment", "assessments", ASSESS, APPROVE_ASSESSMENT),
                    _page(_("账号"), "manage_accounts", "people_person_changelist", ACCOUNTS),
                ],
            },
        ],
    },
}
