"""What residents do with their cars: register, expect a visitor's, ask for parking."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.dispatch import receiver
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from anju.access.actions import refresh, refresh_everywhere
from anju.grants import plates
from anju.grants.plates import BadPlate, Fault
from anju.homes.actions import membership_changed
from anju.homes.models import Member
from anju.notices import actions as notices
from anju.people.models import Person
from anju.privacy import consent, scope
from anju.privacy.refusals import Refused, Text
from anju.vehicles import plate_index
from anju.vehicles.models import Car, Parking, ParkingRequest, VisitorCar
from anju.vehicles.purposes import VEHICLES
from anju.vehicles.signals import parking_asked, parking_closed

MOST_CARS = 5
"""Cars of one person in a community."""
MOST_VISITORS = 10
"""Cars that one host may expect at a time."""
SHORTEST, LONGEST, MOST_AHEAD = timedelta(minutes=15), timedelta(days=3), timedelta(days=30)
MOST_MONTHS = 12

_FAULTS: dict[Fault, Text] = {
    Fault.EMPTY: gettext_lazy("请填写车牌号。"),
    Fault.PROVINCE: gettext_lazy("车牌第一位应是省份简称，例如“鲁”。"),
    Fault.OFFICE: gettext_lazy("车牌第二位应是发牌机关的字母（没有字母 I），例如“鲁A”。"),
    Fault.LENGTH: gettext_lazy("车牌的位数不对：普通车牌 7 位，新能源车牌 8 位。"),
    Fault.LETTER_I_O: gettext_lazy("车牌后几位没有字母 I 和 O，请改成数字 1 和 0。"),
    Fault.CHARACTER: gettext_lazy("车牌里有不该出现的字符，请只填汉字、字母和数字。"),
    Fault.FORM: gettext_lazy("这不是有效的车牌号，请照行驶证核对；新能源小型车第三位、大型车末位是字母。"),
}


@dataclass(frozen=True)
class Window:
    """When a visitor's car may come in. Both aware; until is the first moment it may not."""

    since: datetime
    until: datetime


def parse(text: str) -> str:
    """A plate in its one spelling. Raises Refused."""
    try:
        return plates.parse(text)
    except BadPlate as bad:
        raise Refused(bad.fault, _FAULTS[bad.fault], field="plate") from bad


def require_home(person: Person, home: UUID) -> Member:
    """This person's living membership of this home. Raises Refused."""
    found = Member.objects.living().filter(person=person, home=home).select_related("home__unit__building").first()
    if found is None:
        raise Refused("unknown_home", _("请选择您自己的房屋。"), status=404, field="home")
    return found


def tell_change(person: UUID, community: UUID) -> None:
    """Pages that show this person's cars look again."""
    notices.announce(f"person.{person}", "vehicle", {"community": str(community)})
    notices.announce(f"community.{community}", "vehicle", {"community": str(community)})


@transaction.atomic
def add_car(person: Person, *, home: UUID, plate: str) -> Car:
    """Register a car of one's own where one lives. A plate that another household has waits for staff. Raises Refused."""
    consent.require(person.pk, VEHICLES)
    number = parse(plate)
    community = require_home(person, home).community_id
    plate_index.hold(community)
    mine = list(Car.objects.filter(person=person, community=community))
    if any(plate_index.reads(car, number) for car in mine):
        raise Refused("car_known", _("这辆车您已经登记过了。"), status=409, field="plate")
    if len(mine) >= MOST_CARS:
        text = _("每人最多登记 %(count)s 辆车，请先删除不用的。") % {"count": MOST_CARS}
        raise Refused("too_many_cars", text, status=409)
    other = plate_index.owned(community, number)
    if other is not None and live_together(person.pk, other.person_id, community):
        raise Refused("car_of_household", _("您的家人已经登记了这辆车，无需再次登记。"), status=409, field="plate")
    state = Car.State.KNOWN if other is None else Car.State.CLAIMED
    made = Car.objects.create(community_id=community, person=person, plate=number, state=state)
    changed(person.pk, community)
    return made


