"""Spans of time as one says them: one unit is enough to know what waits."""

from datetime import datetime

from django import template
from django.utils import timezone
from django.utils.translation import gettext as _

register = template.Library()
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


@register.filter
def span(since: datetime) -> str:
    """How long ago `since` was: 不到 1 分钟, 12 分钟, 5 小时, 3 天."""
    seconds = (timezone.now() - since).total_seconds()
    if seconds < _MINUTE:
        return _("不到 1 分钟")
    if seconds < _HOUR:
        return _("%(count)s 分钟") % {"count": int(seconds // _MINUTE)}
    if seconds < 2 * _DAY:
        return _("%(count)s 小时") % {"count": int(seconds // _HOUR)}
    return _("%(count)s 天") % {"count": int(seconds // _DAY)}
