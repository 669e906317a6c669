"""Closing an account: a short time to think again, then everything goes, and it is done only when every place confirms it."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import structlog
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.access.models import Gate, Grant
from anju.homes.queries import communities_of
from anju.notices import actions as notices
from anju.notices.models import Notice
from anju.partners.purposes import ACCOUNT
from anju.people.models import Person
from anju.privacy import consent, erasure, scope
from anju.privacy.gateway import RECIPIENTS
from anju.privacy.models import Sharing
from anju.privacy.refusals import Refused
from anju.privacy.vault import vault
from anju.rights.models import ANSWER_WITHIN, Request, RightKind, RightState, Step, Target, TargetKind, TargetState
from anju.terminals.models import Known
from anju.wallet.leaving import require_empty

log = structlog.get_logger()


def undo_window() -> timedelta:
    """How long the person may think again."""
    return timedelta(hours=settings.CANCELLATION_UNDO_HOURS)


@transaction.atomic
def ask(person: Person) -> Request:
    """Ask for the account to be closed. It is carried out after the undo window.

    Raises Refused when that was asked already, or while money lies in the wallet: with the account its holder would be gone.
    """
    require_empty(person.pk)
    now = timezone.now()
    try:
        with transaction.atomic(), scope.person(person.pk, communities_of(person.pk)):
            request = Request.objects.create(
                subject=person.pk,
                community_id=next(iter(communities_of(person.pk)), None),
                kind=RightKind.CANCEL,
                state=RightState.WAITING,
                due_at=now + ANSWER_WITHIN,
                carry_out_at=now + undo_window(),
            )
    except IntegrityError as error:
        raise Refused("already_asked", _("您已申请注销，无需重复提交。"), status=409) from error
    Step.objects.create(request=request, state=request.state, actor=person.pk)
    with notices.language_of(person):
        text = _(
            "您申请了注销账号，将于 %(at)s 生效。在此之前可到“我的 → 设置 → 账号注销”撤回。如非本人操作，请立即撤回并修改密码。"
        )
        at = timezone.localtime(request.carry_out_at).strftime("%Y-%m-%d %H:%M")
        notices.tell(person, Notice.Kind.RIGHTS, _("账号将被注销"), text % {"at": at})
    return request


def waiting(subject: UUID) -> Request | None:
    """This person's cancellation that can still be taken back."""
    return Request.objects.filter(subject=subject, kind=RightKind.CANCEL, state=RightState.WAITING).first()


@transaction.atomic
def take_back(person: Person) -> None:
    """The person thinks again. Raises Refused when there is nothing to take back any more."""
    found = Request.objects.select_for_update().filter(
        subject=person.pk, kind=RightKind.CANCEL, state=RightState.WAITING
    )
    request = found.first()
    if request is None:
        raise Refused("nothing_to_take_back", _("没有可以撤回的注销申请。"), status=409)
    request.state, request.closed_at = RightState.TAKEN_BACK, timezone.now()
    request.save(update_fields=["state", "closed_at"])
    Step.objects.create(request=request, state=request.state, actor=person.pk)


def due() -> list[UUID]:
    """Cancellations whose undo window is over."""
    with scope.platform():
        ripe = Request.objects.filter(state=RightState.WAITING, carry_out_at__lte=timezone.now())
        return list(ripe.values_list("pk", flat=True))


@transaction.atomic
def carry_out(request_id: UUID) -> None:
    """Erase everything here, and note every place that has yet to confirm."""
    with scope.platform():
        request = Request.objects.select_for_update().get(pk=request_id)
        if request.state != RightState.WAITING:
            return
        subject = request.subject
        Target.objects.bulk_create(_targets(request))
        consent.withdraw(subject, ACCOUNT)
        erasure.erase_person(subject)
        request.state = RightState.ERASING
        request.save(update_fields=["state"])
        Step.objects.create(request=request, state=request.state)


