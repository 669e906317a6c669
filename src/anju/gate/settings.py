"""What the platform has set this gate to (docs/gate-protocol.md)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from anju.grants import encoding, marks


@dataclass(frozen=True)
class Settings:
    """tag_key: what plates and cards are tagged with. more: what rooms of the platform tell the parts of this gate, by name."""

    name: str = ""
    kind: str = "door"
    direction: str = "both"
    tag_key: bytes = b""
    more: Mapping[str, Any] = field(default_factory=dict)  # Any: JSON, read by the part it is for

    @classmethod
    def of(cls, said: bytes | None) -> "Settings":
        """Raises ValueError when it is not what the protocol says. None: nothing was said yet."""
        if said is None:
            return cls()
        try:
            found: dict[str, Any] = json.loads(said)
            return cls(
                name=str(found["name"]),
                kind=str(found["kind"]),
                direction=str(found["direction"]),
                tag_key=encoding.decode(found["tag_key"]),
                more=found,
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError("not settings") from error

    def tag(self, mark: str) -> str:
        """What stands for this mark at this gate; before the platform has said anything, nothing does."""
        return marks.tag(self.tag_key, mark) if self.tag_key else ""
