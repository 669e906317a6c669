"""Asking for one's rights and answering: one path for every kind of request."""

from datetime import timedelta
from uuid import UUID

from django.apps import apps
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.homes.queries import communities_of
from anju.notices import actions as notices
from anju.notices.models import Notice
from anju.partners.purposes import ACCOUNT
from anju.people import id_number
from anju.people.models import Person
from anju.privacy import audit, consent, erasure, scope
from anju.privacy.declarations import Category
from anju.privacy.models import AuditEntry
from anju.privacy.refusals import Refused
from anju.privacy.sealed import Sealed
from anju.rights.models import ANSWER_WITHIN, Request, RightKind, RightState, Step

MOST_OPEN = 10
BY_STAFF = (RightKind.CORRECT, RightKind.DELETE, RightKind.EXPLAIN)
"""Kinds that a member of staff answers, when the platform cannot by itself."""


CORRECTABLE = (Category.NAME, Category.ID_NUMBER)
"""What only staff can put right, since it was checked when it was given. A phone or nickname the person changes by themself."""


def correctable(subject: UUID) -> dict[str, str]:
    """What this person may ask to have corrected: model.field, and how people call it."""
    found: dict[str, str] = {}
    for model, _declares, rows in erasure.rows_of(subject):
        for field in model._meta.local_fields:
            if isinstance(field, Sealed) and field.category in CORRECTABLE and rows.exists():
                found[f"{model._meta.label}.{field.name}"] = f"{model._meta.verbose_name} · {field.verbose_name}"
    return found


@transaction.atomic
def ask(person: Person, kind: RightKind, *, text: str, place: str = "") -> Request:
    """A request for staff to answer within fifteen days. Raises Refused."""
    if kind not in BY_STAFF:
        raise Refused("wrong_kind", _("请从页面上选择要办理的事项。"), field="kind")
    text = text.strip()
    if not 1 <= len(text) <= 500:
        raise Refused("text_length", _("请写明您的要求（1 到 500 个字）。"), field="text")
    if kind == RightKind.CORRECT and place not in correctable(person.pk):
        raise Refused("unknown_field", _("请选择要更正的信息。"), field="place")
    if kind == RightKind.CORRECT and place.endswith(".id_number"):
        text = id_number.parse(text)
    if Request.objects.filter(subject=person.pk, state=RightState.RECEIVED).count() >= MOST_OPEN:
        raise Refused("too_many_requests", _("您有多项申请正在处理，请等待答复后再提交。"), status=409)
    return _record(person, kind, RightState.RECEIVED, text=text, place=place)


@transaction.atomic
def done_at_once(person: Person, kind: RightKind, purpose: str = "") -> Request:
    """The record of a request that the platform has just carried out itself."""
    request = _record(person, kind, RightState.DONE, purpose=purpose)
    request.closed_at = timezone.now()
    request.save(update_fields=["closed_at"])
    return request


@transaction.atomic
def delete(person: Person, purpose: str) -> Request:
    """Delete what is held for one purpose: the same as taking its consent back. Raises Refused."""
    found = consent.find(purpose)
    if found is ACCOUNT:
        raise Refused("use_cancellation", _("要删除账号本身，请使用“账号注销”。"), status=409, field="purpose")
    consent.withdraw(person.pk, found)
    return done_at_once(person, RightKind.DELETE, purpose)


@transaction.atomic
def restrict(person: Person, purpose: str) -> Request:
    """Stop using what is held for one purpose, and keep it. Raises Refused."""
    found = consent.find(purpose)
    if found is ACCOUNT:
        raise Refused(
            "use_cancellation", _("账号本身不能限制处理；如不再使用，请选择“账号注销”。"), status=409, field="purpose"
        )
    consent.restrict(person.pk, found)
    return done_at_once(person, RightKind.RESTRICT, purpose)


