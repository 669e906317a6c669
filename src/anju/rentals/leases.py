"""From an application to the end of a tenancy. A lease makes the tenant a member of the home, from its first to its last minute."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.dispatch import receiver
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.homes.actions import end_membership, membership_changed
from anju.homes.household import admit, require_owner
from anju.homes.models import Member, Role
from anju.homes.purposes import HOME_CERTIFICATION
from anju.notices import actions as notices
from anju.notices.models import Notice
from anju.people.models import Person
from anju.privacy import consent, scope
from anju.privacy.refusals import Refused
from anju.rentals import queries
from anju.rentals.listings import MOST_MONTHS
from anju.rentals.models import Lease, LeaseState, Listing, ListingState, Viewing
from anju.rentals.purposes import RENTAL
from anju.rentals.viewings import forget_pass

FURTHEST = timedelta(days=90)
MONTH = timedelta(days=31)


def _tell(person: Person, title: str, body: str) -> None:
    notices.tell(person, Notice.Kind.RENTAL, title, body)


@transaction.atomic
def apply(tenant: Person, listing: UUID, *, name: str, note: str, since: datetime, until: datetime) -> Lease:
    """Ask to rent a home for a time. Raises Refused."""
    consent.require(tenant.pk, RENTAL)
    found = queries.published(listing)
    if found.owner_id == tenant.pk:
        raise Refused("own_listing", _("这是您自己的房源。"), status=409)
    if not 2 <= len(name.strip()) <= 40:
        raise Refused("name_form", _("请填写您的姓名（2 到 40 个字）。"), field="name")
    if len(note) > 500:
        raise Refused("text_length", _("留言最多 500 个字。"), field="note")
    _check_term(found, since, until)
    try:
        with transaction.atomic(), scope.community(found.community_id):
            made = Lease.objects.create(
                community_id=found.community_id,
                listing=found,
                landlord=found.owner,
                tenant=tenant,
                name=name.strip(),
                note=note.strip() or None,
                since=since,
                until=until,
                rent=found.rent,
                deposit=found.deposit,
            )
    except IntegrityError as error:
        raise Refused("applied_already", _("您已申请租这套房，请等业主答复或先撤回。"), status=409) from error
    with notices.language_of(found.owner):
        text = _("%(name)s 申请租住“%(title)s”，请在“租房”里答复。") % {"name": made.name, "title": found.title}
        _tell(found.owner, _("有人申请租房"), text)
    return made


def _check_term(listing: Listing, since: datetime, until: datetime) -> None:
    today = timezone.localdate()
    begins = timezone.localtime(since).date()
    if begins < max(today, listing.available_from) or since - timezone.now() > FURTHEST:
        raise Refused("lease_begin", _("入住日期不能早于可入住日期，也不能晚于 90 天之后。"), field="since")
    if until - since < (listing.fewest_months * MONTH - timedelta(days=3 * listing.fewest_months)):
        text = _("这套房源至少租 %(months)s 个月。") % {"months": listing.fewest_months}
        raise Refused("lease_short", text, field="until")
    if until - since > MOST_MONTHS * MONTH:
        raise Refused("lease_long", _("租期最长 %(months)s 个月。") % {"months": MOST_MONTHS}, field="until")


def _locked(lease: UUID, **whose: Person) -> Lease:
    """A lease of this landlord's or tenant's, held still. Raises Refused."""
    with scope.platform():
        rows = Lease.objects.select_for_update(of=("self",))
        rows = rows.select_related("listing__home__unit__building", "landlord", "tenant", "member")
        found = rows.filter(pk=lease, **whose).first()
    if found is None:
        raise Refused("unknown_lease", _("没有找到这份申请或租约，请刷新。"), status=404)
    return found


def _move(lease: Lease, state: LeaseState, *froms: LeaseState) -> None:
    """Raises Refused when it stands elsewhere by now."""
    if lease.state not in froms:
        raise Refused("lease_moved", _("状态已变化，请刷新后再操作。"), status=409)
    lease.state = state
    with scope.community(lease.community_id):
        lease.save(update_fields=["state", "member"])


@transaction.atomic
def answer(landlord: Person, lease: UUID, *, agree: bool) -> Lease:
    """The landlord offers the lease as applied for, or refuses. Raises Refused."""
    found = _locked(lease, landlord=landlord)
    require_owner(landlord, found.listing.home_id)
    froms = (LeaseState.APPLIED,) if agree else Lease.OPEN  # an offer can be taken back until it is confirmed
    _move(found, LeaseState.OFFERED if agree else LeaseState.REFUSED, *froms)
    with notices.language_of(found.tenant):
        title = _("业主同意出租") if agree else _("租住申请未通过")
        text = _("请到“租房”核对租约并确认，确认后生效。") if agree else _("业主没有接受这次申请，您可以看看其他房源。")
        _tell(found.tenant, title, text)
    return found


@transaction.atomic
def confirm(tenant: Person, lease: UUID) -> Lease:
    """The tenant agrees: from the lease's first minute to its last they belong to the home. Raises Refused."""
    consent.require(tenant.pk, HOME_CERTIFICATION)
    found = _locked(lease, tenant=tenant)
    if found.until <= timezone.now():
        raise Refused("lease_over", _("租期已经过去，请重新申请。"), status=409)
    with scope.community(found.community_id):
        owns = Member.objects.living().filter(person=found.landlord_id, home=found.listing.home_id, role=Role.OWNER)
        if not owns.exists():
            raise Refused("not_the_owner", _("出租人已不是这套房屋的业主，请联系物业。"), status=409)
        Listing.objects.select_for_update().get(pk=found.listing_id)  # of two who confirm at once, one is first
        _require_free(found)
        home, name = found.listing.home, found.name.open()
        found.member = admit(tenant, home, Role.TENANT, name=name, since=found.since, until=found.until)
    _move(found, LeaseState.ACTIVE, LeaseState.OFFERED)
    with scope.community(found.community_id):
        Listing.objects.filter(pk=found.listing_id).update(state=ListingState.LET)
        _refuse_others(found)
    with notices.language_of(found.landlord):
        _tell(found.landlord, _("租约已生效"), _("%(name)s 已确认租约。") % {"name": found.name})
    return found


