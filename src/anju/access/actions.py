"""What changes who may come in: grants follow memberships, consents, phone keys and faces."""

import hashlib
import json
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.db.models import DateTimeField
from django.db.models.fields.json import KT
from django.db.models.functions import Cast
from django.dispatch import receiver
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.access import sources
from anju.access.models import Entry, Face, Gate, Grant, PhoneKey, RegistrationCode
from anju.access.purposes import FACE_AT_GATE, FACE_OPENING, GATE_OPENING
from anju.grants import phone_keys
from anju.homes.actions import membership_changed, require_duty
from anju.homes.duties import KEEP_GATES
from anju.homes.models import Member
from anju.homes.purposes import HOME_CERTIFICATION
from anju.people.models import Person
from anju.privacy import audit, consent, scope
from anju.privacy.models import AuditEntry, new_id
from anju.privacy.refusals import Refused

CODE_LASTS = timedelta(minutes=15)
_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # no I, O, 0, 1: read aloud and typed at a gate
MOST_KEYS = 5


# --- grants -----------------------------------------------------------------------------------------------------------


_CHANGE = """
update access_grant held set payload = said.payload, gone = said.gone, rev = held.rev + 1
from unnest(%s::uuid[], %s::jsonb[], %s::bool[]) as said (id, payload, gone) where held.id = said.id
"""


@transaction.atomic
def refresh(person: UUID, community: UUID, *, tell: bool = True) -> set[UUID]:
    """Bring this person's grants at every gate of the community in line with what holds now, and tell the gates that differ.

    tell: whether a job is to tell them; who brings much in line tells for all of it. Returns the gates that differ.
    """
    from anju.access.tasks import review_look_alikes, tell_gates  # the task module imports Django's app registry

    with scope.person(person, [community]):
        # One at a time for each person, and locked before looking: what was read before a withdrawal must not be written after it.
        Person.objects.select_for_update(no_key=True).filter(pk=person).values_list("pk").first()
        offers = sources.offered(person, community)
        held = {
            (grant.gate_id, grant.source): grant
            for grant in Grant.objects.select_for_update().filter(person=person, community=community)
        }
        holder = next((grant.holder for grant in held.values()), None) or new_id()
        flagged = {face["rev"] for grant in held.values() if (face := grant.payload.get("face")) and face["strict"]}
        gates = list(Gate.objects.filter(community=community, registered_at__isnull=False))
        wanted = {(gate.pk, offer.source): offer.payload(gate) for gate in gates for offer in offers if offer.at(gate)}
        new: list[Grant] = []
        other: list[Grant] = []
        for place in wanted.keys() | held.keys():
            grant, payload = held.get(place), wanted.get(place)
            if grant is None:
                gate_id, source = place
                new.append(
                    Grant(
                        community_id=community,
                        gate_id=gate_id,
                        person_id=person,
                        source=source,
                        holder=holder,
                        payload=payload,
                    )
                )
            elif (grant.payload if not grant.gone else None) != payload:
                grant.payload, grant.gone = payload or {}, payload is None
                other.append(grant)
        Grant.objects.bulk_create(new)
        if other:
            payloads = [json.dumps(one.payload) for one in other]
            with connection.cursor() as cursor:
                cursor.execute(_CHANGE, [[one.pk for one in other], payloads, [one.gone for one in other]])
        changed = {grant.gate_id for grant in (*new, *other)}
        if tell:
            tell_gates(changed)
        if flagged and not any(offer.face and offer.face.rev in flagged for offer in offers):
            review_look_alikes.defer(community=str(community))
        return changed


@transaction.atomic
def refresh_everywhere(person: UUID) -> None:
    """`refresh` in every community where this person lives, will live or still holds a grant."""
    from anju.access.tasks import tell_gates  # as above

    with scope.person(person):
        held = set(Grant.objects.filter(person=person).values_list("community_id", flat=True))
        places = held | set(Member.objects.filter(person=person).lasting().values_list("community_id", flat=True))
    tell_gates({gate for community in places for gate in refresh(person, community, tell=False)})


