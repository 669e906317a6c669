"""Handing cards out, and ending them."""

import re
from typing import Any
from uuid import UUID

from django.db import transaction
from django.dispatch import receiver
from django.utils.translation import gettext as _

from anju.access.actions import refresh, refresh_everywhere
from anju.cards.models import Card
from anju.cards.purposes import GATE_CARD
from anju.homes.actions import membership_changed, require_duty
from anju.homes.duties import KEEP_CARDS
from anju.homes.models import Member
from anju.people.models import Person
from anju.privacy import audit, consent, scope
from anju.privacy.models import AuditEntry
from anju.privacy.refusals import Refused
from anju.privacy.vault import vault

_NUMBER = re.compile(r"[0-9A-F]{4,20}")


def parse(text: str) -> str:
    """`04 a2-2b` -> `04A22B`, as readers say it. Raises Refused."""
    number = re.sub(r"[\s:-]", "", text).upper()
    if not _NUMBER.fullmatch(number):
        raise Refused("card_form", _("卡号由 4 到 20 位数字或 A 到 F 组成，请用发卡器读取。"), field="number")
    return number


def kind(community: UUID) -> str:
    """Under which kind of mark the vault leads from a card to its holder in this community."""
    return f"card.{community}"


@transaction.atomic
def issue(staff: Person, member: Member, number: str) -> Card:
    """Give a resident this card; the one they had before opens nothing any more. Raises Refused."""
    community, person = member.community_id, member.person_id
    require_duty(staff, community, *KEEP_CARDS.duties)
    read = parse(number)
    consent.hold(person)
    if not consent.granted(person, GATE_CARD):
        text = _("住户还没有同意使用门禁卡：请其在应用“我的 → 隐私与同意”里同意后再发卡。")
        raise Refused("card_consent", text, status=409)
    holder = vault().find(kind(community), read)
    if holder is not None and holder != person:
        raise Refused("card_taken", _("这张卡已发给其他住户，请先收回或换一张。"), status=409, field="number")
    with scope.community(community):
        made = Card.objects.filter(person=person, community=community).first()
        made = made or Card(community_id=community, person_id=person)
        made.number = read
        made.save()
    audit.record(AuditEntry.Action.GATE, made, actor=staff.pk, subject=person, reason="card_issued")
    vault().claim(kind(community), read, person)
    refresh(person, community)
    return made


@transaction.atomic
def take_back(staff: Person, card: Card) -> None:
    """Staff end a card: handed in, or not to be used any more. Raises Refused."""
    require_duty(staff, card.community_id, *KEEP_CARDS.duties)
    audit.record(AuditEntry.Action.GATE, card, actor=staff.pk, subject=card.person_id, reason="card_ended")
    _end(card)


@transaction.atomic
def lost(person: Person, card: UUID) -> None:
    """Its holder has lost it: it opens nothing from now on. Raises Refused."""
    found = Card.objects.filter(person=person, pk=card).first()
    if found is None:
        raise Refused("unknown_card", _("没有找到这张卡，可能已停用，请刷新页面。"), status=404)
    with scope.community(found.community_id):
        _end(found)


def _end(card: Card) -> None:
    person, community = card.person_id, card.community_id
    card.delete()
    vault().release(kind(community), person)
    refresh(person, community)


@receiver(membership_changed)
def _follow(person: UUID, community: UUID, **_options: Any) -> None:  # Any: the signal's own arguments
    """Who has left the community holds no card there: it may be handed to somebody else."""
    with scope.platform():
        held = Card.objects.filter(person=person, community=community).first()
        if held is not None and not Member.objects.lasting().filter(person=person, community=community).exists():
            _end(held)


@consent.before_erasure(GATE_CARD)
def _forget_marks(person: UUID) -> None:
    for community in Card.objects.filter(person=person).values_list("community_id", flat=True):
        vault().release(kind(community), person)


consent.on_withdrawal(GATE_CARD)(refresh_everywhere)
consent.on_restriction(GATE_CARD)(refresh_everywhere)