def _overlapping(lease: Lease) -> QuerySet[Lease]:
    """Other leases of the same home for some of the same time."""
    others = Lease.objects.filter(listing=lease.listing_id, since__lt=lease.until, until__gt=lease.since)
    return others.exclude(pk=lease.pk)


def _require_free(lease: Lease) -> None:
    """Raises Refused when the home is let for some of this time."""
    if _overlapping(lease).filter(state=LeaseState.ACTIVE).exists():
        raise Refused("let_already", _("这套房屋在这段时间已经租给别人，请看看其他房源。"), status=409)


def _refuse_others(lease: Lease) -> None:
    """Nobody else waits for a home that is let now."""
    for other in list(_overlapping(lease).filter(state__in=Lease.OPEN).select_related("tenant")):
        other.state = LeaseState.REFUSED
        other.save(update_fields=["state"])
        with notices.language_of(other.tenant):
            _tell(other.tenant, _("租住申请未通过"), _("这套房屋已经租给别人，您可以看看其他房源。"))


@transaction.atomic
def withdraw(tenant: Person, lease: UUID) -> Lease:
    """The tenant takes an application back. Raises Refused."""
    found = _locked(lease, tenant=tenant)
    _move(found, LeaseState.WITHDRAWN, *Lease.OPEN)
    return found


@transaction.atomic
def end(person: Person, lease: UUID) -> Lease:
    """Either side ends the tenancy now; every right that came with it ends in the same minute. Raises Refused."""
    with scope.platform():
        side = "landlord" if Lease.objects.filter(pk=lease, landlord=person).exists() else "tenant"
    found = _locked(lease, **{side: person})
    _move(found, LeaseState.ENDED, LeaseState.ACTIVE)
    with scope.community(found.community_id):
        found.until = max(timezone.now(), found.since + timedelta(seconds=1))
        found.save(update_fields=["until"])
        if found.member is not None:
            end_membership(found.member, at=max(timezone.now(), found.member.since))
        _relist(found)
    other = found.tenant if side == "landlord" else found.landlord
    with notices.language_of(other):
        _tell(
            other,
            _("租约已终止"),
            _("%(home)s 的租约已由对方终止，租客的开门方式随即停用。") % {"home": found.listing.home.label},
        )
    return found


def _relist(lease: Lease) -> None:
    Listing.objects.filter(pk=lease.listing_id, state=ListingState.LET).update(state=ListingState.DRAFT)


def close_past() -> int:
    """Leases whose time has run out. The tenant's rights ended by themselves, at the minute. Returns how many."""
    with scope.platform(), transaction.atomic():
        past = Lease.objects.select_for_update().filter(state=LeaseState.ACTIVE, until__lte=timezone.now())
        over = list(past)
        for lease in over:
            lease.state = LeaseState.ENDED
            lease.save(update_fields=["state"])
            _relist(lease)
    return len(over)


@receiver(membership_changed)
def _follow(person: UUID, community: UUID, **_options: Any) -> None:  # Any: the signal's own arguments
    """A lease whose tenancy staff or the owner have ended is over as well; who owns a home no more lets it no more."""
    with scope.platform():
        owned = Member.objects.living().filter(person=person, role=Role.OWNER).values("home")
        listed = Listing.objects.filter(owner=person, community=community, state=ListingState.PUBLISHED)
        listed.exclude(home__in=owned).update(state=ListingState.DRAFT)
        ended = Lease.objects.filter(
            tenant=person, community=community, state=LeaseState.ACTIVE, member__until__lte=timezone.now()
        )
        for lease in list(ended):
            lease.state = LeaseState.ENDED
            lease.save(update_fields=["state"])
            _relist(lease)


@consent.before_erasure(RENTAL)
def _end_all(person: UUID) -> None:
    """Who takes back that their letting and renting is kept lets and rents nothing any more."""
    with scope.platform():
        theirs = Lease.objects.filter(Q(tenant=person) | Q(landlord=person), state=LeaseState.ACTIVE)
        for lease in theirs.select_related("member"):
            if lease.member is not None:
                end_membership(lease.member, at=max(timezone.now(), lease.member.since))
        for viewing in Viewing.objects.filter(Q(prospect=person) | Q(listing__owner=person), visitor__isnull=False):
            forget_pass(viewing)
        Viewing.objects.filter(listing__owner=person).delete()
