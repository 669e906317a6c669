"""base64url without padding, as every message of docs/gate-protocol.md uses it."""

import base64


def encode(data: bytes) -> str:
    """The one text that stands for these bytes."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """The bytes; padding may be left out. Raises ValueError for foreign characters or loose bits at the end.

    Python's own decoder lets both pass, so that many texts would stand for one permit.
    """
    text = text.rstrip("=")
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError as error:
        raise ValueError("not base64url") from error
    if encode(data) != text:
        raise ValueError("not canonical base64url")
    return data
