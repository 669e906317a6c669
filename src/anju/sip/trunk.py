"""The line to the telephone network: which one a community has, what it may be used for, and what it has been used for today."""

import re
import secrets
from contextlib import suppress
from typing import Any
from uuid import UUID

import httpx
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.db import transaction
from django.db.models import F, Q, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.homes.models import Home
from anju.installation.keyring import secret
from anju.installation.ports import ports
from anju.people.models import Person
from anju.privacy import audit, consent, scope
from anju.privacy.models import AuditEntry
from anju.privacy.refusals import Refused
from anju.sip import place
from anju.sip.models import Spent, Trunk, Why
from anju.sip.purposes import INTERCOM_TELEPHONE

_NONCE = 12


def of(community: UUID) -> Trunk | None:
    """The community's own, or else the one for all that have none. None: no telephone is rung there."""
    with scope.platform():
        rows = Trunk.objects.filter(Q(community=community) | Q(community__isnull=True))
        found = rows.order_by(F("community").asc(nulls_last=True)).first()
    return None if found is None or found.off or not place.runs() else found


def running() -> list[Trunk]:
    """Those that are not switched off."""
    with scope.platform():
        return list(Trunk.objects.filter(off=False))


@transaction.atomic
def keep(trunk: Trunk, password: str, staff: Person) -> None:
    """Save what the operator has said. password: none: it stays as it is."""
    new = trunk._state.adding
    if password:
        nonce = secrets.token_bytes(_NONCE)
        trunk.password = nonce + _cipher().encrypt(nonce, password.encode(), trunk.pk.bytes)
    trunk.state, trunk.asked_at = 0, None
    trunk.save()
    audit.record(AuditEntry.Action.ADD if new else AuditEntry.Action.CHANGE, trunk, actor=staff.pk, reason="trunk")


@transaction.atomic
def remove(trunk: Trunk, staff: Person) -> None:
    audit.record(AuditEntry.Action.DELETE, trunk, actor=staff.pk, reason="trunk")
    trunk.delete()


def password(trunk: Trunk) -> str:
    """Raises ValueError when it does not open."""
    kept = bytes(trunk.password or b"")
    if not kept:
        return ""
    try:
        return _cipher().decrypt(kept[:_NONCE], kept[_NONCE:], trunk.pk.bytes).decode()
    except InvalidTag as error:
        raise ValueError("the trunk's password does not open") from error


def _cipher() -> AESGCM:
    return AESGCM(secret("trunk-passwords"))


def noted(trunk: UUID, status: int) -> None:
    """What the carrier said last, for the console."""
    with scope.platform():
        Trunk.objects.filter(pk=trunk).update(state=status, asked_at=timezone.now())


def allows(trunk: Trunk, number: str) -> bool:
    """Whether this number (E.164) may be called at all."""
    return re.fullmatch(r"\+[1-9][0-9]{6,14}", number) is not None and number.startswith(tuple(trunk.prefixes.split()))


def dialled(trunk: Trunk, number: str) -> str:
    """A number as this carrier wants it."""
    return number.removeprefix("+86") if trunk.dialled == Trunk.Dialled.NATIONAL else number


@transaction.atomic
def spend(trunk: Trunk, home: Home) -> Why | None:
    """One more call to a telephone of this home today; or why not."""
    with scope.platform():
        Trunk.objects.select_for_update().get(pk=trunk.pk)  # one at a time: a limit is a limit
        day = timezone.localdate()
        Spent.objects.filter(community=home.community_id, day__lt=day).delete()
        count, _made = Spent.objects.get_or_create(home=home, day=day, defaults={"community_id": home.community_id})
        spent = Spent.objects.filter(community=home.community_id, day=day).aggregate(times=Sum("times"))["times"]
        if spent >= trunk.community_day:
            return Why.COMMUNITY_DAY
        more = Spent.objects.filter(pk=count.pk, times__lt=trunk.home_day).update(times=F("times") + 1)
    return None if more else Why.HOME_DAY


# --- the line, which is another process (desk.py) -----------------------------------------------------------------------


def tell_line() -> None:
    """Something has changed: the carrier is looked at now, and not only at the next minute."""
    with suppress(httpx.HTTPError):
        _ask({})


def try_out(trunk: Trunk, who: Person) -> int:
    """Ring this person's own telephone. Returns what the carrier said first (RFC 3261, 21). Raises Refused."""
    consent.require(who.pk, INTERCOM_TELEPHONE)
    try:
        said = _ask({"trunk": str(trunk.pk), "person": str(who.pk)})
    except httpx.HTTPError:
        raise Refused("no_sip", _("SIP 服务没有运行，请先在服务器上运行 ./anju sip up。"), status=503) from None
    if "came" not in said:
        raise Refused("number_not_allowed", _("您账号的手机号没有验证，或不在这条线路允许拨打的号段内。"), status=409)
    return int(said["came"])


def _ask(asked: dict[str, str]) -> dict[str, Any]:  # Any: JSON
    there = f"http://127.0.0.1:{ports()['sip_desk']}/trunks"
    answer = httpx.get(there, params=asked, headers={place.HEADER: place.secret()}, timeout=45, trust_env=False)
    answer.raise_for_status()
    return dict(answer.json())


def next_hop(trunk: Trunk) -> str:
    """Where Kamailio sends what is for this carrier."""
    return f"sip:{trunk.host}:{trunk.port};transport={trunk.transport}"
