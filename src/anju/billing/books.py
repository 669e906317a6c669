"""Which accounts of the books fees lie on."""

from uuid import UUID

from anju.ledger import actions as ledger
from anju.ledger.models import Rule

SLOTS = 8
AHEAD = "fees_ahead"


def income(community: UUID) -> UUID:
    """What a community has taken in."""
    return ledger.open_account("fees", Rule.CREDIT, community=community, slots=SLOTS)


def ahead(community: UUID, home: UUID) -> UUID:
    """What a home has paid before it was asked to."""
    return ledger.open_account(AHEAD, Rule.CREDIT, community=community, thing=home)


def drawer(community: UUID, shift: UUID) -> UUID:
    """The cash of one shift."""
    return ledger.open_account("cash", Rule.DEBIT, community=community, thing=shift)


def terminal(community: UUID) -> UUID:
    """What card terminals have taken, until the bank pays it out."""
    return ledger.open_account("pos", Rule.DEBIT, community=community, slots=SLOTS)


def bank(community: UUID) -> UUID:
    """The community's account at its bank, as far as money has left it through here: what comes in there is not ours to count."""
    return ledger.open_account("bank", Rule.CREDIT, community=community, slots=SLOTS)
