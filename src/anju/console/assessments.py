"""Impact assessments at the console: what needs one, writing it, a second person's word."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from anju.assessments import actions
from anju.assessments.models import Assessment
from anju.console.pages import for_duties, names, show, staff
from anju.homes.duties import APPROVE_ASSESSMENT, ASSESS
from anju.privacy.purposes import PURPOSES
from anju.privacy.refusals import Refused
from anju.privacy.staff import holds

SHOWN = 50
EITHER = (*ASSESS.duties, *APPROVE_ASSESSMENT.duties)


@require_GET
@for_duties(*EITHER)
def assessments(request: HttpRequest) -> HttpResponse:
    return _page(request)


def _page(request: HttpRequest, refused: Refused | None = None) -> HttpResponse:
    rows = list(Assessment.objects.all()[:SHOWN])
    known = names({one.made_by for one in rows} | {one.approved_by for one in rows if one.approved_by})
    response = show(
        request,
        "assessments",
        _("影响评估"),
        missing=actions.missing(),
        needing=actions.needing(),
        rows=[
            (
                one,
                PURPOSES[one.purpose].title if one.purpose in PURPOSES else one.purpose,
                known.get(one.made_by, "—"),
                known.get(one.approved_by, "—") if one.approved_by else "",
            )
            for one in rows
        ],
        may_assess=holds(request, ASSESS.duties),
        may_approve=holds(request, APPROVE_ASSESSMENT.duties),
        me=staff(request).pk,
        refused=refused,
        typed=request.POST if refused else {},
    )
    response.status_code = refused.status if refused else 200
    return response


@require_POST
@for_duties(*ASSESS.duties)
def assess(request: HttpRequest) -> HttpResponse:
    said = request.POST
    try:
        actions.assess(
            said.get("purpose", ""),
            staff=staff(request),
            necessity=said.get("necessity", ""),
            risks=said.get("risks", ""),
            measures=said.get("measures", ""),
        )
    except Refused as refused:
        return _page(request, refused)
    messages.success(request, _("已保存，等待另一人批准。"))
    return redirect("admin:assessments")


@require_POST
@for_duties(*APPROVE_ASSESSMENT.duties)
def approve(request: HttpRequest, assessment: UUID) -> HttpResponse:
    actions.approve(assessment, staff=staff(request))
    messages.success(request, _("已批准。"))
    return redirect("admin:assessments")
