"""Importing homes: upload, look at what would happen, confirm.

Between the two pages the rows travel in the page, signed: nothing waits on the server.
"""

from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from unfold.widgets import UnfoldAdminFileFieldWidget

from anju.console.pages import for_duties, in_sight, show, staff
from anju.homes import importing, spreadsheets
from anju.homes.duties import KEEP_HOMES
from anju.homes.importing import COLUMNS, Plan, Row
from anju.homes.models import Community
from anju.privacy.refusals import Refused

SHOWN = 20
MOST_FAULTS = 200
_SALT = "home-import"
_SECONDS = 30 * 60


class UploadForm(forms.Form):
    community = forms.ModelChoiceField(Community.objects.none(), label=gettext_lazy("小区"), empty_label=None)
    file = forms.FileField(
        label=gettext_lazy("表格文件"),
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ".xlsx,.csv"}),
        error_messages={
            "required": gettext_lazy("请选择要导入的表格。"),
            "empty": gettext_lazy("这个文件是空的。"),
        },
    )

    def __init__(self, *args: Any, places: list[UUID], **options: Any) -> None:  # Any: Django's form arguments
        super().__init__(*args, **options)
        self.fields["community"].queryset = Community.objects.filter(pk__in=places)  # type: ignore[attr-defined]


@require_http_methods(["GET", "POST"])
@for_duties(*KEEP_HOMES.duties)
def upload(request: HttpRequest) -> HttpResponse:
    """The form, and after a POST what the file would do. Nothing is written."""
    form = UploadForm(request.POST or None, request.FILES or None, places=in_sight(request))
    if not form.is_valid():
        return _form(request, form)
    community: Community = form.cleaned_data["community"]
    try:
        rows = spreadsheets.read(form.cleaned_data["file"].read(spreadsheets.MOST_BYTES + 1))
    except Refused as refused:
        form.add_error("file", str(refused.message))
        return _form(request, form, refused.status)
    made = importing.plan(rows, importing.existing(community.pk))
    return _preview(request, community, made)


def _form(request: HttpRequest, form: UploadForm, status: int = 200) -> HttpResponse:
    response = show(
        request,
        "home_import",
        _("导入房屋"),
        form=form,
        columns=[title for title, _spellings in COLUMNS.values()],
    )
    response.status_code = status
    return response


def _preview(request: HttpRequest, community: Community, made: Plan) -> HttpResponse:
    return show(
        request,
        "home_import_preview",
        _("导入房屋：预览"),
        community=community,
        plan=made,
        first=made.new[:SHOWN],
        faults=made.faults[:MOST_FAULTS],
        more_faults=max(0, len(made.faults) - MOST_FAULTS),
        parcel="" if made.faults or not made.new else _pack(community, made.new),
    )


@require_POST
@for_duties(*KEEP_HOMES.duties)
def carry_out(request: HttpRequest) -> HttpResponse:
    """Write what was shown, all or nothing."""
    community, rows = _unpack(request.POST.get("parcel", ""), in_sight(request))
    made = importing.plan(rows, importing.existing(community.pk))  # homes may have come since
    count = importing.carry_out(community, made, staff=staff(request))
    messages.success(
        request,
        _("已为 %(community)s 导入 %(count)s 套房屋。") % {"community": community.name, "count": count},
    )
    return redirect("admin:homes_home_changelist")


@require_GET
@for_duties(*KEEP_HOMES.duties)
def template(request: HttpRequest, form: str) -> HttpResponse:
    """An empty table with the headings and one example row."""
    if form not in spreadsheets.TYPES:
        raise Http404
    example = [[str(title) for title, _spellings in COLUMNS.values()], ["1栋", "1单元", "101", "1", "89.5"]]
    headers = {"Content-Disposition": f'attachment; filename="homes.{form}"'}
    return HttpResponse(
        spreadsheets.write(example, form, "homes"), content_type=spreadsheets.TYPES[form], headers=headers
    )


def _pack(community: Community, rows: list[Row]) -> str:
    cells = [[row.building, row.unit, row.room, str(row.floor), _plain(row.area)] for row in rows]
    return signing.dumps([str(community.pk), [list(COLUMNS), *cells]], salt=_SALT, compress=True)


def _plain(area: Decimal | None) -> str:
    return "" if area is None else str(area)


def _unpack(parcel: str, places: list[UUID]) -> tuple[Community, list[spreadsheets.Cells]]:
    """Raises Refused when the page was open for too long, or the parcel is not ours."""
    try:
        community, rows = signing.loads(parcel, salt=_SALT, max_age=_SECONDS)
    except signing.BadSignature as error:
        raise Refused("preview_expired", _("预览已过期，请重新上传表格。"), status=409) from error
    found = Community.objects.filter(pk=community, pk__in=places).first()
    if found is None:
        raise Refused("not_allowed", _("您没有这个小区的相应权限，请联系物业经理。"), status=403)
    return found, rows
