"""Seeing a home: a prospect asks, the owner agrees, and a visitor's pass lets them in for that hour."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.notices import actions as notices
from anju.notices.models import Notice
from anju.people import phone as phones
from anju.people.models import Person
from anju.privacy import consent, scope
from anju.privacy.refusals import Refused
from anju.rentals import queries
from anju.rentals.models import Listing, Viewing, ViewingState
from anju.rentals.purposes import RENTAL
from anju.visitors import actions as visitors

EARLY, LATE = timedelta(minutes=15), timedelta(minutes=60)
SOONEST, FURTHEST = timedelta(minutes=30), timedelta(days=30)


@transaction.atomic
def ask(prospect: Person, listing: UUID, *, at: datetime, name: str, phone: str) -> Viewing:
    """Ask to see a home. Raises Refused."""
    consent.require(prospect.pk, RENTAL)
    found = queries.published(listing)
    if found.owner_id == prospect.pk:
        raise Refused("own_listing", _("这是您自己的房源。"), status=409)
    if not 2 <= len(name.strip()) <= 40:
        raise Refused("name_form", _("请填写您的姓名（2 到 40 个字）。"), field="name")
    if not SOONEST <= at - timezone.now() <= FURTHEST:
        raise Refused("viewing_time", _("请选择 30 分钟之后、30 天之内的时间。"), field="at")
    number = phones.parse(phone)
    try:
        with transaction.atomic(), scope.community(found.community_id):
            made = Viewing.objects.create(
                community_id=found.community_id,
                listing=found,
                prospect=prospect,
                name=name.strip(),
                phone=number,
                at=at,
            )
    except IntegrityError as error:
        raise Refused("asked_already", _("您已预约看这套房，请先取消原来的预约。"), status=409) from error
    when = timezone.localtime(at).strftime("%m-%d %H:%M")
    with notices.language_of(found.owner):
        text = _("%(name)s 想在 %(at)s 看“%(title)s”，请在“租房”里答复。")
        _tell(found.owner, _("有人预约看房"), text % {"name": made.name, "at": when, "title": found.title})
    return made


def _tell(person: Person, title: str, body: str) -> None:
    notices.tell(person, Notice.Kind.RENTAL, title, body)


def _of_owner(owner: Person, viewing: UUID) -> Viewing:
    """A viewing of this owner's listing, held still. Raises Refused."""
    with scope.platform():
        rows = Viewing.objects.select_for_update(of=("self",)).select_related("listing__home", "prospect")
        found = rows.filter(pk=viewing, listing__owner=owner).first()
    if found is None:
        raise Refused("unknown_viewing", _("没有找到这个预约，可能已被取消，请刷新。"), status=404)
    return found


@transaction.atomic
def answer(owner: Person, viewing: UUID, *, agree: bool, origin: str) -> Viewing:
    """Agree to be visited, or not. origin: where the visitor's page stands, such as https://anju.example. Raises Refused."""
    found = _of_owner(owner, viewing)
    if found.state != ViewingState.ASKED:
        raise Refused("already_answered", _("这个预约已经答复过了，请刷新。"), status=409)
    with scope.community(found.community_id):
        if agree:
            window = visitors.Window(found.at - EARLY, found.at + LATE)
            home, name, phone = found.listing.home_id, found.name.open(), found.phone.open()
            pass_ = visitors.invite(owner, home=home, name=name, phone=phone, window=window)
            found.visitor, found.link = pass_.visit.visitor_id, f"{origin}/visit#{pass_.secret}"
        found.state = ViewingState.CONFIRMED if agree else ViewingState.REFUSED
        found.save(update_fields=["state", "visitor", "link"])
    with notices.language_of(found.prospect):
        title = _("看房已确认") if agree else _("看房未能安排")
        text = _("请到“租房”打开通行链接，凭二维码进门。") if agree else _("业主暂时不便看房，您可以换个时间再约。")
        _tell(found.prospect, title, text)
    return found


def forget_pass(viewing: Viewing) -> None:
    """The pass goes with what was written down for it: it lies under a key of its own."""
    if viewing.visitor is None:
        return
    visitors.forget(viewing.visitor)
    viewing.visitor = viewing.link = None
    viewing.save(update_fields=["visitor", "link"])


@transaction.atomic
def cancel(prospect: Person, viewing: UUID) -> Viewing:
    """Not come after all. Raises Refused."""
    found = Viewing.objects.filter(prospect=prospect, pk=viewing).first()
    if found is None or found.state not in (ViewingState.ASKED, ViewingState.CONFIRMED):
        raise Refused("unknown_viewing", _("没有找到这个预约，可能已被取消，请刷新。"), status=404)
    forget_pass(found)
    found.state = ViewingState.CANCELLED
    found.save(update_fields=["state"])
    with scope.community(found.community_id):
        owner: Person = Listing.objects.select_related("owner").get(pk=found.listing_id).owner
    with notices.language_of(owner):
        _tell(owner, _("看房已取消"), _("%(name)s 取消了看房。") % {"name": found.name})
    return found
