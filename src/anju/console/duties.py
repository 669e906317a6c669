"""The table of who may do what, as the code has it."""

from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from anju.console.pages import for_duties, show
from anju.homes.duties import RIGHTS, Duty


@require_GET
@for_duties(*Duty)
def duties(request: HttpRequest) -> HttpResponse:
    rows = [(right.title, [duty in right.duties for duty in Duty]) for right in RIGHTS.values()]
    return show(request, "duties", _("岗位权限表"), heads=[duty.label for duty in Duty], rows=rows)


def document(language: str) -> str:
    """The same table in Markdown, for docs/staff-access."""
    with translation.override(language):
        lines = [
            "# " + _("岗位权限表"),
            "",
            _("由程序生成：控制台按这张表放行。每项操作都要两步验证，敏感操作记入审计。"),
            "",
        ]
        lines.append("| | " + " | ".join(str(duty.label) for duty in Duty) + " | " + _("运维") + " |")
        lines.append("|---|" + ":-:|" * (len(Duty) + 1))
        for right in RIGHTS.values():
            marks = ["✓" if duty in right.duties else "" for duty in Duty]
            lines.append(f"| {right.title} | " + " | ".join([*marks, "✓"]) + " |")
        return "\n".join(lines) + "\n"