def outlived() -> list[tuple[UUID, UUID]]:
    """Persons and communities whose grants have run out: their templates lie at gates that no longer need them."""
    with scope.platform():
        ends = Cast(KT("payload__until"), DateTimeField())
        past = Grant.objects.filter(gone=False).annotate(ends=ends).filter(ends__lte=timezone.now())
        return list(past.values_list("person_id", "community_id").distinct())


@receiver(membership_changed)
def _follow(person: UUID, community: UUID, **_options: Any) -> None:  # Any: the signal's own arguments
    from anju.access.tasks import compare_face  # as above

    refresh(person, community)
    with scope.person(person):
        if Face.objects.filter(
            person=person
        ).exists():  # enrolled before moving here: nobody has looked for a look-alike
            compare_face.defer(person=str(person))


for _purpose in (HOME_CERTIFICATION, GATE_OPENING, FACE_OPENING, FACE_AT_GATE):
    consent.on_withdrawal(_purpose)(refresh_everywhere)
    consent.on_restriction(_purpose)(refresh_everywhere)


@consent.on_withdrawal(FACE_AT_GATE)
@consent.on_withdrawal(FACE_OPENING)
def _forget_entries(person: UUID) -> None:
    """Entries are kept for the phone's sake (and go with it) or for the face's."""
    if not any(consent.granted(person, one) for one in (GATE_OPENING, FACE_OPENING, FACE_AT_GATE)):
        Entry.objects.filter(person=person).delete()


# --- phone keys -------------------------------------------------------------------------------------------------------


@transaction.atomic
def add_key(person: Person, public: bytes, label: str) -> PhoneKey:
    """Register the public half of a phone's key (65-byte uncompressed P-256 point). Raises Refused."""
    consent.require(person.pk, GATE_OPENING)
    if not phone_keys.is_public_key(public):
        raise Refused("bad_key", _("这部手机生成的密钥无效，请重新打开页面后再试。"), field="public")
    if PhoneKey.objects.filter(person=person).count() >= MOST_KEYS:
        raise Refused(
            "too_many_keys", _("最多登记 %(count)s 部手机，请先移除不用的。") % {"count": MOST_KEYS}, status=409
        )
    try:
        with transaction.atomic():
            key = PhoneKey.objects.create(person=person, public=public, label=label.strip()[:60] or None)
    except IntegrityError as error:
        raise Refused(
            "known_key", _("这部手机已经登记过了；如果换了账号，请先在原来的账号里移除它。"), status=409
        ) from error
    refresh_everywhere(person.pk)
    return key


@transaction.atomic
def remove_key(person: Person, key: UUID) -> None:
    """This phone's QR codes stop working at every gate. Raises Refused."""
    gone, _rows = PhoneKey.objects.filter(person=person, pk=key).delete()
    if not gone:
        raise Refused("unknown_key", _("没有找到这部手机，它可能已被移除，请刷新页面。"), status=404)
    refresh_everywhere(person.pk)


# --- gates ------------------------------------------------------------------------------------------------------------


def _digest(code: str) -> bytes:
    plain = "".join(letter for letter in code.upper() if letter.isalnum())
    return hashlib.sha256(plain.encode()).digest()


@transaction.atomic
def make_code(gate: Gate, *, staff: Person | None) -> str:
    """A one-time registration code for this gate, shown once. `staff` None: the command line. Raises Refused."""
    if staff is not None:
        require_duty(staff, gate.community_id, *KEEP_GATES.duties)
    letters = "".join(secrets.choice(_ALPHABET) for _ in range(8))
    RegistrationCode.objects.filter(gate=gate, used_at__isnull=True).delete()
    RegistrationCode.objects.create(
        community_id=gate.community_id, gate=gate, digest=_digest(letters), expires_at=timezone.now() + CODE_LASTS
    )
    audit.record(AuditEntry.Action.GATE, gate, actor=staff.pk if staff else None, reason="registration_code")
    return f"{letters[:4]}-{letters[4:]}"


