"""What staff do: confirm monthly parking, decide whose plate it is, watch who is inside."""

from calendar import monthrange
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet, TextChoices
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from anju.access import gate_link
from anju.access.models import Gate
from anju.homes.actions import require_duty
from anju.homes.duties import KEEP_PARKING, OPEN_GATES
from anju.notices import actions as notices
from anju.notices.models import Notice
from anju.people.models import Person
from anju.privacy import audit
from anju.privacy.models import AuditEntry
from anju.privacy.refusals import Refused
from anju.vehicles import plate_index
from anju.vehicles.actions import changed, parse, refresh_households, tell_change
from anju.vehicles.models import Car, Movement, Parking, ParkingRequest, Space, VisitorCar
from anju.vehicles.signals import parking_closed

LONG = timedelta(days=3)
"""A visitor's car that has stood so long, or beyond its window, is one to look after."""


def months_on(since: datetime, months: int) -> datetime:
    """The same day so many months later, or the last one that month has."""
    at = timezone.localtime(since)
    month = at.month - 1 + months
    year, month = at.year + month // 12, month % 12 + 1
    return at.replace(year=year, month=month, day=min(at.day, monthrange(year, month)[1]))


def requests() -> QuerySet[ParkingRequest]:
    """What waits for an answer, the oldest first."""
    rows = ParkingRequest.objects.filter(state=ParkingRequest.State.ASKED)
    return rows.select_related("home__unit__building", "person", "parking", "community")


def claims() -> QuerySet[Car]:
    """Cars whose plate another household has."""
    return Car.objects.filter(state=Car.State.CLAIMED).select_related("person", "community")


@transaction.atomic
def decide(staff: Person, request: ParkingRequest, *, confirm: bool, space: Space | None = None) -> Parking | None:
    """Confirm or refuse monthly parking. It begins now, or follows what the home has. Raises Refused."""
    require_duty(staff, request.community_id, *KEEP_PARKING.duties)
    held = ParkingRequest.objects.select_for_update().get(pk=request.pk)
    if held.state != ParkingRequest.State.ASKED:
        raise Refused("request_decided", _("这份申请已经处理过了，请刷新页面。"), status=409)
    held.state = ParkingRequest.State.CONFIRMED if confirm else ParkingRequest.State.REFUSED
    held.decided_at = timezone.now()
    held.save(update_fields=["state", "decided_at"])
    audit.record(AuditEntry.Action.PARKING, held, actor=staff.pk, subject=held.person_id, reason=held.state)
    let = _let(held, space) if confirm else None
    if let is None:
        parking_closed.send(sender=ParkingRequest, request=held)
    _follow_up(held, let)
    return let


def settle(request: UUID) -> Parking | None:
    """It is paid for: what was asked for holds, if staff have not decided it meanwhile. Inside the payment's transaction.

    Returns what holds because of it.
    """
    held = ParkingRequest.objects.select_for_update().filter(pk=request, state=ParkingRequest.State.ASKED).first()
    if held is None:
        return None
    held.state, held.decided_at = ParkingRequest.State.CONFIRMED, timezone.now()
    held.save(update_fields=["state", "decided_at"])
    let = _let(held, None)
    _follow_up(held, let)
    return let


def unsettle(request: UUID, let: UUID, months: int) -> None:
    """It is paid for no more: these months end, and what was asked for waits again. Inside the transaction that gives the money back."""
    held = ParkingRequest.objects.select_for_update().filter(pk=request).first()
    found = Parking.objects.select_for_update().filter(pk=let).first()
    if found is not None:
        _shorten(found, months)
    if held is None or held.state != ParkingRequest.State.CONFIRMED:
        return
    others = ParkingRequest.objects.filter(person=held.person_id, home=held.home_id, state=ParkingRequest.State.ASKED)
    again = not others.exists()
    held.state = ParkingRequest.State.ASKED if again else ParkingRequest.State.WITHDRAWN
    held.decided_at = None if again else timezone.now()
    held.save(update_fields=["state", "decided_at"])
    if not again:
        parking_closed.send(sender=ParkingRequest, request=held)
    tell_change(held.person_id, held.community_id)


def _shorten(let: Parking, months: int) -> None:
    """Take months off its end; without a day left it is over."""
    until = months_on(let.until, -months)
    with notices.language_of(let.person):
        body = _("停车费已退回，月租停车有效期改为到 %(until)s。") % {
            "until": timezone.localtime(until).strftime("%Y-%m-%d %H:%M")
        }
        if until <= max(let.since, timezone.now()):
            body = _("停车费已退回，月租停车已停止。需要继续停车时，请重新缴费。")
        notices.tell(let.person, Notice.Kind.VEHICLE, _("月租停车有变动"), body)
    home = let.home_id
    if until <= let.since:
        let.delete()
    else:
        let.until = until
        let.save(update_fields=["until"])
    refresh_households([home])
    tell_change(let.person_id, let.community_id)


def _follow_up(request: ParkingRequest, let: Parking | None) -> None:
    refresh_households([request.home_id])
    tell_change(request.person_id, request.community_id)
    _tell_decision(request, let)


