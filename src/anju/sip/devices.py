"""A device's account: made, handed over once, and gone at once."""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.access.models import Gate
from anju.homes.models import Home, Member
from anju.installation.keyring import secret
from anju.intercom.purposes import INTERCOM
from anju.notices import actions as notices
from anju.notices.models import Notice
from anju.people.models import Person
from anju.privacy import audit, consent, scope
from anju.privacy.models import AuditEntry
from anju.privacy.refusals import Refused
from anju.sip import kamailio, place
from anju.sip.models import Kind, SipDevice

MOST_A_PERSON = 5
TICKET = timedelta(minutes=10)


@dataclass(frozen=True)
class Account:
    """What is typed into a device, shown once. ticket: the secret of the address that hands it over instead, once."""

    device: SipDevice
    password: str
    ticket: str | None = None


def ha1(username: str, password: str) -> str:
    """What the digest check needs (RFC 2617). MD5 is what the devices people own speak; of a random password it gives nothing away."""
    return hashlib.md5(f"{username}:{place.REALM}:{password}".encode(), usedforsecurity=False).hexdigest()


def _name(kind: Kind) -> str:
    """Random; a letter first, for some devices take digits for a telephone number."""
    return kind[0] + secrets.token_hex(6)


def _digest(ticket: str) -> bytes:
    return hashlib.sha256(ticket.encode()).digest()


@transaction.atomic
def add(person: Person, home: UUID, label: str, browser: bytes | None = None) -> Account:
    """A softphone of one's own, which rings for this home until they sign out of this browser (its mark). Raises Refused."""
    consent.require(person.pk, INTERCOM)
    lives = Member.objects.living().filter(person=person, home=home, person__child__isnull=True).first()
    if lives is None:
        raise Refused("unknown_home", _("您没有这套房屋，请先完成房屋认证。"), status=404, field="home")
    if SipDevice.objects.filter(person=person).count() >= MOST_A_PERSON:
        raise Refused("too_many_devices", _("最多添加 5 台话机，请先删除不用的。"), status=409)
    ticket = secrets.token_urlsafe(24)
    facts: dict[str, Any] = {
        "person": person,
        "home_id": home,
        "label": label.strip()[:40] or "Linphone",
        "browser": browser,
    }
    with scope.community(lives.community_id):
        made = _make(lives.community_id, Kind.SOFTPHONE, ticket=_digest(ticket), **facts)
        audit.record(AuditEntry.Action.ADD, made.device, actor=person.pk, subject=person.pk, reason="sip_added")
    _tell_added(person)
    return Account(made.device, made.password, ticket)


def _tell_added(person: Person) -> None:
    """Who adds it may be somebody who holds this person's phone for a minute."""
    with notices.language_of(person):
        notices.tell(
            person,
            Notice.Kind.SECURITY,
            _("新增软电话"),
            _(
                "您的账号刚添加了一台软电话，门禁呼叫时它会响铃，接听后可以开门。如果不是您本人添加的，请到“来电 → 话机与软电话”删除它，并修改密码。"
            ),
        )


@transaction.atomic
def install(staff: Person, place_of: Home | Gate) -> Account:
    """A device on a wall, by staff who may: a home's station, or a door station at a gate."""
    with scope.community(place_of.community_id):
        if isinstance(place_of, Home):
            made = _make(place_of.community_id, Kind.STATION, home=place_of)
        else:
            made = _make(place_of.community_id, Kind.DOOR_STATION, gate=place_of)
        audit.record(AuditEntry.Action.ADD, made.device, actor=staff.pk, reason="sip_added")
    return made


@transaction.atomic
def renew(staff: Person, station: SipDevice) -> Account:
    """A new password for a device on a wall; with the former one it is nobody from now on."""
    password = secrets.token_urlsafe(18)
    with scope.community(station.community_id):
        station.ha1 = ha1(station.username, password)
        station.save(update_fields=["ha1"])
        audit.record(AuditEntry.Action.CHANGE, station, actor=staff.pk, reason="sip_renewed")
        drop([station.username])
    return Account(station, password)


@transaction.atomic
def take_down(staff: Person, station: SipDevice) -> None:
    """A device on a wall is there no more."""
    with scope.community(station.community_id):
        audit.record(AuditEntry.Action.DELETE, station, actor=staff.pk, reason="sip_removed")
        revoke([station])


def _make(community: UUID, kind: Kind, **facts: Any) -> Account:
    username, password = _name(kind), secrets.token_urlsafe(18)
    until = timezone.now() + TICKET if facts.get("ticket") else None
    made = SipDevice(community_id=community, kind=kind, username=username, ticket_until=until, **facts)
    made.ha1 = ha1(username, password)
    made.save()
    return Account(made, password)


@transaction.atomic
def hand_over(ticket: str) -> Account:
    """Whoever holds the ticket gets the account, once: with a new password, for the one shown before is kept nowhere. Raises Refused."""
    with scope.platform():
        found = SipDevice.objects.select_for_update(of=("self",)).filter(ticket=_digest(ticket)).first()
        if found is None or found.ticket_until is None or found.ticket_until < timezone.now():
            raise Refused("unknown_ticket", _("这个二维码已用过或已过期，请重新添加话机。"), status=404)
        password = secrets.token_urlsafe(18)
        found.ha1, found.ticket, found.ticket_until = ha1(found.username, password), None, None
        found.save(update_fields=["ha1", "ticket", "ticket_until"])
    return Account(found, password)


@transaction.atomic
def remove(person: Person, device: UUID) -> None:
    """Raises Refused."""
    found = SipDevice.objects.filter(person=person, pk=device).first()
    if found is None:
        raise Refused("unknown_device", _("没有找到这台话机，请刷新页面。"), status=404)
    with scope.community(found.community_id):
        audit.record(AuditEntry.Action.DELETE, found, actor=person.pk, subject=person.pk, reason="sip_removed")
        revoke([found])


def registered(station: SipDevice) -> bool:
    """Whether the SIP server knows where it is now."""
    return bool(kamailio.contacts(station.username))


def revoke(devices: Iterable[SipDevice]) -> None:
    """Gone: the next request gets 401, and nothing rings them."""
    names = [one.username for one in devices]
    SipDevice.objects.filter(username__in=names).delete()
    drop(names)


def drop(names: Iterable[str]) -> None:
    """When this transaction has ended, their registrations end."""
    for name in names:
        transaction.on_commit(lambda name=name: kamailio.forget(name))  # type: ignore[misc]


# --- gates ------------------------------------------------------------------------------------------------------------


def _gate_password(username: str) -> str:
    """A gate's is made from a secret of the platform and told again at every call: it is kept on no disk at the gate."""
    return hmac.new(secret("sip-gates"), username.encode(), hashlib.sha256).hexdigest()[:40]


def sip_for_gate(gate: Gate) -> dict[str, str]:
    """With what a gate's page calls a home's SIP devices beside the app; {} while there is no SIP server.

    The page INVITEs `to` with the header X-Anju-Call: who that is, the call says.
    """
    if not place.runs():
        return {}
    with scope.platform():
        found = SipDevice.objects.filter(gate=gate, kind=Kind.GATE).first()
        if found is None:
            name = _name(Kind.GATE)
            facts = {"username": name, "ha1": ha1(name, _gate_password(name)), "community_id": gate.community_id}
            found, _made = SipDevice.objects.get_or_create(gate=gate, kind=Kind.GATE, defaults=facts)
    return {
        "uri": f"sip:{found.username}@{place.REALM}",
        "password": _gate_password(found.username),
        "ws": place.ws(),
        "to": f"sip:home@{place.REALM}",
    }
