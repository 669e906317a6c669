"""What changes homes and who belongs to them."""

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.dispatch import Signal
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.homes.duties import REVIEW, Duty
from anju.homes.models import Application, ApplicationEvent, Home, Member, Role, duties
from anju.homes.purposes import HOME_CERTIFICATION
from anju.notices import actions as notices
from anju.notices.models import Notice
from anju.people import id_number as id_numbers
from anju.people.models import Person, RealName
from anju.people.purposes import REAL_NAME
from anju.privacy import audit, consent, scope
from anju.privacy.models import AuditEntry
from anju.privacy.refusals import Refused

MOST_OPEN = 5
"""Applications of one person that may wait at a time: each takes a reviewer's time."""

membership_changed = Signal()
"""Sent with `person` and `community` (ids) inside the transaction that begins, changes or ends a membership."""


def _note(application: Application, text: str = "") -> None:
    ApplicationEvent.objects.create(
        application=application,
        community_id=application.community_id,
        person_id=application.person_id,
        state=application.state,
        note=text or None,
    )
    channel, staff = f"person.{application.person_id}", f"community.{application.community_id}"
    notices.announce(channel, "application", {"id": str(application.pk), "state": application.state})
    notices.announce(staff, "application", {"id": str(application.pk), "state": application.state})


@transaction.atomic
def apply(person: Person, home: Home, *, role: Role, name: str, id_number: str) -> Application:
    """Ask to be known as a member of `home`. Raises Refused: no consent, bad number, member already, asked already."""
    consent.require(person.pk, HOME_CERTIFICATION)
    name = name.strip()
    if not 2 <= len(name) <= 40:
        raise Refused("name_form", _("请填写身份证上的姓名（2 到 40 个字）。"), field="name")
    number = id_numbers.parse(id_number)
    if Member.objects.living().filter(person=person, home=home).exists():
        raise Refused("already_certified", _("您已经是这套房屋的住户，无需再次认证。"), status=409, field="home")
    if Application.objects.filter(person=person, state__in=Application.OPEN).count() >= MOST_OPEN:
        text = _("您已有 %(count)s 份申请在等待审核，请等物业处理或先撤回不需要的。") % {"count": MOST_OPEN}
        raise Refused("too_many_applications", text, status=409)
    with scope.community(home.community_id):
        contested = role == Role.OWNER and Member.objects.living().filter(home=home, role=Role.OWNER).exists()
        try:
            with transaction.atomic():
                application = Application.objects.create(
                    community_id=home.community_id,
                    person=person,
                    home=home,
                    role=role,
                    name=name,
                    id_number=number,
                    contested=contested,
                )
        except IntegrityError as error:
            raise Refused(
                "already_applied", _("这套房屋的认证申请已提交，请等待物业审核。"), status=409, field="home"
            ) from error
        _note(application)
    return application


def _locked(application: Application) -> Application:
    """The application as it is now, and nobody else's to change. Raises Refused when it is gone."""
    consent.hold(application.person_id)  # before the row: who takes their consent back deletes the rows behind it
    rows = Application.objects.select_for_update(of=("self",)).select_related("home__unit__building", "person")
    found = rows.filter(pk=application.pk).first()
    if found is None:
        raise Refused("unknown_application", _("这份申请已被申请人撤回并删除，请返回列表。"), status=404)
    return found


@transaction.atomic
def withdraw(application: Application) -> Application:
    """The applicant takes an open application back. Raises Refused when it is decided already."""
    application = _locked(application)
    if application.state not in Application.OPEN:
        raise Refused("already_decided", _("这份申请已经处理完毕，不能再撤回，请刷新后查看结果。"), status=409)
    application.state = Application.State.WITHDRAWN
    application.save(update_fields=["state"])
    _note(application)
    return application


