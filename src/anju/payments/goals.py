"""What is paid for: rooms above say where the money goes and what happens then."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from anju.payments.models import Payment, Refund


@dataclass(frozen=True)
class Goal:
    """kind: as payments name it. account: in the books, where the money goes. paid, returned, declined: told inside the transaction
    that books it. hold: takes the locks that these need, before the books take theirs, so that no two wait for each other.
    declined: an institution will not give it back. What is owed lies on `refunds_due` by then, until it has gone back otherwise
    (declined.py); `returned` is told then.

    A payment that comes late, or twice for one thing, is booked like any other: what to do with it is decided in `paid`.
    """

    kind: str
    account: Callable[[Payment], UUID]
    paid: Callable[[Payment], None]
    returned: Callable[[Refund], None]
    hold: Callable[[Payment], None] = lambda _payment: None
    declined: Callable[[Refund], None] = lambda _refund: None

    def __post_init__(self) -> None:
        if self.kind in GOALS:
            raise ValueError(f"two goals are called {self.kind}")
        GOALS[self.kind] = self


GOALS: dict[str, Goal] = {}