def live_together(one: UUID, other: UUID, community: UUID) -> bool:
    """Whether these two belong to one home of the community."""
    with scope.community(community):
        homes = Member.objects.lasting().filter(community=community, person=one).values("home")
        return Member.objects.lasting().filter(person=other, home__in=homes).exists()


def changed(person: UUID, community: UUID) -> None:
    """A person's cars are others than before: the index, the gates and the pages follow."""
    plate_index.keep(person, community)
    refresh(person, community)
    tell_change(person, community)


@transaction.atomic
def remove_car(person: Person, car: UUID) -> None:
    """The barrier knows it no more, from now on. Raises Refused."""
    found = Car.objects.filter(person=person, pk=car).first()
    if found is None:
        raise Refused("unknown_car", _("没有找到这辆车，可能已被删除，请刷新页面。"), status=404)
    community = found.community_id
    plate_index.hold(community)
    found.delete()
    changed(person.pk, community)


# --- visitors' cars ---------------------------------------------------------------------------------------------------


def _check(window: Window, member: Member) -> None:
    now = timezone.now()
    if window.until <= now:
        raise Refused("window_past", _("结束时间已经过去，请重新选择。"), field="until")
    if window.until - window.since < SHORTEST:
        raise Refused("window_short", _("到访时间至少 15 分钟，请把结束时间往后调。"), field="until")
    if window.until - max(window.since, now) > LONGEST:
        text = _("访客车辆一次最长 %(days)s 天，到期后可再次登记。") % {"days": LONGEST.days}
        raise Refused("window_long", text, field="until")
    if window.since - now > MOST_AHEAD:
        raise Refused("window_far", _("最多提前 %(days)s 天登记。") % {"days": MOST_AHEAD.days}, field="since")
    if member.until is not None and window.until > member.until:
        raise Refused("window_beyond", _("结束时间不能晚于您自己的到期时间。"), field="until")


@transaction.atomic
def expect_car(host: Person, *, home: UUID, plate: str, window: Window) -> VisitorCar:
    """A visitor's car may come in for a while; the host answers for it. Raises Refused."""
    consent.require(host.pk, VEHICLES)
    number = parse(plate)
    member = require_home(host, home)
    _check(window, member)
    community = member.community_id
    consent.hold(host.pk, change=True)  # two at the same moment would count each other out
    expected = list(VisitorCar.objects.expected().filter(host=host, community=community))
    if any(car.plate.open() == number and car.since < window.until and window.since < car.until for car in expected):
        raise Refused("car_expected", _("这辆车在这段时间已经登记过了。"), status=409, field="plate")
    if len(expected) >= MOST_VISITORS:
        text = _("您已登记 %(count)s 辆访客车，请先取消不需要的。") % {"count": MOST_VISITORS}
        raise Refused("too_many_cars", text, status=409)
    made = VisitorCar.objects.create(
        community_id=community, host=host, home=member.home, plate=number, since=window.since, until=window.until
    )
    refresh(host.pk, community)
    tell_change(host.pk, community)
    return made


@transaction.atomic
def call_off(host: Person, car: UUID) -> None:
    """The car is not expected any more; it may still leave. Raises Refused."""
    found = VisitorCar.objects.expected().filter(host=host, pk=car).first()
    if found is None:
        raise Refused("unknown_car", _("没有找到这辆访客车，可能已经过期，请刷新页面。"), status=404)
    end(found)


def end(car: VisitorCar) -> None:
    """Its window is over now."""
    now = timezone.now()
    car.since, car.until = min(car.since, now), now
    car.save(update_fields=["since", "until"])
    refresh(car.host_id, car.community_id)
    tell_change(car.host_id, car.community_id)


# --- monthly parking --------------------------------------------------------------------------------------------------