def _let(request: ParkingRequest, space: Space | None) -> Parking:
    last = Parking.objects.lasting().filter(home=request.home_id).order_by("-until").select_for_update().first()
    if last is not None:
        last.until = months_on(last.until, request.months)
        last.space = space or last.space
        last.save(update_fields=["until", "space"])
        return last
    now = timezone.now()
    return Parking.objects.create(
        community_id=request.community_id,
        person_id=request.person_id,
        home_id=request.home_id,
        space=space,
        since=now,
        until=months_on(now, request.months),
    )


def _tell_decision(request: ParkingRequest, let: Parking | None) -> None:
    with notices.language_of(request.person):
        if let is None:
            title, body = _("月租停车未办理"), _("物业没有确认您的月租停车申请，请到物业前台了解原因。")
        else:
            title = _("月租停车已办理")
            body = _("有效期到 %(until)s。") % {"until": timezone.localtime(let.until).strftime("%Y-%m-%d %H:%M")}
        notices.tell(request.person, Notice.Kind.VEHICLE, title, body)


@transaction.atomic
def settle_claim(staff: Person, car: Car, *, papers: str, accept: bool) -> None:
    """Whose plate it is. papers: the plate on the vehicle licence that staff were shown. Raises Refused."""
    require_duty(staff, car.community_id, *KEEP_PARKING.duties)
    plate_index.hold(car.community_id)
    claim = claims().filter(pk=car.pk).first()
    if claim is None:
        raise Refused("claim_settled", _("这辆车已经处理过了，请刷新页面。"), status=409)
    number = parse(papers)
    if not plate_index.reads(claim, number):
        raise Refused(
            "papers_differ", _("行驶证上的车牌与登记的不一致，请核对后重新输入。"), status=409, field="papers"
        )
    reason = "claim_accepted" if accept else "claim_refused"
    audit.record(AuditEntry.Action.PARKING, claim, actor=staff.pk, subject=claim.person_id, reason=reason)
    if not accept:
        _tell_claim(claim.person, _("物业核对后没有确认这辆车属于您。如有疑问，请携带行驶证到物业前台。"))
        claim.delete()
        tell_change(claim.person_id, claim.community_id)
        return
    former = plate_index.owned(claim.community_id, number)
    if former is not None:
        _tell_claim(former.person, _("物业核对行驶证后，将您登记的一辆车改到了另一户名下。如有疑问，请到物业前台。"))
        former.delete()
        changed(former.person_id, claim.community_id)
    claim.state = Car.State.KNOWN
    claim.save(update_fields=["state"])
    changed(claim.person_id, claim.community_id)
    _tell_claim(claim.person, _("物业已确认您登记的车辆，道闸可以放行了。"))


def _tell_claim(person: Person, body: str) -> None:
    with notices.language_of(person):
        notices.tell(person, Notice.Kind.VEHICLE, _("车辆登记"), body)


# --- who is inside ----------------------------------------------------------------------------------------------------


def cars_inside() -> QuerySet[Car]:
    return Car.objects.filter(inside_since__isnull=False).select_related("person").order_by("inside_since")


def visitors_inside() -> QuerySet[VisitorCar]:
    rows = VisitorCar.objects.filter(inside_since__isnull=False)
    return rows.select_related("home__unit__building").order_by("inside_since")


def stays_long(car: VisitorCar) -> bool:
    """Whether a visitor's car should have left by now."""
    now = timezone.now()
    return car.until <= now or (car.inside_since is not None and now - car.inside_since > LONG)


def movements() -> QuerySet[Movement]:
    return Movement.objects.select_related("car", "visitor_car", "gate").order_by("-at")


def spaces_of(community: UUID) -> int:
    """How many spaces there are."""
    return Space.objects.filter(community=community).count()


# --- raising a barrier by hand ----------------------------------------------------------------------------------------


class Why(TextChoices):
    """Why staff let a car in or out by hand: a choice, so that nothing personal is typed into the audit."""

    MISREAD = "misread", gettext_lazy("已登记，道闸没有认出")
    VISITOR = "visitor", gettext_lazy("访客，住户已同意")
    DELIVERY = "delivery", gettext_lazy("送货、搬家")
    EMERGENCY = "emergency", gettext_lazy("急救、消防、公安")
    WORKS = "works", gettext_lazy("施工、维修")
    LEAVING = "leaving", gettext_lazy("驶出")


def raise_barrier(staff: Person, gate: Gate, why: str) -> None:
    """Open a barrier from afar, for a reason that is written down before it is asked to. Raises Refused."""
    require_duty(staff, gate.community_id, *OPEN_GATES.duties)
    if gate.kind != Gate.Kind.BARRIER:
        raise Refused("no_barrier", _("这不是车行道闸，请在门禁监控里开门。"), status=409)
    if why not in Why.values:
        raise Refused("why_required", _("请选择抬杆的原因，它会记入审计。"), field="why")
    audit.record(AuditEntry.Action.GATE, gate, actor=staff.pk, reason=f"barrier_{why}")
    gate_link.open_gate(gate.pk, None)