@transaction.atomic
def register(code: str, *, nkey: str, box_key: bytes, version: str) -> Gate:
    """A device proves with its code that it is this gate, and hands in its public keys. Raises Refused; a bad code changes nothing."""
    from anju.access import gate_link
    from anju.access.tasks import have_everybody_told  # as above

    refusal = Refused("bad_code", _("接入码无效、已使用或已过期，请在控制台重新生成。"), status=403, field="code")
    if not gate_link.is_user_key(nkey) or len(box_key) != 32:
        raise Refused("bad_key", _("门禁的公钥格式不对，请升级门禁程序后重试。"), field="nkey")
    with scope.platform():
        found = RegistrationCode.objects.select_for_update().filter(digest=_digest(code), used_at__isnull=True).first()
        if found is None or found.expires_at < timezone.now():
            raise refusal
        found.used_at = timezone.now()
        found.save(update_fields=["used_at"])
        gate = found.gate
        former = gate.nkey
        if Gate.objects.filter(nkey=nkey).exclude(pk=gate.pk).exists():
            raise Refused("known_key", _("这台设备已接入为另一个门禁，请先清除它的数据。"), status=409, field="nkey")
        gate.nkey, gate.box_key, gate.version, gate.registered_at = nkey, box_key, version[:40], timezone.now()
        gate.applied = 0
        gate.save(update_fields=["nkey", "box_key", "version", "registered_at", "applied"])
        Grant.objects.filter(gate=gate).delete()  # a new device starts from nothing
        have_everybody_told(gate.community_id)
        # The bus last: a roll-back undoes nothing there.
        if former and former != nkey:
            gate_link.lock_out(former)
        gate_link.make_consumer(gate.pk)
    return gate


def run_gate(gate: Gate, mode: str) -> int:
    """Write down how a gate is to be run from now on; its settings say so. Returns the order's number, above any it has seen.

    It follows the clock as well, so that a database brought back from a backup still counts on.
    """
    gate.mode = mode
    gate.mode_number = max(gate.mode_number + 1, int(timezone.now().timestamp() * 1000))
    gate.save(update_fields=["mode", "mode_number"])
    return gate.mode_number


_APPLY = """
update access_gate gate set seen_at = clock_timestamp(), applied = said.applied, version = said.version, report = said.report
from unnest(%s::uuid[], %s::bigint[], %s::text[], %s::jsonb[]) as said (id, applied, version, report) where gate.id = said.id
"""


def apply_state(gate_id: UUID, state: dict[str, Any]) -> None:
    """Take in a gate's health message. That it has applied an end is its word only: erasures.py looks for itself.

    Raises ValueError, TypeError or OverflowError.
    """
    apply_states({gate_id: Health.read(state)})


@dataclass(frozen=True)
class Health:
    """What a gate says of itself. report: what a console page can show."""

    applied: int
    version: str
    report: dict[str, Any]

    @classmethod
    def read(cls, state: dict[str, Any]) -> "Health":
        """Raises ValueError, TypeError or OverflowError: a gate may say anything."""
        applied = int(state.get("applied", 0))
        if not 0 <= applied < 2**63:
            raise ValueError("no place in a stream")
        return cls(applied, str(state.get("version", ""))[:40].replace("\0", ""), _report(state))


def apply_states(states: Mapping[UUID, Health]) -> None:
    """Take in what many gates say, in one statement."""
    health = states.values()
    reports = [json.dumps(one.report) for one in health]
    with scope.platform(), connection.cursor() as cursor:
        cursor.execute(
            _APPLY, [list(states), [one.applied for one in health], [one.version for one in health], reports]
        )


def _report(state: dict[str, Any]) -> dict[str, Any]:
    """What a console page can show: a gate may say anything. Raises ValueError, TypeError or OverflowError."""
    kinds = {
        "at": str,
        "door": str,
        "grants": int,
        "templates": int,
        "queued": int,
        "offset_ms": int,
        "mode": str,
        "store": str,
        "lift": str,
    }
    report = {name: kind(state[name]) for name, kind in kinds.items() if name in state}
    if any(len(str(said)) > 40 for said in report.values()):
        raise ValueError("too long")
    return report


@transaction.atomic
def set_anew(gate: Gate) -> None:
    """A gate is another kind of gate from now on: it is told so, and everybody's rights there are brought in line."""
    from anju.access import gate_link
    from anju.access.tasks import have_everybody_told  # as above

    have_everybody_told(gate.community_id)

    def tell() -> None:
        with suppress(Refused):  # it asks at its next connection
            gate_link.set_anew(gate.pk)

    transaction.on_commit(tell)