def _targets(request: Request) -> Iterator[Target]:
    """Every place where something about this person lies now."""
    subject = request.subject

    def target(kind: TargetKind, place: str, expected: int) -> Target:
        return Target(request=request, kind=kind, place=place, expected=expected, left=expected)

    for place, count in erasure.left_of(subject).items():
        yield target(TargetKind.ROWS, place, count)
    yield target(TargetKind.KEY, "vault", int(vault().knows(subject)))
    yield target(TargetKind.SESSIONS, "sessions", UserSession.objects.filter(user=subject).count())
    for gate in _gates(subject):
        yield target(TargetKind.GATE, str(gate), 1)
    sent = Sharing.objects.filter(subject=subject, result=Sharing.Result.SENT)
    keeping = [code for code, one in RECIPIENTS.items() if one.keeps]
    for recipient in sent.filter(recipient__in=keeping).values_list("recipient", flat=True).distinct():
        yield target(TargetKind.PARTNER, recipient, 1)


def erasing() -> list[UUID]:
    """Cancellations that wait for a place to confirm."""
    with scope.platform():
        return list(Request.objects.filter(state=RightState.ERASING).values_list("pk", flat=True))


@transaction.atomic
def settle(request_id: UUID) -> bool:
    """Look at every place that has not confirmed. Returns whether all is gone; then the person's empty row goes as well."""
    with scope.platform():
        request = Request.objects.select_for_update().get(pk=request_id)
        if request.state != RightState.ERASING:
            return request.state == RightState.DONE
        left = erasure.left_of(request.subject)
        open_ones = list(request.targets.exclude(state=TargetState.CONFIRMED))
        for target in open_ones:
            _look(target, request.subject, left)
        if any(target.state != TargetState.CONFIRMED for target in open_ones) or left:
            return False
        Person.objects.filter(pk=request.subject).delete()
        request.state, request.closed_at = RightState.DONE, timezone.now()
        request.save(update_fields=["state", "closed_at"])
        Step.objects.create(request=request, state=request.state)
    return True


def _gates(subject: UUID) -> set[UUID]:
    """Where this person is known, by grants or, at other makers' terminals, by what those were told."""
    told = Known.objects.filter(person=subject).values_list("terminal__gate_id", flat=True)
    return {*Grant.objects.filter(person=subject).values_list("gate_id", flat=True), *told}


def _look(target: Target, subject: UUID, left: dict[str, int]) -> None:
    """Bring one target up to date. A place of ours that still has something has failed; others are waited for."""
    if target.kind == TargetKind.PARTNER:
        return  # confirmed by whoever wrote to them: `partner_confirms`
    if target.kind == TargetKind.ROWS:
        target.left = left.get(target.place, 0)
    elif target.kind == TargetKind.KEY:
        target.left = int(vault().knows(subject))
    elif target.kind == TargetKind.SESSIONS:
        target.left = UserSession.objects.filter(user=subject).count()
    else:
        target.left = int(UUID(target.place) in _gates(subject))
    ours = target.kind != TargetKind.GATE
    if target.left == 0:
        target.state, target.confirmed_at = TargetState.CONFIRMED, timezone.now()
    elif ours or Gate.objects.filter(pk=target.place, suspect_since__isnull=False).exists():
        target.state = TargetState.FAILED
        log.error("erasure_failed", place=target.place, left=target.left)
    else:
        target.state = TargetState.PENDING
    target.save(update_fields=["left", "state", "confirmed_at"])


@transaction.atomic
def partner_confirms(request: Request, recipient: str, *, actor: UUID) -> None:
    """A third party has confirmed in writing that it erased its copy. Raises Refused."""
    target = request.targets.select_for_update().filter(kind=TargetKind.PARTNER, place=recipient).first()
    if target is None:
        raise Refused("unknown_target", _("没有找到这个第三方的删除事项，请刷新页面。"), status=404)
    target.state, target.left, target.confirmed_at = TargetState.CONFIRMED, 0, timezone.now()
    target.save(update_fields=["state", "left", "confirmed_at"])
    Step.objects.create(request=request, state=request.state, actor=actor)


def forget_closed() -> int:
    """Delete the empty rows of accounts that were closed without a request, once every gate has confirmed. Returns how many."""
    with scope.platform():
        closed = Person.objects.filter(is_active=False, phone__isnull=True, nickname__isnull=True, phone_verified=False)
        asked = Request.objects.filter(kind=RightKind.CANCEL, state=RightState.ERASING).values("subject")
        settled = closed.exclude(pk__in=asked).exclude(grants__isnull=False)
        gone = [person for person in settled if not vault().knows(person.pk) and not erasure.left_of(person.pk)]
        for person in gone:
            person.delete()
    return len(gone)
