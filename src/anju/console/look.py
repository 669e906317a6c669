"""How the console looks and what its sidebar offers to whom (django-unfold's settings)."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from anju.privacy.staff import OPERATOR, holds

REVIEWER, GUARD, MANAGER = "reviewer", "guard", "manager"


def _for(*allowed: str) -> Callable[[HttpRequest], bool]:
    return lambda request: holds(request, allowed)


def _page(title: Any, icon: str, address: str, *allowed: str, **more: str) -> dict[str, Any]:  # Any: a lazy translation
    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(f"admin:{address}"),
        "permission": _for(*allowed),
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
                    _page(_("概览"), "dashboard", "index", REVIEWER, GUARD, MANAGER),
                    _page(
                        _("认证审核"),
                        "fact_check",
                        "reviews",
                        REVIEWER,
                        MANAGER,
                        badge="anju.console.reviews.waiting_badge",
                    ),
                    _page(_("门禁监控"), "sensor_door", "monitor", GUARD, MANAGER),
                    _page(_("短信发件箱"), "sms", "outbox", MANAGER),
                ]
            },
            {
                "title": _("小区与住户"),
                "separator": True,
                "items": [
                    _page(_("住户"), "group", "homes_member_changelist", MANAGER),
                    _page(_("认证记录"), "history_edu", "homes_application_changelist", REVIEWER, MANAGER),
                    _page(_("房屋"), "home", "homes_home_changelist", REVIEWER, MANAGER),
                    _page(_("单元"), "meeting_room", "homes_unit_changelist", REVIEWER, MANAGER),
                    _page(_("楼栋"), "apartment", "homes_building_changelist", REVIEWER, MANAGER),
                    _page(_("小区"), "location_city", "homes_community_changelist", MANAGER),
                    _page(_("导入房屋"), "upload_file", "home_import", MANAGER),
                ],
            },
            {
                "title": _("门禁与通行"),
                "separator": True,
                "items": [
                    _page(_("门禁"), "door_front", "access_gate_changelist", GUARD, MANAGER),
                    _page(_("通行记录"), "receipt_long", "access_entry_changelist", GUARD, MANAGER),
                    _page(_("通行授权"), "key", "access_grant_changelist", MANAGER),
                    _page(_("识别自检"), "face", "self_test", MANAGER),
                ],
            },
            {
                "title": _("人员与审计"),
                "separator": True,
                "items": [
                    _page(_("岗位"), "badge", "homes_staffrole_changelist", MANAGER),
                    _page(_("审计记录"), "policy", "privacy_auditentry_changelist", MANAGER),
                    _page(_("同意记录"), "handshake", "privacy_consent_changelist", MANAGER),
                    _page(_("账号"), "manage_accounts", "people_person_changelist", OPERATOR),
                ],
            },
        ],
    },
}
