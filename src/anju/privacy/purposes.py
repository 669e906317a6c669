"""What personal data is for. A purpose is asked for by itself, versioned, and can be taken back by itself."""

from dataclasses import dataclass, field
from enum import StrEnum

from anju.privacy.refusals import Text


class Basis(StrEnum):
    """Why the law lets us process it (PIPL Art. 13)."""

    CONSENT = "consent"
    SEPARATE_CONSENT = "separate_consent"
    LAW = "law"
    CONTRACT = "contract"


class Audience(StrEnum):
    """Who is asked. Children: their guardians, and never those who decide for themselves. Visitors: by the link they were sent.

    Nobody: a contract that one has, or the law, needs it; the policy says so.
    """

    RESIDENTS = "residents"
    CHILDREN = "children"
    VISITORS = "visitors"
    NOBODY = "nobody"


@dataclass(frozen=True)
class Purpose:
    """version rises when what a person agreed to changes: then they are asked again.

    needs: purposes without which this one cannot work. stops: what a person loses on withdrawal, said before they do it.
    """

    code: str
    title: Text
    text: Text
    basis: Basis
    version: int
    optional: bool
    needs: tuple["Purpose", ...] = ()
    stops: tuple[Text, ...] = field(default=())
    asked_of: Audience = Audience.RESIDENTS

    def __post_init__(self) -> None:
        if self.code in PURPOSES:
            raise ValueError(f"two purposes are called {self.code}")
        PURPOSES[self.code] = self


PURPOSES: dict[str, Purpose] = {}
"""Every purpose by code, in the order the rooms declare them."""