def _record(person: Person, kind: RightKind, state: RightState, **facts: str) -> Request:
    now = timezone.now()
    lives = communities_of(person.pk)
    with scope.person(person.pk, lives):
        request = Request.objects.create(
            subject=person.pk,
            community_id=next(iter(lives), None),
            kind=kind,
            state=state,
            received_at=now,
            due_at=now + ANSWER_WITHIN,
            **{name: value or None if name == "text" else value for name, value in facts.items()},
        )
    Step.objects.create(request=request, state=state, actor=person.pk)
    return request


@transaction.atomic
def take_back(person: Person, request_id: UUID) -> None:
    """The person withdraws a request that nobody has answered. Raises Refused."""
    found = Request.objects.select_for_update().filter(pk=request_id, subject=person.pk).first()
    if found is None or found.state != RightState.RECEIVED:
        raise Refused("nothing_to_take_back", _("这项申请已经办结，不能再撤回。"), status=409)
    _close(found, RightState.TAKEN_BACK, person.pk)


@transaction.atomic
def answer(request: Request, *, staff: Person, support: bool, text: str) -> Request:
    """Staff answer a request, and what it asks is done. The person is told. Raises Refused."""
    found = Request.objects.select_for_update().get(pk=request.pk)
    if found.state != RightState.RECEIVED:
        raise Refused("already_answered", _("这项申请已由其他同事办结，请刷新页面。"), status=409)
    if found.subject == staff.pk:
        raise Refused("own_request", _("自己的申请请由其他同事办理。"), status=403)
    text = text.strip()
    if not 1 <= len(text) <= 2000:
        raise Refused("text_length", _("请写明答复（1 到 2000 个字），申请人会看到。"), field="text")
    if support:
        _do(found)
    found.answer, found.handled_by = text, staff.pk
    _close(found, RightState.DONE if support else RightState.REFUSED, staff.pk, "answer", "handled_by")
    audit.record(
        AuditEntry.Action.DECIDE, found, actor=staff.pk, subject=found.subject, fields=["state"], reason=found.state
    )
    _tell(found)
    return found


def _do(request: Request) -> None:
    """Carry out what was asked: write the corrected value, or take the value away. An explanation is its own deed."""
    if request.kind == RightKind.EXPLAIN or not request.place:
        return
    label, name = request.place.rsplit(".", 1)
    model = apps.get_model(label)
    with scope.platform():
        rows = model._base_manager.select_for_update().filter(**{model.privacy.subject: request.subject})
        for row in rows:
            setattr(row, name, request.text.open() if request.kind == RightKind.CORRECT else None)
            row.save(update_fields=[name])
            fields = [name]
            audit.record(
                AuditEntry.Action.CHANGE, row, actor=None, subject=request.subject, fields=fields, reason="rights"
            )


def _close(request: Request, state: RightState, actor: UUID, *fields: str) -> None:
    request.state, request.closed_at = state, timezone.now()
    request.save(update_fields=["state", "closed_at", *fields])
    Step.objects.create(request=request, state=state, actor=actor)


def _tell(request: Request) -> None:
    person = Person.objects.filter(pk=request.subject).first()
    if person is None:
        return
    with notices.language_of(person):
        body = _("您关于“%(kind)s”的申请已有答复，请到“我的 → 隐私与同意 → 我的权利”查看。")
        notices.tell(person, Notice.Kind.RIGHTS, _("个人信息申请已答复"), body % {"kind": request.get_kind_display()})


def remind(before: timedelta) -> tuple[list[Request], list[Request]]:
    """Requests whose answer is near its time, and those past it, each once. Marks them."""
    now = timezone.now()
    with scope.platform(), transaction.atomic():
        open_ones = Request.objects.select_for_update().filter(state=RightState.RECEIVED)
        near = list(open_ones.filter(reminded_at__isnull=True, due_at__lte=now + before, due_at__gt=now))
        late = list(open_ones.filter(escalated_at__isnull=True, due_at__lte=now))
        Request.objects.filter(pk__in=[one.pk for one in near]).update(reminded_at=now)
        Request.objects.filter(pk__in=[one.pk for one in late]).update(escalated_at=now)
    return near, late