@transaction.atomic
def dispute(application: Application, text: str) -> Application:
    """The applicant objects to a refusal, with what they have to say. Raises Refused."""
    application = _locked(application)
    if application.state != Application.State.REFUSED:
        raise Refused("nothing_to_dispute", _("只有未通过的申请可以申诉，请刷新后查看最新状态。"), status=409)
    if not 1 <= len(text.strip()) <= 500:
        raise Refused("text_length", _("请写明申诉理由（1 到 500 个字）。"), field="text")
    application.state = Application.State.DISPUTED
    try:
        with transaction.atomic():
            application.save(update_fields=["state"])
    except IntegrityError as error:
        raise Refused("already_applied", _("这套房屋的认证申请已提交，请等待物业审核。"), status=409) from error
    _note(application, text.strip())
    return application


def require_duty(staff: Person, community: UUID, *allowed: Duty) -> None:
    """Raises Refused unless this member of staff holds one of these duties in the community."""
    if not staff.is_superuser and not duties(staff.pk).get(community, set()) & {str(duty) for duty in allowed}:
        raise Refused("not_allowed", _("您没有这个小区的相应权限，请联系物业经理。"), status=403)


@transaction.atomic
def decide(application: Application, *, staff: Person, approve: bool, reason: str) -> Application:
    """A reviewer approves or refuses; a refusal says why. The applicant is told at once. Raises Refused."""
    application = _locked(application)
    require_duty(staff, application.community_id, *REVIEW.duties)
    if application.person_id == staff.pk:
        raise Refused("own_application", _("自己的申请请由其他同事审核。"), status=403)
    if application.state not in Application.OPEN:
        raise Refused("already_decided", _("这份申请已经处理完毕，请刷新列表。"), status=409)
    if not approve and not reason.strip():
        raise Refused("reason_required", _("请写明不通过的理由，申请人会看到。"), field="reason")
    application.state = Application.State.APPROVED if approve else Application.State.REFUSED
    application.reason = reason.strip() or None
    application.decided_at = timezone.now()
    application.save(update_fields=["state", "reason", "decided_at"])
    audit.record(
        AuditEntry.Action.DECIDE,
        application,
        actor=staff.pk,
        subject=application.person_id,
        fields=["state"],
        reason=application.state,
    )
    if approve:
        _admit(application)
    _note(application, reason.strip())
    _tell(application, reason.strip())
    return application


def _admit(application: Application) -> None:
    name = application.name.open()
    try:
        with transaction.atomic():
            Member.objects.create(
                community_id=application.community_id,
                person=application.person,
                home=application.home,
                role=application.role,
                name=name,
            )
    except IntegrityError as error:
        raise Refused(
            "already_certified", _("申请人已经是这套房屋的住户，请按“不通过”退回这份申请。"), status=409
        ) from error
    if consent.granted(application.person_id, REAL_NAME):
        with scope.person(application.person_id):
            RealName.objects.update_or_create(
                person=application.person, defaults={"name": name, "id_number": application.id_number.open()}
            )
    membership_changed.send(Member, person=application.person_id, community=application.community_id)


def _tell(application: Application, reason: str) -> None:
    place = application.home.label
    with notices.language_of(application.person):
        if application.state == Application.State.APPROVED:
            title, body = _("房屋认证已通过"), _("%(home)s 的认证已通过，现在可以设置开门方式了。") % {"home": place}
        else:
            title = _("房屋认证未通过")
            body = _("%(home)s 的认证未通过：%(reason)s。您可以修改后重新申请，或提出申诉。") % {
                "home": place,
                "reason": reason,
            }
        notices.tell(application.person, Notice.Kind.HOME, str(title), body)


@consent.on_withdrawal(HOME_CERTIFICATION)
def _forget_notices(person: UUID) -> None:
    notices.forget(person, Notice.Kind.HOME)  # they name the home, and a refusal's reason may name more


@transaction.atomic
def end_membership(member: Member, *, at: datetime | None = None) -> None:
    """A membership ends now (or at a set time); every right that came with it ends with it."""
    member.until = at or timezone.now()
    member.save(update_fields=["until"])
    membership_changed.send(Member, person=member.person_id, community=member.community_id)
