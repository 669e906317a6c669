"""Where the money of a payment comes from in the books, where it is not only what lies with an institution: rooms above say."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from anju.payments.models import Payment, Refund, Through


@dataclass(frozen=True)
class Source:
    """All are told inside the transaction that books it. paid: before the payment is booked. closed: nobody pays it any more.
    returned: after a refund is booked. offered: whether this person can pay this way.
    """

    through: Through
    offered: Callable[[UUID], bool]
    paid: Callable[[Payment], None]
    closed: Callable[[Payment], None]
    returned: Callable[[Refund], None]

    def __post_init__(self) -> None:
        if self.through in SOURCES:
            raise ValueError(f"two sources for {self.through}")
        SOURCES[self.through] = self


SOURCES: dict[Through, Source] = {}