@transaction.atomic
def ask_parking(person: Person, *, home: UUID, months: int) -> ParkingRequest:
    """Ask for monthly parking for this home, or to prolong what it has. Staff confirm it. Raises Refused."""
    consent.require(person.pk, VEHICLES)
    member = require_home(person, home)
    if not 1 <= months <= MOST_MONTHS:
        raise Refused("months_form", _("月数请填 1 到 %(most)s。") % {"most": MOST_MONTHS}, field="months")
    with scope.community(member.community_id):
        last = Parking.objects.lasting().filter(home=member.home).order_by("-until").first()
        try:
            with transaction.atomic():
                made = ParkingRequest.objects.create(
                    community_id=member.community_id, person=person, home=member.home, parking=last, months=months
                )
        except IntegrityError as error:
            raise Refused("parking_asked", _("您已提交过申请，请等物业确认或先撤回。"), status=409) from error
        parking_asked.send(sender=ParkingRequest, request=made)
    tell_change(person.pk, member.community_id)
    return made


@transaction.atomic
def withdraw_request(person: Person, request: UUID) -> None:
    """The resident has thought better of it. Raises Refused."""
    found = ParkingRequest.objects.select_for_update().filter(person=person, pk=request).first()
    if found is None or found.state != ParkingRequest.State.ASKED:
        raise Refused("request_decided", _("这份申请已经处理过了，请刷新页面。"), status=409)
    found.state, found.decided_at = ParkingRequest.State.WITHDRAWN, timezone.now()
    found.save(update_fields=["state", "decided_at"])
    parking_closed.send(sender=ParkingRequest, request=found)
    tell_change(person.pk, found.community_id)


# --- what follows from elsewhere --------------------------------------------------------------------------------------


def household(homes: Iterable[UUID]) -> set[tuple[UUID, UUID]]:
    """Whoever lives in these homes: person and community."""
    with scope.platform():
        return set(Member.objects.lasting().filter(home__in=list(homes)).values_list("person_id", "community_id"))


def refresh_households(homes: Iterable[UUID]) -> None:
    """What these homes' cars may do has changed for everybody who lives there."""
    for person, community in household(homes):
        refresh(person, community)


@receiver(membership_changed)
def _follow(person: UUID, community: UUID, **_options: Any) -> None:  # Any: the signal's own arguments
    """Who has left a home parks and expects nobody there; who has left the community has no car there."""
    with scope.platform():
        homes = list(
            Member.objects.lasting().filter(person=person, community=community).values_list("home_id", flat=True)
        )
        for car in VisitorCar.objects.expected().filter(host=person, community=community).exclude(home__in=homes):
            end(car)
        ParkingRequest.objects.filter(person=person, community=community).exclude(home__in=homes).delete()
        for let in Parking.objects.filter(person=person, community=community).exclude(home__in=homes):
            _hand_on(let)
        if not homes:
            Car.objects.filter(person=person, community=community).delete()
        changed(person, community)


def _hand_on(let: Parking) -> None:
    """Monthly parking stays with the home: whoever else lives there and agrees has it from now on."""
    others = Member.objects.living().filter(home=let.home_id).exclude(person=let.person_id).order_by("since")
    heir = next((one for one in others if consent.granted(one.person_id, VEHICLES)), None)
    if heir is None:
        let.delete()
        return
    let.person_id = heir.person_id
    let.save(update_fields=["person"])


@consent.on_restriction(VEHICLES)
@consent.on_withdrawal(VEHICLES)
def _stop(person: UUID) -> None:
    """The cars are erased by now: the index and the gates follow, for the household too, whose parking it may have been."""
    with scope.platform():
        members = Member.objects.filter(person=person)
        homes, communities = (
            set(members.values_list("home_id", flat=True)),
            members.values_list("community_id", flat=True),
        )
        for community in set(communities):
            plate_index.keep(person, community)
    refresh_everywhere(person)
    refresh_households(homes)
