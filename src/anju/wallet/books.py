"""Where a wallet's money lies in the books."""

from uuid import UUID

from anju.ledger import actions as ledger
from anju.ledger.models import Rule
from anju.payments.actions import at_institution
from anju.payments.models import Through


def wallet(person: UUID) -> UUID:
    """What we mirror of a holder's account."""
    return ledger.open_account("wallet", Rule.CREDIT, holder=person)


def packet(person: UUID, thing: UUID) -> UUID:
    """What a holder has put into a red packet, and nobody has taken yet."""
    return ledger.open_account("packet", Rule.CREDIT, holder=person, thing=thing)


def custody() -> UUID:
    """What lies at the custodian altogether: holders' money and what was paid to us."""
    return at_institution(Through.WALLET)
