"""The public API: every room's router, one form for every error (RFC 9457)."""

from typing import Any

import structlog
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from anju import __version__
from anju.access.api import router as access
from anju.access.face_api import router as face
from anju.access.gates_api import router as gates
from anju.billing.api import router as fees
from anju.billing.collectors_api import router as meters
from anju.cards.api import router as cards
from anju.homes.api import router as homes
from anju.homes.household_api import router as household
from anju.incidents.api import router as incidents
from anju.intercom.api import router as intercom
from anju.lifts.api import router as lifts
from anju.notices.api import router as notices
from anju.notices.push_api import router as push
from anju.oversight.api import router as statistics
from anju.packets.api import router as packets
from anju.payments.api import router as payments
from anju.people.api import router as people
from anju.people.children_api import router as children
from anju.people.signed_in import signed_in
from anju.policies.api import router as policies
from anju.policies.centre_api import router as centre
from anju.privacy.api import router as consents
from anju.privacy.refusals import Refused, Text
from anju.privacy.vault import Erased
from anju.rentals.api import router as rentals
from anju.rentals.leases_api import router as leases
from anju.rights.api import router as rights
from anju.risk.api import router as risk
from anju.sip.api import router as sip
from anju.sip.telephone_api import router as telephones
from anju.terminals.api import router as terminals
from anju.utilities.api import router as utilities
from anju.vehicles.api import router as vehicles
from anju.visitors.api import router as visitors
from anju.visitors.visit_api import router as visit
from anju.wallet.api import router as wallet

log = structlog.get_logger()
api = NinjaAPI(
    title="Anju", version=__version__, urls_namespace="api", auth=signed_in, docs_url="docs", openapi_url="openapi.json"
)
for router in (
    people,
    consents,
    centre,
    children,
    homes,
    household,
    access,
    face,
    gates,
    notices,
    push,
    rights,
    policies,
    incidents,
    statistics,
    visitors,
    cards,
    visit,
    leases,
    rentals,
    vehicles,
    lifts,
    intercom,
    sip,
    telephones,
    terminals,
    payments,
    wallet,
    packets,
    risk,
    fees,
    meters,
    utilities,
):
    api.add_router("", router)


def problem(
    request: HttpRequest,
    status: int,
    code: str,
    detail: Text,
    errors: list[dict[str, str]] | None = None,
    more: dict[str, Any] | None = None,
) -> HttpResponse:
    """A problem+json answer: `code` for programs, `detail` and `errors` for people, in their language."""
    del request
    body = {
        "type": f"urn:anju:{code}",
        "title": str(detail),
        "status": status,
        "code": code,
        "detail": str(detail),
        "errors": errors or [],
    }
    return JsonResponse({**body, **(more or {})}, status=status, content_type="application/problem+json")


@api.exception_handler(Refused)
def _refused(request: HttpRequest, refused: Refused) -> HttpResponse:
    errors = [{"field": field, "message": str(message)} for field, message in refused.errors]
    return problem(request, refused.status, refused.code, refused.message, errors, refused.more)


@api.exception_handler(Erased)
def _erased(request: HttpRequest, erased: Erased) -> HttpResponse:
    del erased
    return problem(request, 410, "erased", _("这些信息已经删除，无法再读取。"))


@api.exception_handler(AuthenticationError)
def _who(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    del error
    return problem(request, 401, "sign_in", _("请先登录。"))


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    # Pydantic's own sentences are English and quote the input: say which fields, in the reader's language, and repeat nothing.
    fields = dict.fromkeys(str(one["loc"][-1]) for one in error.errors if one.get("loc"))
    errors = [{"field": name, "message": _("这一项没有填写，或格式不对。")} for name in fields]
    return problem(request, 422, "invalid", _("有内容没有填写或格式不对，请检查标出的项。"), errors)


@api.exception_handler(HttpError)
def _http(request: HttpRequest, error: HttpError) -> HttpResponse:
    if error.status_code == 429:
        return problem(request, 429, "too_many", _("操作太频繁，请过一分钟再试。"))
    return problem(request, error.status_code, "request", _("请求无法处理，请检查后重试。"))


@api.exception_handler(Exception)
def _broken(request: HttpRequest, error: Exception) -> HttpResponse:
    # Type and place only: the message of a database or validation error can quote what a person typed.
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    where = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "?"
    log.error("request_failed", path=request.path, error=type(error).__name__, where=where)
    return problem(request, 500, "broken", _("系统出了点问题，请稍后再试；若一直如此，请联系物业。"))
